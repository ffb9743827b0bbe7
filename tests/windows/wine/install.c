/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * install-board.exe INF HARDWARE-ID: a device of that id, as the PCI bus would have
 * found it, and the INF's driver for it, by the ways that Windows has for both.
 * install-board.exe -r HARDWARE-ID removes the device again.
 */
#include <windows.h>
#include <setupapi.h>
#include <newdev.h>
#include <stdio.h>
#include <string.h>

/* "System": what the INF says, it is only the instance's name here. */
static const GUID class_guid = { 0x4d36e97d, 0xe325, 0x11ce, { 0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18 } };

static int fail(const char *what)
{
	fprintf(stderr, "%s: error %#lx\n", what, GetLastError());
	return 1;
}

static int install(const char *inf, const char *id)
{
	SP_DEVINFO_DATA device = { .cbSize = sizeof(device) };
	HDEVINFO set = SetupDiCreateDeviceInfoList(NULL, NULL);
	char ids[200] = "", path[MAX_PATH];
	BOOL reboot = FALSE;

	snprintf(ids, sizeof(ids) - 1, "%s", id);	/* ends with two zeros */
	if (set == INVALID_HANDLE_VALUE ||
	    !SetupDiCreateDeviceInfoA(set, "Root\\Netra\\0000", &class_guid, NULL, NULL, 0, &device) ||
	    !SetupDiSetDeviceRegistryPropertyA(set, &device, SPDRP_HARDWAREID, (BYTE *)ids,
					       (DWORD)strlen(ids) + 2) ||
	    !SetupDiCallClassInstaller(DIF_REGISTERDEVICE, set, &device))
		return fail("the device");
	SetupDiDestroyDeviceInfoList(set);
	if (!GetFullPathNameA(inf, sizeof(path), path, NULL))
		return fail(inf);
	if (!UpdateDriverForPlugAndPlayDevicesA(NULL, id, path, INSTALLFLAG_FORCE, &reboot))
		return fail("the driver");
	return 0;
}

static int remove_device(const char *id)
{
	HDEVINFO set = SetupDiGetClassDevsA(NULL, NULL, NULL, DIGCF_ALLCLASSES);
	SP_DEVINFO_DATA device = { .cbSize = sizeof(device) };

	for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &device); i++) {
		char ids[200] = "";

		SetupDiGetDeviceRegistryPropertyA(set, &device, SPDRP_HARDWAREID, NULL, (BYTE *)ids,
						  sizeof(ids) - 2, NULL);
		if (!strcmp(ids, id))
			return SetupDiCallClassInstaller(DIF_REMOVE, set, &device) ? 0 : fail(id);
	}
	return fail("no such device");
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: install-board INF ID | install-board -r ID\n");
		return 2;
	}
	return strcmp(argv[1], "-r") ? install(argv[1], argv[2]) : remove_device(argv[2]);
}
