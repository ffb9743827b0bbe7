/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI devices in sysfs. Source: Linux Documentation/PCI/sysfs-pci.rst. */
#include <string.h>
#include <unistd.h>

#include "pci_sysfs.h"

#define PATH_CHARS 160

static void path_of(const char *address, const char *file, char *path)
{
	snprintf(path, PATH_CHARS, "/sys/bus/pci/devices/%.64s/%.32s", address,
		 file);
}

FILE *netra_pci_open(const char *address, const char *file)
{
	char path[PATH_CHARS];

	path_of(address, file, path);
	return fopen(path, "re");
}

void netra_pci_link(const char *address, const char *link, char *name,
		    size_t size)
{
	char path[PATH_CHARS], target[256];
	const char *slash;
	ssize_t n;

	name[0] = 0;
	path_of(address, link, path);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = 0;
	slash = strrchr(target, '/');
	snprintf(name, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
}

bool netra_pci_exists(const char *address)
{
	char path[PATH_CHARS];

	path_of(address, "vendor", path);
	return !access(path, F_OK);
}

/*
 * By the link's width, which the system reads from the device: six bits, all
 * of them 1 for one that is not there. "config" would say the same, but waits
 * for a minute while the system tries to reset such a device.
 */
bool netra_pci_answers(const char *address)
{
	FILE *f = netra_pci_open(address, "current_link_width");
	unsigned int lanes = 0;
	bool got = f && fscanf(f, "%u", &lanes) == 1;

	if (f)
		fclose(f);
	return !got || lanes != 63;
}
