/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "index_internal.h"

bool netra_index_path(int folder, const char *name, char *path, size_t size)
{
	return (size_t)snprintf(path, size, "/proc/self/fd/%d/%s", folder,
				name) < size;
}
