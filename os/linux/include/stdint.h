/* SPDX-License-Identifier: BSD-2-Clause */
/* What core/ uses of <stdint.h>. */
#ifndef NETRA_LINUX_STDINT_H
#define NETRA_LINUX_STDINT_H

#include <linux/limits.h>
#include <linux/types.h>

#define INT32_MAX	S32_MAX
#define INT64_MAX	S64_MAX
#define UINT32_MAX	U32_MAX
#define INT64_C(x)	x ## LL
#define UINT64_C(x)	x ## ULL

#endif
