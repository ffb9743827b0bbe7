/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands still in a synthetic camera's street: sky, houses, road, panels.
 * Painted once per scene. Hue and time of day follow from the channel.
 */
#include <stdio.h>
#include <stdlib.h>

#include "camera_scene.h"

static struct colour mix(struct colour a, struct colour b, int32_t part,
			 int32_t whole)
{
	return (struct colour){
		.y = (uint8_t)(a.y + (b.y - a.y) * part / whole),
		.u = (uint8_t)(a.u + (b.u - a.u) * part / whole),
		.v = (uint8_t)(a.v + (b.v - a.v) * part / whole),
	};
}

/* Four times of day: top of the sky, horizon (hue shift, saturation, value) */
static const struct {
	float top[2];
	float horizon[3];
	float wall;		/* brightness of buildings */
	bool night;
} day[] = {
	{ { 0.60f, 0.80f }, { 10, 0.15f, 1.00f }, 0.62f, false },
	{ { 0.75f, 0.38f }, { 35, 0.60f, 0.98f }, 0.34f, true },
	{ { 0.50f, 0.62f }, { 25, 0.35f, 1.00f }, 0.50f, false },
	{ { 0.85f, 0.14f }, { 0, 0.70f, 0.48f }, 0.24f, true },
};

static void paint_sky(struct netra_scene *s, uint32_t phase, int32_t horizon)
{
	const struct netra_picture *g = &s->ground;
	int32_t width = (int32_t)g->width;
	struct colour top = netra_colour(s->hue, day[phase].top[0],
					 day[phase].top[1]);
	struct colour low = netra_colour(s->hue + day[phase].horizon[0],
					 day[phase].horizon[1],
					 day[phase].horizon[2]);

	for (int32_t y = 0; y < horizon; y++)
		netra_fill(g, (struct area){ 0, y, width, 1 },
			   mix(top, low, y, horizon));
	for (int32_t i = 0; s->night && i < 60; i++) {
		int32_t x = (int32_t)scene_roll(s, g->width);
		int32_t y = (int32_t)scene_roll(s, g->height / 3);

		g->plane[0][(size_t)y * g->stride[0] + (size_t)x] =
			(uint8_t)(120 + scene_roll(s, 110));
	}
	netra_disc(g, width * (int32_t)(40 + scene_roll(s, 50)) / 100,
		   horizon * (int32_t)(20 + scene_roll(s, 30)) / 100, 4 * s->unit,
		   s->night ? netra_colour(50, 0.10f, 0.95f) :
			      netra_colour(48, 0.45f, 1.00f));
}

static void paint_house(struct netra_scene *s, struct area house,
			struct colour wall, struct colour dark, bool windows)
{
	const struct colour lit = netra_colour(45, 0.45f, 0.95f);
	int32_t u = s->unit, side = u > 3 ? u * 3 / 4 : 2;

	netra_fill(&s->ground, house, wall);
	if (!windows)
		return;
	for (int32_t y = house.y + u; y + 2 * u < house.y + house.height;
	     y += 2 * u) {
		for (int32_t x = house.x + u; x + side <= house.x + house.width - u / 2;
		     x += 3 * u / 2)
			netra_fill(&s->ground, (struct area){ x, y, side, u },
				   s->night && scene_roll(s, 3) == 0 ? lit : dark);
	}
}

static void paint_skyline(struct netra_scene *s, uint32_t phase,
			  int32_t base)
{
	int32_t width = (int32_t)s->ground.width, u = s->unit;

	s->beacon_y = base;
	for (int32_t layer = 0; layer < 2; layer++) {
		float value = day[phase].wall * (layer ? 0.75f : 1.15f);
		struct colour dark = netra_colour(s->hue, 0.40f, value * 0.6f);

		for (int32_t x = -(int32_t)scene_roll(s, 6) * u; x < width;) {
			int32_t w = u * (6 + (int32_t)scene_roll(s, 7));
			int32_t h = u * (layer ? 6 + (int32_t)scene_roll(s, 11) :
						 14 + (int32_t)scene_roll(s, 12));
			float shade = value * (0.85f + 0.05f *
					       (float)scene_roll(s, 7));

			paint_house(s, (struct area){ x, base - h, w, h },
				    netra_colour(s->hue, 0.35f, shade), dark,
				    layer != 0);
			if (base - h < s->beacon_y && x > width / 3) {
				s->beacon_x = x + w / 2;
				s->beacon_y = base - h;
			}
			x += w + (int32_t)scene_roll(s, 2) * u;
		}
	}
}

