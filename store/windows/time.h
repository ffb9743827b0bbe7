/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_TIME_H
#define NETRA_STORE_WINDOWS_TIME_H
#include_next <time.h>
#include "posix.h"
#endif
