/* SPDX-License-Identifier: ISC */
#include "sky/framing.h"

#include <math.h>

#include "base/mem.h"

struct box {
	double left, top, right, bottom; /* centres of the outermost pixels */
};

/* The corners of a frame, in the reference frame, in order round it. */
static bool corners_of(const struct framed *f, struct point corner[4])
{
	double right = (double)f->width - 1, bottom = (double)f->height - 1;
	const struct point own[] = {{0, 0}, {right, 0}, {right, bottom}, {0, bottom}};
	struct transform back;

	if (!transform_invert(&f->transform, &back))
		return false;
	for (int i = 0; i < 4; i++) {
		corner[i] = transform_point(&back, own[i]);
		if (!isfinite(corner[i].x) || !isfinite(corner[i].y))
			return false;
	}
	return true;
}

static void extend(struct box *b, const struct point corner[4])
{
	for (int i = 0; i < 4; i++) {
		b->left = fmin(b->left, corner[i].x);
		b->top = fmin(b->top, corner[i].y);
		b->right = fmax(b->right, corner[i].x);
		b->bottom = fmax(b->bottom, corner[i].y);
	}
}

/*
 * Shrinks the box until it lies inside the quadrangle: each of its edges cuts the corner that
 * is furthest outside by moving the side that loses less area.
 */
static void shrink(struct box *b, const struct point corner[4])
{
	double turn = 0;

	for (int i = 0; i < 4; i++)
		turn += corner[i].x * corner[(i + 1) % 4].y - corner[i].y * corner[(i + 1) % 4].x;
	for (int i = 0; i < 4; i++) {
		struct point p = corner[i], q = corner[(i + 1) % 4];
		double sign = turn > 0 ? 1 : -1;
		/* Inside is where a x + b y >= c. */
		double a = -(q.y - p.y) * sign, down = (q.x - p.x) * sign, c = a * p.x + down * p.y;
		double *x = a > 0 ? &b->left : &b->right, *y = down > 0 ? &b->top : &b->bottom;
		double lack = c - (a * *x + down * *y);
		double across = b->right - b->left, along = b->bottom - b->top;

		if (!(lack > 0))
			continue;
		if (fabs(lack / a) * along < fabs(lack / down) * across)
			*x += lack / a;
		else
			*y += lack / down;
	}
}

bool framing_grid(enum framing framing, double scale, size_t width, size_t height,
	const struct framed *frame, size_t n, size_t side_max, struct grid *grid)
{
	struct box box = {0, 0, (double)width - 1, (double)height - 1};
	struct point corner[4];
	double across, along;

	for (size_t i = 0; i < n && framing != FRAMING_REFERENCE; i++) {
		if (!corners_of(&frame[i], corner))
			return false;
		if (framing == FRAMING_MAX)
			extend(&box, corner);
		else
			shrink(&box, corner);
	}
	/* A hair's breadth beyond a pixel is not a pixel more or less. */
	box.left = framing == FRAMING_MAX ? floor(box.left + 1e-3) : ceil(box.left - 1e-3);
	box.top = framing == FRAMING_MAX ? floor(box.top + 1e-3) : ceil(box.top - 1e-3);
	box.right = framing == FRAMING_MAX ? ceil(box.right - 1e-3) : floor(box.right + 1e-3);
	box.bottom = framing == FRAMING_MAX ? ceil(box.bottom - 1e-3) : floor(box.bottom + 1e-3);
	across = floor((box.right - box.left + 1) * scale + 1e-6);
	along = floor((box.bottom - box.top + 1) * scale + 1e-6);
	if (!(across >= 1 && along >= 1 && across <= (double)side_max && along <= (double)side_max))
		return false;
	if (across * along > FRAMING_AREA_MOST * scale * scale * (double)width * (double)height)
		return false;
	*grid = (struct grid){box.left, box.top, scale, (size_t)across, (size_t)along};
	return true;
}

struct transform framing_transform(const struct grid *grid, const struct transform *transform)
{
	double step = 1 / grid->scale;
	struct transform to_reference = {{step, 0, step / 2 - 0.5 + grid->left, 0, step,
		step / 2 - 0.5 + grid->top, 0, 0, 1}};

	return transform_join(&to_reference, transform);
}
