/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boards on the PCI bus, from sysfs; none is changed, and only those of the
 * kernel's driver are opened, to ask for their state.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/registers.h"
#include "kernel.h"
#include "netra.h"
#include "pci_sysfs.h"

#define DEVICES "/sys/bus/pci/devices"
#define ADDRESS_CHARS 12

static bool read_text(const char *address, const char *file, char *text,
		      size_t size)
{
	FILE *f = netra_pci_open(address, file);
	bool got;

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

/* "resource" has a line "start end flags" for each BAR. */
static void read_bars(const char *address, uint64_t bytes[6])
{
	FILE *f = netra_pci_open(address, "resource");
	char line[128];

	for (int i = 0; f && i < 6 && fgets(line, sizeof(line), f); i++) {
		unsigned long long start, end;

		if (sscanf(line, "%llx %llx", &start, &end) == 2 && end)
			bytes[i] = end - start + 1;
	}
	if (f)
		fclose(f);
}

static void read_link(const char *address, struct netra_list_entry *entry)
{
	char speed[32];

	entry->link_width = (uint32_t)read_number(address, "current_link_width");
	/* "5.0 GT/s PCIe" */
	if (read_text(address, "current_link_speed", speed, sizeof(speed)))
		entry->link_mtps = (uint32_t)(strtod(speed, NULL) * 1000);
}

/* In the order in which they must be mended. */
static const char *judge(const char *address,
			 const struct netra_list_entry *entry)
{
	char group[32], path[64];

	netra_pci_link(address, "iommu_group", group, sizeof(group));
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	if (entry->device_id == NETRA_DEVICE_UNPROGRAMMED)
		return "its ROM has not run";
	if (!group[0])
		return "no IOMMU in use";
	if (strcmp(entry->driver, "vfio-pci") != 0)
		return "not bound to vfio-pci";
	if (access(path, R_OK | W_OK))
		return "no permission for its VFIO group";
	return "ready";
}

static int is_node(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "netra", 5);
}

/* The node that the kernel's own driver made for it. */
static bool find_node(const char *address, char *path, size_t size)
{
	struct dirent **names;
	char folder[80];
	int n;

	snprintf(folder, sizeof(folder), DEVICES "/%.16s/netra_control", address);
	n = scandir(folder, &names, is_node, alphasort);
	if (n > 0)
		snprintf(path, size, "/dev/%.32s", names[0]->d_name);
	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
	return n > 0;
}

static const char *judge_node(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct netra_ioc_status status;
	bool answers;

	if (fd < 0)
		return errno == EACCES ? "no permission for its node" :
					 "its node cannot be opened";
	answers = netra_kernel_state(fd, &status);
	close(fd);
	if (!answers)
		return "its driver is of another version";
	return netra_board_state_name((enum netra_board_state)status.state);
}

static void describe(const char *address, struct netra_list_entry *entry)
{
	const struct netra_soc *soc = netra_soc_by_id(entry->device_id);
	const char *state = "does not answer on the bus";

	snprintf(entry->name, sizeof(entry->name), "pci:%.*s", ADDRESS_CHARS,
		 address);
	snprintf(entry->soc, sizeof(entry->soc), "%s", soc ? soc->name : "");
	netra_pci_link(address, "driver", entry->driver, sizeof(entry->driver));
	read_bars(address, entry->bar_bytes);
	if (netra_pci_answers(address)) {
		read_link(address, entry);
		state = strcmp(entry->driver, "netra") ?
				judge(address, entry) :
				"its driver has made no node";
	}
	if (find_node(address, entry->name, sizeof(entry->name)))
		state = judge_node(entry->name);
	snprintf(entry->state, sizeof(entry->state), "%s", state);
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
