/* SPDX-License-Identifier: ISC */
#include "sky/combine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

#define PIECE ((size_t)128 * KERN_STACK_PIXELS) /* pixels a thread makes at a time */

static bool parse_bounds(const char *text, struct rejection *r)
{
	const char *comma = strchr(text, ',');
	char first[64];
	size_t n = comma ? (size_t)(comma - text) : strlen(text);
	double low, high;

	if (n >= sizeof(first))
		return false;
	memcpy(first, text, n);
	first[n] = '\0';
	if (!parse_f64(first, false, &low) || !parse_f64(comma ? comma + 1 : first, false, &high))
		return false;
	r->low = (float)low;
	r->high = (float)high;
	return true;
}

static bool bounds_are_right(const struct rejection *r)
{
	bool counts = r->low == floorf(r->low) && r->high == floorf(r->high);

	if (r->method == KERN_REJECT_MINMAX)
		return counts && r->low >= 0 && r->high >= 0 && r->low <= 1e6f && r->high <= 1e6f;
	return r->low > 0 && r->high > 0 && r->low <= 1e6f && r->high <= 1e6f;
}

int rejection_parse(const char *text, struct rejection *r, struct error *e)
{
	static const char *const names[] = {
		"none", "sigma", "winsor", "mad", "percentile", "minmax"};
	size_t length = strcspn(text, ":");

	*r = (struct rejection){.method = KERN_REJECT_NONE};
	if (!strcmp(text, "none"))
		return 0;
	for (size_t i = KERN_REJECT_SIGMA; i < COUNT_OF(names); i++)
		if (strlen(names[i]) == length && !strncmp(text, names[i], length))
			r->method = (enum kern_reject)i;
	if (r->method == KERN_REJECT_NONE || !text[length] || !parse_bounds(text + length + 1, r))
		return fail(e, EXIT_USAGE,
			"'%s': must be none or METHOD:LOW,HIGH, the method one of "
			"sigma, winsor, mad, percentile, minmax",
			text);
	if (!bounds_are_right(r))
		return fail(e, EXIT_USAGE, "'%s': %s", text,
			r->method == KERN_REJECT_MINMAX ? "must be counts of samples, 0 to 1000000"
							: "must be above 0, at most 1000000");
	return 0;
}

struct work {
	const struct combine_strip *strip;
	struct kern_stack stack;
	float *out;
	uint16_t *rejected;
	float **memory;		       /* [threads] */
	struct combine_counts *counts; /* [threads] */
};

static void put_group(struct work *w, const struct kern_stacked *s, size_t at, size_t count,
	struct combine_counts *counts)
{
	memcpy(w->out + at, s->value, count * sizeof(*w->out));
	for (size_t i = 0; i < count; i++) {
		int32_t gone = s->low[i] + s->high[i];

		counts->samples += (uint64_t)s->valid[i];
		counts->low += (uint64_t)s->low[i];
		counts->high += (uint64_t)s->high[i];
		if (w->rejected)
			w->rejected[at + i] = (uint16_t)(gone < 65535 ? gone : 65535);
	}
}

static void combine_piece(void *arg, size_t piece, unsigned worker)
{
	struct work *w = arg;
	size_t end = (piece + 1) * PIECE;
	struct kern_stacked stacked;

	if (!w->memory[worker])
		w->memory[worker] = xaligned(kern_stack_work_size(w->stack.n), sizeof(float));
	if (end > w->strip->pixels)
		end = w->strip->pixels;
	for (size_t at = piece * PIECE; at < end; at += KERN_STACK_PIXELS) {
		size_t count = end - at < KERN_STACK_PIXELS ? end - at : KERN_STACK_PIXELS;

		kern()->stack(&stacked, &w->stack, at, w->memory[worker]);
		put_group(w, &stacked, at, count, &w->counts[worker]);
	}
}

/* Whether samples can be sorted as the u16 they are. */
static bool can_stay_words(const struct combine_strip *s)
{
	for (size_t k = 0; k < s->frames; k++)
		if (s->row[k].dtype != DTYPE_U16 || s->row[k].factor != 1 || s->row[k].offset != 0)
			return false;
	return !s->base && !s->weighted;
}

void combine(const struct combine_strip *s, float *out, uint16_t *rejected,
	struct combine_counts *counts, struct pool *pool)
{
	unsigned threads = pool_threads(pool);
	struct work w = {.strip = s, .out = out, .rejected = rejected};

	w.stack = (struct kern_stack){.n = s->frames,
		.row = s->row,
		.base = s->base,
		.as_words = can_stay_words(s),
		.weighted = s->weighted,
		.reject = s->rejection.method,
		.combine = s->combine,
		.low = s->rejection.low,
		.high = s->rejection.high};
	w.memory = xcalloc(threads, sizeof(*w.memory));
	w.counts = xcalloc(threads, sizeof(*w.counts));
	pool_run(pool, (s->pixels + PIECE - 1) / PIECE, combine_piece, &w);
	for (unsigned t = 0; t < threads; t++) {
		counts->samples += w.counts[t].samples;
		counts->low += w.counts[t].low;
		counts->high += w.counts[t].high;
		free(w.memory[t]);
	}
	free(w.memory);
	free(w.counts);
}
