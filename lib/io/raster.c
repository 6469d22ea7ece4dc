/* SPDX-License-Identifier: ISC */
#include "io/raster.h"

#include <errno.h>
#include <string.h>

#define PIECE_SIZE ((size_t)1 << 18) /* bytes that a thread fills at a time */

int raster_check(const struct raster *r, const char *format, size_t side_max, struct error *e)
{
	if (r->width < 1 || r->width > side_max || r->height < 1 || r->height > side_max)
		return fail(e, EXIT_USAGE, "%s: %zu x %zu pixels: sides of 1 to %zu are possible",
			format, r->width, r->height, side_max);
	if (r->planes != 1 && r->planes != 3)
		return fail(e, EXIT_USAGE, "%s: %u planes: 1 or 3 are possible", format, r->planes);
	return 0;
}

size_t raster_rows_in(const struct raster *r, size_t size)
{
	size_t rows = size / raster_row_size(r);

	if (rows < 1)
		return 1;
	return rows < r->height ? rows : r->height;
}

struct filling {
	const struct raster *raster;
	size_t first, count, rows;
	char *out;
};

static void fill_piece(void *arg, size_t piece, unsigned worker)
{
	const struct filling *f = arg;
	const struct raster *r = f->raster;
	size_t at = piece * f->rows, count = f->count - at;

	(void)worker;
	r->rows(r->arg, f->first + at, count < f->rows ? count : f->rows,
		f->out + at * raster_row_size(r));
}

void raster_fill(const struct raster *r, size_t first, size_t count, void *out, struct pool *pool)
{
	struct filling f = {r, first, count, raster_rows_in(r, PIECE_SIZE), out};

	if (pool)
		pool_run(pool, (count + f.rows - 1) / f.rows, fill_piece, &f);
	else
		r->rows(r->arg, first, count, out);
}

int raster_write_error(const char *format, int number, struct error *e)
{
	return fail(e, number == EPIPE ? EXIT_DOWNSTREAM : EXIT_IO, "%s: write: %s", format,
		strerror(number));
}
