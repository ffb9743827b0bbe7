/* SPDX-License-Identifier: BSD-2-Clause */
/* Colours, shapes and the font of the synthetic cameras. Pure functions. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "camera_paint.h"

/* Bold digits and the few letters needed; the high bit is on the left. */
static const struct {
	char character;
	uint8_t row[GLYPH_HEIGHT];
} font[] = {
	{ '0', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x66, 0x66, 0x66,
		  0x66, 0x66, 0x66, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ '1', { 0x00, 0x00, 0x18, 0x38, 0x78, 0x18, 0x18, 0x18,
		  0x18, 0x18, 0x18, 0x18, 0x7e, 0x7e, 0x00, 0x00 } },
	{ '2', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x06, 0x06, 0x0c,
		  0x18, 0x30, 0x60, 0x60, 0x7e, 0x7e, 0x00, 0x00 } },
	{ '3', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x06, 0x06, 0x1c,
		  0x1c, 0x06, 0x06, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ '4', { 0x00, 0x00, 0x0c, 0x1c, 0x1c, 0x3c, 0x2c, 0x6c,
		  0x6c, 0x7f, 0x7f, 0x0c, 0x0c, 0x0c, 0x00, 0x00 } },
	{ '5', { 0x00, 0x00, 0x7e, 0x7e, 0x60, 0x60, 0x7c, 0x7e,
		  0x06, 0x06, 0x06, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ '6', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x60, 0x60, 0x7c,
		  0x7e, 0x66, 0x66, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ '7', { 0x00, 0x00, 0x7e, 0x7e, 0x06, 0x06, 0x0c, 0x0c,
		  0x18, 0x18, 0x30, 0x30, 0x30, 0x30, 0x00, 0x00 } },
	{ '8', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x66, 0x66, 0x3c,
		  0x3c, 0x66, 0x66, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ '9', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x66, 0x66, 0x7e,
		  0x3e, 0x06, 0x06, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ ':', { 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x18, 0x00,
		  0x00, 0x00, 0x18, 0x18, 0x00, 0x00, 0x00, 0x00 } },
	{ '.', { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		  0x00, 0x00, 0x00, 0x00, 0x18, 0x18, 0x00, 0x00 } },
	{ '#', { 0x00, 0x00, 0x00, 0x24, 0x24, 0x7e, 0x7e, 0x24,
		  0x24, 0x7e, 0x7e, 0x24, 0x24, 0x00, 0x00, 0x00 } },
	{ 'C', { 0x00, 0x00, 0x3c, 0x7e, 0x66, 0x60, 0x60, 0x60,
		  0x60, 0x60, 0x60, 0x66, 0x7e, 0x3c, 0x00, 0x00 } },
	{ 'A', { 0x00, 0x00, 0x18, 0x3c, 0x3c, 0x66, 0x66, 0x66,
		  0x7e, 0x7e, 0x66, 0x66, 0x66, 0x66, 0x00, 0x00 } },
	{ 'M', { 0x00, 0x00, 0xc6, 0xee, 0xee, 0xfe, 0xfe, 0xd6,
		  0xd6, 0xc6, 0xc6, 0xc6, 0xc6, 0xc6, 0x00, 0x00 } },
};

struct colour netra_colour(float hue, float saturation, float value)
{
	float rgb[3];

	for (int i = 0; i < 3; i++) {
		/* Red, green and blue are 120 degrees apart. */
		float k = fmodf(hue / 60 + (float)(5 - 2 * i) + 6, 6);
		float fall = fminf(k, 4 - k);

		fall = fmaxf(0, fminf(1, fall));
		rgb[i] = value - value * saturation * fall;
	}
	return (struct colour){
		.y = (uint8_t)(16.5f + 65.5f * rgb[0] + 128.6f * rgb[1] +
			       25.0f * rgb[2]),
		.u = (uint8_t)(128.5f - 37.8f * rgb[0] - 74.2f * rgb[1] +
			       112.0f * rgb[2]),
		.v = (uint8_t)(128.5f + 112.0f * rgb[0] - 93.8f * rgb[1] -
			       18.2f * rgb[2]),
	};
}

