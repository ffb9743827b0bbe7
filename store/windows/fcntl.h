/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_FCNTL_H
#define NETRA_STORE_WINDOWS_FCNTL_H
#include_next <fcntl.h>
#include "posix.h"
#endif
