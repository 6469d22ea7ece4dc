/* SPDX-License-Identifier: ISC */
#include "plot/curve.h"

#include <math.h>

#define FAR 1e5 /* px, where infinite values are */

/* The values of a run that fall into one column of pixels. */
struct column {
	size_t number;
	size_t first, least, greatest, last;
};

static double point_x(const struct curve_box *box, size_t count, double i)
{
	return box->x + (i + 0.5) * (double)box->width / (double)count;
}

static double point_y(const struct curve_box *box, double value)
{
	double below = (box->hi - value) / (box->hi - box->lo) * (double)box->height;

	return box->y + fmin(fmax(below, -FAR), FAR);
}

static size_t column_of(const struct curve_box *box, size_t count, size_t i)
{
	return (size_t)((unsigned __int128)(2 * i + 1) * box->width / (2 * count));
}

static void add_point(
	cairo_t *cr, const struct curve_box *box, const float *values, size_t count, size_t i)
{
	cairo_line_to(cr, point_x(box, count, (double)i), point_y(box, values[i]));
}

static void add_column(cairo_t *cr, const struct curve_box *box, const float *values, size_t count,
	const struct column *c)
{
	size_t near = c->least < c->greatest ? c->least : c->greatest;
	size_t far = c->least < c->greatest ? c->greatest : c->least;

	add_point(cr, box, values, count, c->first);
	if (near != c->first)
		add_point(cr, box, values, count, near);
	if (far != near)
		add_point(cr, box, values, count, far);
	if (c->last != far)
		add_point(cr, box, values, count, c->last);
}

/* A value with nothing beside it that it could be joined to. */
static void add_lone(
	cairo_t *cr, const struct curve_box *box, const float *values, size_t count, size_t i)
{
	double half = fmax(0.5, 0.5 * (double)box->width / (double)count);
	double x = point_x(box, count, (double)i), y = point_y(box, values[i]);

	cairo_move_to(cr, x - half, y);
	cairo_line_to(cr, x + half, y);
}

/* The run of values from `from` on; returns where it ends. */
static size_t add_run(
	cairo_t *cr, const struct curve_box *box, const float *values, size_t count, size_t from)
{
	struct column c = {column_of(box, count, from), from, from, from, from};
	size_t i;

	cairo_new_sub_path(cr);
	for (i = from + 1; i < count && !isnan(values[i]); i++) {
		size_t number = column_of(box, count, i);

		if (number != c.number) {
			add_column(cr, box, values, count, &c);
			c = (struct column){number, i, i, i, i};
		}
		if (values[i] < values[c.least])
			c.least = i;
		if (values[i] > values[c.greatest])
			c.greatest = i;
		c.last = i;
	}
	if (i == from + 1)
		add_lone(cr, box, values, count, from);
	else
		add_column(cr, box, values, count, &c);
	return i;
}

void curve_path(cairo_t *cr, const struct curve_box *box, const float *values, size_t count)
{
	for (size_t i = 0; i < count;)
		if (isnan(values[i]))
			i++;
		else
			i = add_run(cr, box, values, count, i);
}
