/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What moves in a synthetic camera's street. Each picture gives back what
 * moved to the background and draws the movers anew, which takes some twenty
 * microseconds. One thread per scene.
 */
#include <stddef.h>

#include "camera_scene.h"

#define TICKS		90000	/* a second */

static void draw_car(const struct netra_scene *s,
		     const struct netra_picture *p, const struct car *car,
		     int32_t x)
{
	const struct colour glass = netra_colour(200, 0.25f, 0.35f);
	const struct colour tyre = netra_colour(0, 0, 0.06f);
	int32_t u = car->unit, y = car->y;
	bool right = car->speed > 0;
	int32_t front = right ? x + 23 * u / 2 : x;
	int32_t rear = right ? x : x + 23 * u / 2;

	netra_fill(p, (struct area){ x + 5 * u / 2, y, 6 * u, 2 * u },
		   car->paint);
	netra_fill(p, (struct area){ x + 3 * u, y + u / 2, 2 * u, 3 * u / 2 },
		   glass);
	netra_fill(p, (struct area){ x + 6 * u, y + u / 2, 2 * u, 3 * u / 2 },
		   glass);
	netra_fill(p, (struct area){ x, y + 2 * u, 12 * u, 3 * u }, car->paint);
	netra_fill(p, (struct area){ front, y + 5 * u / 2, u / 2 + 1, u },
		   netra_colour(55, s->night ? 0.15f : 0.35f, 1.0f));
	netra_fill(p, (struct area){ rear, y + 5 * u / 2, u / 2 + 1, u },
		   netra_colour(0, 0.85f, 0.8f));
	netra_disc(p, x + 5 * u / 2, y + 5 * u, u, tyre);
	netra_disc(p, x + 19 * u / 2, y + 5 * u, u, tyre);
}

static void draw_cars(struct netra_scene *s, const struct netra_picture *p,
		      int64_t time_90k)
{
	for (int32_t i = 0; i < CARS; i++) {
		const struct car *car = &s->car[i];
		int32_t length = 13 * car->unit;
		int64_t road = (int64_t)s->ground.width + length;
		int64_t x = (car->x0 + car->speed * time_90k / TICKS) % road;

		if (x < 0)
			x += road;
		x -= length;
		draw_car(s, p, car, (int32_t)x);
		s->moved[i] = (struct area){ (int32_t)x - 1, car->y - 1,
					     length + 2, 6 * car->unit + 3 };
	}
}

/* A red lamp, on for half of each second. */
static void draw_beacon(struct netra_scene *s, const struct netra_picture *p,
			int64_t time_90k)
{
	int32_t u = s->unit, r = u / 2;

	s->moved[CARS] = (struct area){ s->beacon_x - r, s->beacon_y - 2 * r,
					2 * r + 1, 2 * r + 1 };
	if (time_90k % TICKS < TICKS / 2)
		netra_disc(p, s->beacon_x, s->beacon_y - r, r,
			   netra_colour(0, 0.9f, 1.0f));
}

/* Grass in the wind: spots of it get other shades each time. */
static void draw_grain(struct netra_scene *s, const struct netra_picture *p)
{
	int32_t width = s->unit < s->grain.width ? s->unit : s->grain.width;
	int32_t height = s->unit < s->grain.height ? s->unit : s->grain.height;
	uint32_t room_x = (uint32_t)(s->grain.width - width + 1);
	uint32_t room_y = (uint32_t)(s->grain.height - height + 1);

	for (int32_t i = 0; i < 12; i++) {
		uint32_t x = (uint32_t)s->grain.x + scene_roll(s, room_x);
		uint32_t y = (uint32_t)s->grain.y + scene_roll(s, room_y);
		uint8_t *row = p->plane[0] + (size_t)y * p->stride[0] + x;

		for (int32_t j = 0; j < height; j++, row += p->stride[0]) {
			for (int32_t k = 0; k < width; k++) {
				int32_t light = row[k] + (int32_t)scene_roll(s, 9) - 4;

				row[k] = (uint8_t)(light < 40 ? 40 :
						   light > 150 ? 150 : light);
			}
		}
	}
}

static void draw_label(struct netra_scene *s, const struct netra_picture *p,
		       struct label *label, const char *text)
{
	int32_t step = GLYPH_WIDTH * s->scale;

	for (int32_t i = 0; i < TEXT_MAX - 1 && text[i]; i++) {
		const char one[2] = { text[i], '\0' };
		int32_t x = label->x + i * step;

		if (s->drawn && label->text[i] == text[i])
			continue;
		label->text[i] = text[i];
		netra_copy_area(p, &s->ground,
				(struct area){ x, label->y, step,
					       GLYPH_HEIGHT * s->scale });
		netra_text(p, x, label->y, s->scale, s->text, one);
	}
}

void netra_scene_draw(struct netra_scene *scene,
		      const struct netra_picture *picture, int64_t time_90k,
		      const char *clock, const char *counter)
{
	if (!scene->drawn) {
		netra_copy_area(picture, &scene->ground,
				(struct area){ 0, 0, (int32_t)picture->width,
					       (int32_t)picture->height });
	} else {
		for (int32_t i = 0; i <= CARS; i++)
			netra_copy_area(picture, &scene->ground,
					scene->moved[i]);
	}
	draw_grain(scene, picture);
	draw_beacon(scene, picture, time_90k);
	draw_cars(scene, picture, time_90k);
	draw_label(scene, picture, &scene->clock, clock);
	draw_label(scene, picture, &scene->counter, counter);
	scene->drawn = true;
}
