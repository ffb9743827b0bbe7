/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of this folder. */
#ifndef NETRA_STORE_WINDOWS_POSIX_INTERNAL_H
#define NETRA_STORE_WINDOWS_POSIX_INTERNAL_H

#include <windows.h>
#include <stdbool.h>

#include "posix.h"

#define POSIX_NAME 1024u	/* characters of a path */

/** nt_errno() - What an error of Windows is to POSIX. */
int nt_errno(unsigned long code);

/** nt_failed() - Sets errno by GetLastError(). Return: -1. */
int nt_failed(void);

HANDLE nt_handle(int fd);

/** nt_describe() - fstat(). */
int nt_describe(HANDLE file, struct stat *st);

#endif
