/* SPDX-License-Identifier: ISC */
#include "sky/difference.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define PIECE ((size_t)1 << 17)

struct comparing {
	const float *a, *b;
	size_t n;
	struct plane_difference *piece; /* mean and rmse are sums as yet */
};

static void compare_piece(void *arg, size_t i, unsigned worker)
{
	const struct comparing *c = arg;
	struct plane_difference d = {.max_abs = -1};
	size_t end = (i + 1) * PIECE < c->n ? (i + 1) * PIECE : c->n;

	(void)worker;
	for (size_t k = i * PIECE; k < end; k++) {
		float a = c->a[k], b = c->b[k];
		double difference = a == b ? 0 : (double)a - (double)b;

		if (isnan(a) || isnan(b)) {
			d.missing += isnan(a) != isnan(b);
			continue;
		}
		d.count++;
		d.mean += difference;
		d.rmse += difference * difference;
		if (fabs(difference) > d.max_abs) {
			d.max_abs = fabs(difference);
			d.at = k;
		}
	}
	c->piece[i] = d;
}

void plane_difference(const float *a, const float *b, size_t n, struct pool *pool,
	struct plane_difference *difference)
{
	struct plane_difference all = {.max_abs = -1};
	size_t pieces = (n + PIECE - 1) / PIECE;
	struct comparing c = {a, b, n, xcalloc(pieces, sizeof(*c.piece))};

	pool_run(pool, pieces, compare_piece, &c);
	for (size_t i = 0; i < pieces; i++) {
		const struct plane_difference *p = &c.piece[i];

		all.count += p->count;
		all.missing += p->missing;
		all.mean += p->mean;
		all.rmse += p->rmse;
		if (p->max_abs > all.max_abs) {
			all.max_abs = p->max_abs;
			all.at = p->at;
		}
	}
	free(c.piece);
	all.mean /= (double)all.count;
	all.rmse = sqrt(all.rmse / (double)all.count);
	if (all.count == 0)
		all.mean = all.rmse = all.max_abs = NAN;
	*difference = all;
}
