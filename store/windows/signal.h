/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_STORE_WINDOWS_SIGNAL_H
#define NETRA_STORE_WINDOWS_SIGNAL_H
#include_next <signal.h>
#include "posix.h"
#endif
