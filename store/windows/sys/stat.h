/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_SYS_STAT_H
#define NETRA_STORE_WINDOWS_SYS_STAT_H
#include_next <sys/stat.h>
#include "../posix.h"
#endif
