/* SPDX-License-Identifier: BSD-2-Clause */
/* Boards on the PCI bus, from sysfs; nothing is opened or touched. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/registers.h"
#include "netra.h"

#define DEVICES "/sys/bus/pci/devices"
#define ADDRESS_CHARS 12

static bool read_text(const char *address, const char *file, char *text,
		      size_t size)
{
	char path[128];
	FILE *f;
	bool got;

	snprintf(path, sizeof(path), DEVICES "/%.*s/%s", ADDRESS_CHARS, address,
		 file);
	f = fopen(path, "re");
	if (!f)
		return false;
	got = fgets(text, (int)size, f);
	fclose(f);
	return got;
}

static unsigned long read_number(const char *address, const char *file)
{
	char text[32];

	return read_text(address, file, text, sizeof(text)) ?
		       strtoul(text, NULL, 0) :
		       0;
}

static void read_link(const char *address, const char *file, char *text,
		      size_t size)
{
	char path[128], target[256];
	const char *slash;
	ssize_t n;

	text[0] = 0;
	snprintf(path, sizeof(path), DEVICES "/%.*s/%s", ADDRESS_CHARS, address,
		 file);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = 0;
	slash = strrchr(target, '/');
	snprintf(text, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
}

/* "resource" has a line "start end flags" for each BAR. */
static void read_bars(const char *address, uint64_t bytes[6])
{
	char path[128], line[128];
	FILE *f;

	snprintf(path, sizeof(path), DEVICES "/%.*s/resource", ADDRESS_CHARS,
		 address);
	f = fopen(path, "re");
	for (int i = 0; f && i < 6 && fgets(line, sizeof(line), f); i++) {
		unsigned long long start, end;

		if (sscanf(line, "%llx %llx", &start, &end) == 2 && end)
			bytes[i] = end - start + 1;
	}
	if (f)
		fclose(f);
}

static void judge(const char *address, struct netra_list_entry *entry)
{
	char group[32], path[64];
	const char *state = "ready";

	read_link(address, "iommu_group", group, sizeof(group));
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	if (entry->device_id == NETRA_DEVICE_UNPROGRAMMED)
		state = "its ROM has not run";
	else if (strcmp(entry->driver, "vfio-pci") != 0)
		state = "not bound to vfio-pci";
	else if (!group[0])
		state = "no IOMMU in use";
	else if (access(path, R_OK | W_OK))
		state = "no permission for its VFIO group";
	snprintf(entry->state, sizeof(entry->state), "%s", state);
}

static void describe(const char *address, struct netra_list_entry *entry)
{
	const struct netra_soc *soc = netra_soc_by_id(entry->device_id);
	char speed[32];

	snprintf(entry->name, sizeof(entry->name), "pci:%.*s", ADDRESS_CHARS,
		 address);
	snprintf(entry->soc, sizeof(entry->soc), "%s", soc ? soc->name : "");
	read_link(address, "driver", entry->driver, sizeof(entry->driver));
	read_bars(address, entry->bar_bytes);
	entry->link_width = (uint32_t)read_number(address, "current_link_width");
	/* "5.0 GT/s PCIe" */
	if (read_text(address, "current_link_speed", speed, sizeof(speed)))
		entry->link_mtps = (uint32_t)(strtod(speed, NULL) * 1000);
	judge(address, entry);
}

static int is_address(const struct dirent *entry)
{
	return strlen(entry->d_name) == ADDRESS_CHARS;
}

size_t netra_list(struct netra_list_entry *entries, size_t count)
{
	struct dirent **names;
	size_t found = 0;
	int n = scandir(DEVICES, &names, is_address, alphasort);

	for (int i = 0; i < n; i++) {
		const char *address = names[i]->d_name;
		struct netra_list_entry entry = {
			.vendor_id = (uint16_t)read_number(address, "vendor"),
			.device_id = (uint16_t)read_number(address, "device"),
		};

		if (entry.vendor_id == NETRA_VENDOR_TI &&
		    (netra_soc_by_id(entry.device_id) ||
		     entry.device_id == NETRA_DEVICE_UNPROGRAMMED)) {
			if (found < count) {
				describe(address, &entry);
				entries[found] = entry;
			}
			found++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}
