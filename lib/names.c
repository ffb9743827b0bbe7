/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of boards: one string everywhere. */
#include <stdio.h>
#include <string.h>

#include "names.h"

static const char help[] = "say /dev/netra0, pci:0000:03:00.0, vfio-user:PATH or emulated";

static void bad(struct name *name, const char *text)
{
	name->kind = NAME_BAD;
	snprintf(name->rest, sizeof(name->rest), "'%.64s' names no board: %s",
		 text, help);
}

static bool after(const char *text, const char *prefix, const char **rest)
{
	size_t n = strlen(prefix);

	if (strncmp(text, prefix, n) != 0)
		return false;
	*rest = text + n;
	return true;
}

static bool pci_address(const char *text, char *address, size_t size)
{
	unsigned int domain = 0, bus, device, function;
	int end = -1;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function,
		   &end) != 4 ||
	    end < 0 || text[end]) {
		end = -1;
		domain = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function,
			   &end) != 3 ||
		    end < 0 || text[end])
			return false;
	}
	if (device > 31 || function > 7)
		return false;
	snprintf(address, size, "%04x:%02x:%02x.%x", domain, bus, device,
		 function);
	return true;
}

void netra_name_parse(const char *text, struct name *name)
{
	const char *rest;

	name->rest[0] = 0;
	if (after(text, "pci:", &rest)) {
		name->kind = NAME_PCI;
		if (!pci_address(rest, name->rest, sizeof(name->rest)))
			bad(name, text);
		return;
	}
	if (after(text, "/dev/netra", &rest) && *rest) {
		name->kind = NAME_KERNEL;
		rest = text;
	} else if (after(text, "vfio-user:", &rest))
		name->kind = NAME_VFIO_USER;
	else if (after(text, "emulated:", &rest) ||
		 (after(text, "emulated", &rest) && !*rest))
		name->kind = NAME_EMULATED;
	else {
		bad(name, text);
		return;
	}
	if ((name->kind == NAME_VFIO_USER && !*rest) ||
	    strlen(rest) >= sizeof(name->rest)) {
		bad(name, text);
		return;
	}
	memcpy(name->rest, rest, strlen(rest) + 1);
}

int netra_name_option(const char **at, char *word, size_t size)
{
	const char *from = *at;
	size_t n = 2;

	while (*from == ',')
		from++;
	if (!*from)
		return 0;
	if (size < 3)
		return -1;
	memcpy(word, "--", 2);
	while (*from && *from != ',') {
		if (from[0] == '\\' && from[1] == ',')
			from++;
		if (n + 1 >= size)
			return -1;
		word[n++] = *from++;
	}
	word[n] = 0;
	*at = from;
	return 1;
}
