/* SPDX-License-Identifier: BSD-2-Clause */
/* va_list for core/. */
#ifndef NETRA_LINUX_STDARG_H
#define NETRA_LINUX_STDARG_H

#include <linux/stdarg.h>

#endif
