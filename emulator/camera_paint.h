/* SPDX-License-Identifier: BSD-2-Clause */
/* Colours and shapes for the synthetic cameras. All drawing is clipped. */
#ifndef NETRA_CAMERA_PAINT_H
#define NETRA_CAMERA_PAINT_H

#include "camera_draw.h"

#define GLYPH_WIDTH	8
#define GLYPH_HEIGHT	16

struct colour {
	uint8_t y, u, v;
};

struct area {
	int32_t x, y, width, height;
};

/* Hue in degrees, the others 0..1; BT.601, limited range. */
struct colour netra_colour(float hue, float saturation, float value);

void netra_fill(const struct netra_picture *picture, struct area area,
		struct colour colour);

/* Mix a shade of black in: @light of 256 remains. */
void netra_darken(const struct netra_picture *picture, struct area area,
		  uint32_t light);

void netra_disc(const struct netra_picture *picture, int32_t x, int32_t y,
		int32_t radius, struct colour colour);

void netra_copy_area(const struct netra_picture *to,
		     const struct netra_picture *from, struct area area);

/* Each pixel of the 8 x 16 font becomes @scale x @scale pixels. */
void netra_text(const struct netra_picture *picture, int32_t x, int32_t y,
		int32_t scale, struct colour colour, const char *text);

#endif
