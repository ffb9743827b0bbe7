/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_DIRENT_H
#define NETRA_STORE_WINDOWS_DIRENT_H
#include "posix.h"
#endif
