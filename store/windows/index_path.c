/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/index_internal.h"

#include "posix.h"

/* A folder that is held open keeps its name here. */
bool netra_index_path(int folder, const char *name, char *path, size_t size)
{
	size_t length;

	if (!nt_folder_path(folder, path, size))
		return false;
	length = strlen(path);
	return (size_t)snprintf(path + length, size - length, "\\%s", name) <
	       size - length;
}
