/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a synthetic camera's street, shared by its two halves. */
#ifndef NETRA_CAMERA_SCENE_H
#define NETRA_CAMERA_SCENE_H

#include <stdbool.h>

#include "camera_paint.h"

#define CARS		5
#define TEXT_MAX	24

struct car {
	int32_t x0, y;		/* left edge at time 0, top */
	int32_t unit;		/* size: a car is 12 by 5 units */
	int32_t speed;		/* pixels a second; negative: to the left */
	struct colour paint;
};

struct label {
	int32_t x, y;
	char text[TEXT_MAX];	/* as drawn last */
};

struct netra_scene {
	struct netra_picture ground;	/* everything that stands still */
	uint32_t random;
	float hue;
	bool night;
	bool drawn;
	int32_t scale;			/* of the texts */
	int32_t unit;			/* 1/88 of the width */
	struct colour text;
	struct car car[CARS];
	struct area moved[CARS + 1];	/* where the movers were drawn */
	int32_t beacon_x, beacon_y;	/* on the highest roof */
	struct area grain;		/* where leaves flicker */
	struct label clock, counter;
};

/* A number below @below, the same ones for the same channel. */
static inline uint32_t scene_roll(struct netra_scene *s, uint32_t below)
{
	s->random = s->random * 1664525 + 1013904223;
	return below ? (s->random >> 8) % below : 0;
}

#endif
