/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boards on this machine: those of the driver, which are asked for their state,
 * and those on the PCI bus that another driver has, or none.
 */
#include <windows.h>
#include <setupapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "windows_board.h"

#define BOARDS_MAX 64

static const char *state_of(const char *name, struct netra_ioc_status *status)
{
	HANDLE file = CreateFileA(name, GENERIC_READ,
				  FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				  OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
	DWORD code;

	memset(status, 0, sizeof(*status));
	if (file == INVALID_HANDLE_VALUE) {
		code = GetLastError();
		if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
			return NULL;
		return code == ERROR_ACCESS_DENIED ? "no permission for it" :
						     "it cannot be opened";
	}
	code = netra_windows_look(file, status);
	CloseHandle(file);
	if (code)
		return "its driver is of another version";
	return netra_board_state_name((enum netra_board_state)status->state);
}

static bool describe(unsigned int number, struct netra_list_entry *entry)
{
	struct netra_ioc_status status;
	const char *state;

	memset(entry, 0, sizeof(*entry));
	snprintf(entry->name, sizeof(entry->name), "\\\\.\\Netra%u", number);
	state = state_of(entry->name, &status);
	if (!state)
		return false;
	entry->vendor_id = status.vendor_id;
	entry->device_id = status.device_id;
	snprintf(entry->soc, sizeof(entry->soc), "%.15s", status.soc);
	snprintf(entry->driver, sizeof(entry->driver), "netra");
	memcpy(entry->bar_bytes, status.bar_bytes, sizeof(entry->bar_bytes));
	entry->link_width = status.link_width;
	entry->link_mtps = status.link_mtps;
	snprintf(entry->state, sizeof(entry->state), "%s", state);
	return true;
}

static bool property(HDEVINFO set, SP_DEVINFO_DATA *device, DWORD which,
		     void *value, DWORD bytes)
{
	memset(value, 0, bytes);
	return SetupDiGetDeviceRegistryPropertyA(set, device, which, NULL, value,
						 bytes - 1, NULL);
}

/* A board on the PCI bus that is not our driver's: no name opens it. */
static bool other(HDEVINFO set, SP_DEVINFO_DATA *device,
		  struct netra_list_entry *entry)
{
	unsigned int vendor, id;
	const struct netra_soc *soc;
	DWORD bus, address;
	char ids[256];

	memset(entry, 0, sizeof(*entry));
	if (!property(set, device, SPDRP_HARDWAREID, ids, sizeof(ids)) ||
	    sscanf(ids, "PCI\\VEN_%4x&DEV_%4x", &vendor, &id) != 2 ||
	    vendor != NETRA_VENDOR_TI)
		return false;
	soc = netra_soc_by_id((uint16_t)id);
	if (!soc && id != NETRA_DEVICE_UNPROGRAMMED)
		return false;
	property(set, device, SPDRP_SERVICE, entry->driver, sizeof(entry->driver));
	if (!_stricmp(entry->driver, "netra"))
		return false;
	if (!SetupDiGetDeviceRegistryPropertyA(set, device, SPDRP_BUSNUMBER, NULL,
					       (BYTE *)&bus, sizeof(bus), NULL))
		bus = 0;
	if (!SetupDiGetDeviceRegistryPropertyA(set, device, SPDRP_ADDRESS, NULL,
					       (BYTE *)&address, sizeof(address), NULL))
		address = 0;
	snprintf(entry->name, sizeof(entry->name), "pci:%02lx:%02lx.%lx", bus,
		 address >> 16, address & 0xffff);
	entry->vendor_id = (uint16_t)vendor;
	entry->device_id = (uint16_t)id;
	snprintf(entry->soc, sizeof(entry->soc), "%s", soc ? soc->name : "");
	snprintf(entry->state, sizeof(entry->state), "%s",
		 !soc ? "its ROM has not run" :
		 entry->driver[0] ? "another driver has it" :
				    "no driver: install netra.inf");
	return true;
}

static void keep(const struct netra_list_entry *entry,
		 struct netra_list_entry *entries, size_t count, size_t *found)
{
	if (*found < count)
		entries[*found] = *entry;
	++*found;
}

size_t netra_list(struct netra_list_entry *entries, size_t count)
{
	SP_DEVINFO_DATA device = { .cbSize = sizeof(device) };
	struct netra_list_entry entry;
	size_t found = 0;
	HDEVINFO set;

	for (unsigned int i = 0; i < BOARDS_MAX; i++)
		if (describe(i, &entry))
			keep(&entry, entries, count, &found);
	set = SetupDiGetClassDevsA(NULL, "PCI", NULL,
				   DIGCF_ALLCLASSES | DIGCF_PRESENT);
	if (set == INVALID_HANDLE_VALUE)
		return found;
	for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &device); i++)
		if (other(set, &device, &entry))
			keep(&entry, entries, count, &found);
	SetupDiDestroyDeviceInfoList(set);
	return found;
}
