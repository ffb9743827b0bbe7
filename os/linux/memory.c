// SPDX-License-Identifier: BSD-2-Clause
/*
 * Keeps the memory of boards' windows while netra.ko is reloaded: what was
 * found in one piece may not be found again.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Window memory of netra, kept over its reloads");
MODULE_LICENSE("Dual BSD/GPL");