static struct area clip(const struct netra_picture *picture, struct area a)
{
	int32_t width = (int32_t)picture->width;
	int32_t height = (int32_t)picture->height;

	if (a.x < 0) {
		a.width += a.x;
		a.x = 0;
	}
	if (a.y < 0) {
		a.height += a.y;
		a.y = 0;
	}
	if (a.width > width - a.x)
		a.width = width - a.x;
	if (a.height > height - a.y)
		a.height = height - a.y;
	if (a.width < 0 || a.height < 0)
		a.width = a.height = 0;
	return a;
}

/* The part of a plane that an area covers; chroma is half as wide and high. */
static struct area in_plane(struct area a, int plane)
{
	struct area half;

	if (!plane || !a.width || !a.height)
		return a;
	half.x = a.x / 2;
	half.y = a.y / 2;
	half.width = (a.x + a.width + 1) / 2 - half.x;
	half.height = (a.y + a.height + 1) / 2 - half.y;
	return half;
}

static uint8_t *at(const struct netra_picture *picture, int plane, int32_t x,
		   int32_t y)
{
	return picture->plane[plane] +
	       (size_t)y * picture->stride[plane] + (size_t)x;
}

void netra_fill(const struct netra_picture *picture, struct area area,
		struct colour colour)
{
	const uint8_t value[3] = { colour.y, colour.u, colour.v };

	area = clip(picture, area);
	for (int p = 0; p < 3; p++) {
		struct area a = in_plane(area, p);

		for (int32_t y = 0; y < a.height; y++)
			memset(at(picture, p, a.x, a.y + y), value[p],
			       (size_t)a.width);
	}
}

void netra_darken(const struct netra_picture *picture, struct area area,
		  uint32_t light)
{
	area = clip(picture, area);
	for (int p = 0; p < 3; p++) {
		struct area a = in_plane(area, p);
		int32_t black = p ? 128 : 16;

		for (int32_t y = 0; y < a.height; y++) {
			uint8_t *row = at(picture, p, a.x, a.y + y);

			for (int32_t x = 0; x < a.width; x++)
				row[x] = (uint8_t)(black + (row[x] - black) *
						   (int32_t)light / 256);
		}
	}
}

void netra_disc(const struct netra_picture *picture, int32_t x, int32_t y,
		int32_t radius, struct colour colour)
{
	for (int32_t dy = -radius; dy <= radius; dy++) {
		int32_t half = (int32_t)sqrtf((float)(radius * radius -
						      dy * dy));

		netra_fill(picture, (struct area){ x - half, y + dy,
						   2 * half + 1, 1 }, colour);
	}
}

void netra_copy_area(const struct netra_picture *to,
		     const struct netra_picture *from, struct area area)
{
	area = clip(to, area);
	for (int p = 0; p < 3; p++) {
		struct area a = in_plane(area, p);

		for (int32_t y = 0; y < a.height; y++)
			memcpy(at(to, p, a.x, a.y + y),
			       at(from, p, a.x, a.y + y), (size_t)a.width);
	}
}

static void glyph(const struct netra_picture *picture, int32_t x, int32_t y,
		  int32_t scale, struct colour colour, const uint8_t *row)
{
	for (int32_t j = 0; j < GLYPH_HEIGHT; j++) {
		/* A run of pixels is one rectangle. */
		for (int32_t i = 0; i < GLYPH_WIDTH; i++) {
			int32_t run = 0;

			while (i + run < GLYPH_WIDTH &&
			       row[j] & 0x80 >> (i + run))
				run++;
			if (!run)
				continue;
			netra_fill(picture,
				   (struct area){ x + i * scale, y + j * scale,
						  run * scale, scale }, colour);
			i += run;
		}
	}
}

void netra_text(const struct netra_picture *picture, int32_t x, int32_t y,
		int32_t scale, struct colour colour, const char *text)
{
	for (; *text; text++) {
		for (size_t i = 0; i < sizeof(font) / sizeof(font[0]); i++) {
			if (font[i].character == *text)
				glyph(picture, x, y, scale, colour,
				      font[i].row);
		}
		x += GLYPH_WIDTH * scale;
	}
}
