/* SPDX-License-Identifier: ISC */
/* Grids: the smallest lies in every frame, the largest holds every one, both leave little over. */
#include "sky/framing.h"

#include <math.h>
#include <stdlib.h>

#include "../seed.h"
#include "../test.h"

#define FRAMES 5
#define WIDTH 300
#define HEIGHT 200

static double uniform(double from, double to)
{
	return from + (to - from) * ((double)(random64() >> 11) * 0x1p-53);
}

static struct transform turned(double degrees, double scale, double dx, double dy)
{
	double c = scale * cos(degrees * M_PI / 180), s = scale * sin(degrees * M_PI / 180);
	double x = WIDTH / 2.0, y = HEIGHT / 2.0;

	return (struct transform){
		{c, -s, x - c * x + s * y + dx, s, c, y - s * x - c * y + dy, 0, 0, 1}};
}

static bool inside(const struct framed *f, struct point p, double slack)
{
	struct point q = transform_point(&f->transform, p);

	return q.x >= -slack && q.y >= -slack && q.x <= (double)f->width - 1 + slack &&
	       q.y <= (double)f->height - 1 + slack;
}

static void random_frames(struct framed *frame, double turn)
{
	frame[0] = (struct framed){transform_identity, WIDTH, HEIGHT};
	for (int i = 1; i < FRAMES; i++)
		frame[i] = (struct framed){turned(uniform(-turn, turn), uniform(0.95, 1.05),
						   uniform(-20, 20), uniform(-20, 20)),
			WIDTH, HEIGHT};
}

static void least(void)
{
	bool in = true, large = true, maximal = true;

	for (int round = 0; round < 300; round++) {
		struct framed frame[FRAMES];
		struct grid g;
		int grows = 0;

		random_frames(frame, round % 2 ? 5 : 0);
		if (!framing_grid(FRAMING_MIN, 1, WIDTH, HEIGHT, frame, FRAMES, 10000, &g)) {
			in = false;
			continue;
		}
		for (size_t y = 0; y < g.height; y += g.height - 1)
			for (size_t x = 0; x < g.width; x += g.width - 1)
				for (int i = 0; i < FRAMES; i++)
					in = in && inside(&frame[i],
							   (struct point){g.left + (double)x,
								   g.top + (double)y},
							   2e-3);
		large = large && g.width * g.height > WIDTH * HEIGHT * 4 / 10;
		/* One more pixel on any side is outside of some frame. */
		for (int side = 0; side < 4; side++) {
			struct point a = {g.left - (side == 0), g.top - (side == 1)};
			struct point b = {g.left + (double)g.width - 1 + (side == 2),
				g.top + (double)g.height - 1 + (side == 3)};
			bool all = true;

			for (int i = 0; i < FRAMES; i++)
				all = all && inside(&frame[i], a, 0) && inside(&frame[i], b, 0) &&
				      inside(&frame[i], (struct point){a.x, b.y}, 0) &&
				      inside(&frame[i], (struct point){b.x, a.y}, 0);
			grows += all;
		}
		maximal = maximal && (round % 2 || grows == 0);
	}
	check(in, "the smallest grid lies in all frames");
	check(large, "and is no smaller than it must be");
	check(maximal, "nor can it grow, where frames are not turned");
}

static void most(void)
{
	bool holds = true, tight = true;

	for (int round = 0; round < 300; round++) {
		struct framed frame[FRAMES];
		double left = INFINITY, right = -INFINITY;
		struct grid g;

		random_frames(frame, 180);
		holds = framing_grid(FRAMING_MAX, 1, WIDTH, HEIGHT, frame, FRAMES, 10000, &g) &&
			holds;
		for (int i = 0; i < FRAMES; i++) {
			struct transform back;

			transform_invert(&frame[i].transform, &back);
			for (int c = 0; c < 4; c++) {
				struct point p = transform_point(&back,
					(struct point){c % 2 * (WIDTH - 1), c / 2 * (HEIGHT - 1)});

				left = fmin(left, p.x);
				right = fmax(right, p.x);
				holds = holds && p.x > g.left - 2e-3 && p.y > g.top - 2e-3 &&
					p.x < g.left + (double)g.width - 0.998 &&
					p.y < g.top + (double)g.height - 0.998;
			}
		}
		tight = tight && left < g.left + 1 && right > g.left + (double)g.width - 2.01;
	}
	check(holds, "the largest grid holds all frames");
	check(tight, "and no more");
}

static void scales(void)
{
	struct framed frame = {transform_identity, WIDTH, HEIGHT};
	struct transform t;
	struct point p;
	struct grid g;

	check(framing_grid(FRAMING_REFERENCE, 2, WIDTH, HEIGHT, &frame, 1, 10000, &g) &&
			g.width == 2 * WIDTH && g.height == 2 * HEIGHT,
		"twice as fine");
	t = framing_transform(&g, &transform_identity);
	p = transform_point(&t, (struct point){-0.5, -0.5});
	check(fabs(p.x + 0.5) < 1e-12 && fabs(p.y + 0.5) < 1e-12, "edges stay where they are");
	p = transform_point(&t, (struct point){2 * WIDTH - 0.5, 2 * HEIGHT - 0.5});
	check(fabs(p.x - WIDTH + 0.5) < 1e-9 && fabs(p.y - HEIGHT + 0.5) < 1e-9, "on both sides");
	check(framing_grid(FRAMING_REFERENCE, 0.6, WIDTH, HEIGHT, &frame, 1, 10000, &g) &&
			g.width == 180 && g.height == 120,
		"a coarser grid");
}

static void refusals(void)
{
	struct framed frame[2] = {
		{transform_identity, WIDTH, HEIGHT}, {turned(0, 1, 2 * WIDTH, 0), WIDTH, HEIGHT}};
	struct grid g;

	check(!framing_grid(FRAMING_MIN, 1, WIDTH, HEIGHT, frame, 2, 10000, &g),
		"nothing in common");
	check(framing_grid(FRAMING_MAX, 1, WIDTH, HEIGHT, frame, 2, 10000, &g) &&
			g.width == 3 * WIDTH,
		"beside each other");
	frame[1].transform = turned(0, 1, 100 * WIDTH, 0);
	check(!framing_grid(FRAMING_MAX, 1, WIDTH, HEIGHT, frame, 2, 100000, &g), "too far apart");
	check(!framing_grid(FRAMING_REFERENCE, 4, WIDTH, HEIGHT, frame, 1, 1000, &g),
		"sides too long");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	least();
	most();
	scales();
	refusals();
	return done();
}
