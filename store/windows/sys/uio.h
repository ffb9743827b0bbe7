/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_SYS_UIO_H
#define NETRA_STORE_WINDOWS_SYS_UIO_H
#include "../posix.h"
#endif
