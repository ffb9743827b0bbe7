/* SPDX-License-Identifier: BSD-2-Clause */
/* bool for core/. */
#ifndef NETRA_LINUX_STDBOOL_H
#define NETRA_LINUX_STDBOOL_H

#include <linux/types.h>

#endif