static void paint_street(struct netra_scene *s, uint32_t phase, int32_t base,
			 int32_t kerb, int32_t end)
{
	int32_t width = (int32_t)s->ground.width, u = s->unit;
	int32_t height = (int32_t)s->ground.height;
	float value = s->night ? 0.30f : 0.55f;
	struct colour line = netra_colour(50, 0.10f, value + 0.35f);

	/* Verge, road, pavement */
	netra_fill(&s->ground, (struct area){ 0, base, width, kerb - base },
		   netra_colour(s->hue + 60, 0.45f, value * 0.8f));
	netra_fill(&s->ground, (struct area){ 0, kerb, width, end - kerb },
		   netra_colour(s->hue, 0.10f, value * 0.7f));
	netra_fill(&s->ground, (struct area){ 0, end, width, height - end },
		   netra_colour(s->hue, 0.15f, value * 1.1f));
	netra_fill(&s->ground, (struct area){ 0, kerb, width, u / 2 + 1 },
		   line);
	for (int32_t x = 0; x < width; x += 8 * u)
		netra_fill(&s->ground, (struct area){ x, (kerb + end) / 2,
						      4 * u, u / 2 + 1 }, line);
	/* Trees on the verge */
	for (int32_t x = (int32_t)scene_roll(s, 8) * u; x < width;
	     x += (14 + (int32_t)scene_roll(s, 8)) * u) {
		struct colour leaf = netra_colour(s->hue + 70, 0.5f,
						  day[phase].wall * 0.9f);

		netra_fill(&s->ground, (struct area){ x - u / 4, base - 2 * u,
						      u / 2 + 1, 4 * u },
			   netra_colour(25, 0.5f, 0.25f));
		netra_disc(&s->ground, x, base - 3 * u, 2 * u, leaf);
		netra_disc(&s->ground, x - u, base - 2 * u, 3 * u / 2, leaf);
		netra_disc(&s->ground, x + u, base - 2 * u, 3 * u / 2, leaf);
	}
}

/* A little texture everywhere, as of a sensor, but the same every time. */
static void roughen(struct netra_scene *s)
{
	struct netra_picture *g = &s->ground;

	for (uint32_t y = 0; y < g->height; y++) {
		for (uint32_t x = 0; x < g->width; x++)
			g->plane[0][y * g->stride[0] + x] = (uint8_t)
				(g->plane[0][y * g->stride[0] + x] + scene_roll(s, 3));
	}
}

static void place_cars(struct netra_scene *s, int32_t kerb, int32_t end)
{
	int32_t u = s->unit, width = (int32_t)s->ground.width;
	/* From edge to edge in 4 to 9 seconds, each lane at its own pace */
	const int32_t speed[2] = {
		-width / (int32_t)(4 + scene_roll(s, 6)),
		width / (int32_t)(4 + scene_roll(s, 6)),
	};

	for (int32_t i = 0; i < CARS; i++) {
		struct car *car = &s->car[i];
		int32_t near = i % 2;

		car->unit = near ? u + u / 4 : u;
		car->y = (near ? end - u / 2 : (kerb + end) / 2 - u / 2) -
			 6 * car->unit;
		car->x0 = width * (i / 2) * 2 / CARS +
			  (int32_t)scene_roll(s, s->ground.width / 6);
		car->speed = speed[near];
		car->paint = netra_colour((float)scene_roll(s, 360),
					  0.3f + 0.1f * (float)scene_roll(s, 6),
					  s->night ? 0.55f : 0.85f);
	}
}

/* Dark panels that texts are read on. */
static void paint_panels(struct netra_scene *s, uint32_t channel)
{
	int32_t k = s->scale, width = (int32_t)s->ground.width;
	int32_t height = (int32_t)s->ground.height;
	int32_t panel = (GLYPH_HEIGHT + 2) * k;
	char number[12];

	netra_darken(&s->ground, (struct area){ 0, height - panel, width,
						panel }, 60);
	s->clock.x = 4 * k;
	s->clock.y = height - panel + k;
	s->counter.x = width - (8 * GLYPH_WIDTH + 4) * k;
	s->counter.y = s->clock.y;

	snprintf(number, sizeof(number), "%02u", channel % 100);
	netra_darken(&s->ground, (struct area){ 3 * k, 3 * k, 38 * k, 49 * k },
		     70);
	netra_text(&s->ground, 10 * k, 3 * k, k,
		   netra_colour(s->hue, 0.25f, 1.0f), "CAM");
	netra_text(&s->ground, 6 * k, 15 * k, 2 * k, s->text, number);
}

struct netra_scene *netra_scene_new(uint32_t channel, uint32_t width,
				    uint32_t height)
{
	struct netra_scene *s = calloc(1, sizeof(*s));
	size_t luma = (size_t)width * height;
	int32_t base, kerb, end;
	uint32_t phase = (channel + channel / 4) % 4;
	uint32_t circle = channel / 16;	/* of hues */

	if (!s)
		return NULL;
	s->ground.plane[0] = malloc(luma + luma / 2);
	if (!s->ground.plane[0]) {
		free(s);
		return NULL;
	}
	s->ground.plane[1] = s->ground.plane[0] + luma;
	s->ground.plane[2] = s->ground.plane[1] + luma / 4;
	s->ground.stride[0] = width;
	s->ground.stride[1] = width / 2;
	s->ground.stride[2] = width / 2;
	s->ground.width = width;
	s->ground.height = height;
	s->random = channel * 2654435761u + 12345;
	s->hue = (float)(channel % 16) * 22.5f + (float)circle * 7.5f;
	s->night = day[phase].night;
	s->scale = width >= 352 ? (int32_t)width / 176 : 1;
	s->unit = width >= 176 ? (int32_t)width / 88 : 2;
	s->text = netra_colour(0, 0, 0.97f);

	base = (int32_t)height * 56 / 100;
	kerb = (int32_t)height * 61 / 100;
	end = (int32_t)height * 83 / 100;
	paint_sky(s, phase, base);
	paint_skyline(s, phase, base);
	paint_street(s, phase, base, kerb, end);
	roughen(s);
	place_cars(s, kerb, end);
	paint_panels(s, channel);
	s->grain = (struct area){ 0, base, (int32_t)width, kerb - base };
	return s;
}

void netra_scene_free(struct netra_scene *scene)
{
	if (!scene)
		return;
	free(scene->ground.plane[0]);
	free(scene);
}
