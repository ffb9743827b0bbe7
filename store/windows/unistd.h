/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_UNISTD_H
#define NETRA_STORE_WINDOWS_UNISTD_H
#include_next <unistd.h>
#include "posix.h"
#endif
