/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_SYS_TYPES_H
#define NETRA_STORE_WINDOWS_SYS_TYPES_H
#include_next <sys/types.h>
#include "../posix.h"
#endif
