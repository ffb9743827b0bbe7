/* SPDX-License-Identifier: BSD-2-Clause */
#include "common.h"

void netra_boot_report(const struct netra_boot_progress *now,
		       struct netra_boot_progress *last,
		       netra_boot_callback *callback, void *context)
{
	struct netra_boot_status status = { .image_count = NETRA_IMAGE_COUNT };

	if (last->total_bytes && now->image != last->image &&
	    last->done_bytes < last->total_bytes) {
		status.image = netra_image_name(last->image);
		status.image_number = (uint32_t)last->image;
		status.done_bytes = last->total_bytes;
		status.total_bytes = last->total_bytes;
		callback(context, &status);
	}
	status.image = netra_image_name(now->image);
	status.image_number = (uint32_t)now->image;
	status.done_bytes = now->done_bytes;
	status.total_bytes = now->total_bytes;
	status.waiting_for = now->waiting_for;
	callback(context, &status);
	*last = *now;
}
