/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a decision-maker asks its driver to do next. Boot, attach and recovery
 * speak this one vocabulary, so a driver has one executor: it carries out the
 * action, and passes the value read (0 if none) to the next call.
 */
#ifndef NETRA_ACTION_H
#define NETRA_ACTION_H

#include <stdint.h>

enum netra_action_kind {
	NETRA_ACT_REG_READ,	/* value = BAR0[offset] */
	NETRA_ACT_REG_WRITE,	/* BAR0[offset] = value */
	NETRA_ACT_BAR_READ,	/* value = BAR[bar][offset], 32 bits, uncached */
	NETRA_ACT_BAR_WRITE,	/* BAR[bar][offset] = value, 32 bits, uncached */
	NETRA_ACT_UPLOAD,	/* copy length bytes of image from image_offset to
				 * BAR[bar][offset], drain write combining, and
				 * read the last word back: value = 1 if it
				 * matches, else 0 */
	NETRA_ACT_WAIT,		/* sleep until time wait_until_ns */
	NETRA_ACT_DONE,		/* finished well */
	NETRA_ACT_FAILED,	/* finished badly; the machine says why */
};

enum netra_image {
	NETRA_IMAGE_UBOOT,
	NETRA_IMAGE_SCRIPT,
	NETRA_IMAGE_KERNEL,
	NETRA_IMAGE_RAMDISK,
	NETRA_IMAGE_COUNT
};

struct netra_action {
	enum netra_action_kind kind;
	uint32_t bar;
	uint32_t offset;
	uint32_t value;
	enum netra_image image;
	uint32_t image_offset;
	uint32_t length;
	uint64_t wait_until_ns;
};

#endif
