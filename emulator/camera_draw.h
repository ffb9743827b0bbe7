/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a synthetic camera sees: a street whose colours, skyline and traffic
 * follow from the channel, with channel number, clock and frame counter.
 */
#ifndef NETRA_CAMERA_DRAW_H
#define NETRA_CAMERA_DRAW_H

#include <stdint.h>

/* 4:2:0; the planes of the picture that is drawn over and over. */
struct netra_picture {
	uint8_t *plane[3];
	uint32_t stride[3];
	uint32_t width, height;
};

struct netra_scene;

/** netra_scene_new() - NULL if memory runs out. Width and height are even. */
struct netra_scene *netra_scene_new(uint32_t channel, uint32_t width,
				    uint32_t height);

/**
 * netra_scene_draw() - Bring the picture to time @time_90k.
 * @clock, @counter: Texts of digits, ':', '.' and '#'.
 *
 * Only what changed since the last call is drawn: always the same picture,
 * and nobody else may draw in it.
 */
void netra_scene_draw(struct netra_scene *scene,
		      const struct netra_picture *picture, int64_t time_90k,
		      const char *clock, const char *counter);

void netra_scene_free(struct netra_scene *scene);

#endif
