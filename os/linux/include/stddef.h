/* SPDX-License-Identifier: BSD-2-Clause */
/* NULL, offsetof and size_t for core/. */
#ifndef NETRA_LINUX_STDDEF_H
#define NETRA_LINUX_STDDEF_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
