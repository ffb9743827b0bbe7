/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_STDIO_H
#define NETRA_STORE_WINDOWS_STDIO_H
#include_next <stdio.h>
#include "posix.h"
#endif
