/* SPDX-License-Identifier: BSD-2-Clause */
/* Boxes that files with fragments and plain ones share. */
#ifndef NETRA_MP4_COMMON_H
#define NETRA_MP4_COMMON_H

#include "mp4_box.h"

/** netra_mp4_time() - Seconds since 1904, as boxes have them; 0 = not said. */
uint64_t netra_mp4_time(int64_t unix_s);

/** netra_mp4_put_matrix() - Unity. */
void netra_mp4_put_matrix(struct netra_boxes *b);

/** netra_mp4_put_mvhd() - 8.2.2. */
void netra_mp4_put_mvhd(struct netra_boxes *b, uint64_t created,
			uint64_t duration);

/** netra_mp4_put_edts() - 8.6.6: one edit. */
void netra_mp4_put_edts(struct netra_boxes *b, uint64_t duration,
			int64_t media_start);

/** netra_mp4_put_mdhd() - 8.4.2, and hdlr (8.4.3). */
void netra_mp4_put_mdhd(struct netra_boxes *b, uint64_t created,
			uint64_t duration);

/** netra_mp4_put_vmhd() - 12.1.2, and dinf (8.7.1): this very file. */
void netra_mp4_put_vmhd(struct netra_boxes *b);

#endif
