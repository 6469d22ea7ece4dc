/* SPDX-License-Identifier: ISC */
/* How the captures of SigMF and the segments, gaps and indices of a stream go together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/sigmf.h"

#define YEAR_0_S (-INT64_C(62167219200))
#define YEAR_10000_S INT64_C(253402300800)

/* The larger of a sample and the last digit of a time: so far times may be apart. */
static int64_t time_slack_ns(const struct sigmf *m, const struct sigmf_capture *c)
{
	double sample_ns = 1e9 / rate_hz(m->rate);

	return sample_ns > (double)c->precision_ns ? (int64_t)fmin(sample_ns, 1e18) + 1
						   : c->precision_ns;
}

static bool times_differ(struct utc a, struct utc b, int64_t slack_ns)
{
	int64_t ns = utc_minus(a, b);

	return ns > slack_ns || ns < -slack_ns;
}

/* Whether a capture does not go on with what the segment's first one says. */
static bool departs(const struct sigmf *m, const struct sigmf_capture *first,
	const struct sigmf_capture *c, int64_t next)
{
	if (c->begins || c->index < next)
		return true;
	if (c->freq_hz != first->freq_hz && !(isnan(c->freq_hz) && isnan(first->freq_hz)))
		return true;
	if (!c->timed)
		return false;
	return !first->timed ||
	       times_differ(c->time, utc_after(first->time, c->index - first->index, m->rate),
		       time_slack_ns(m, c));
}

/* Captures that hold nothing say nothing, but where a stream had a segment without data. */
static bool is_empty(const struct sigmf_capture *c)
{
	return c->samples == 0 && !c->begins;
}

void sigmf_find_segments(struct sigmf *m)
{
	const struct sigmf_capture *first = NULL;
	int64_t next = INT64_MIN;

	for (size_t i = 0; i < m->captures; i++) {
		struct sigmf_capture *c = &m->capture[i];

		c->segment = i == 0;
		if (is_empty(c))
			continue;
		if (!first || departs(m, first, c, next)) {
			c->segment = c->segment || first;
			first = c;
		}
		next = c->index + (int64_t)c->samples;
	}
}

size_t sigmf_segment_end(const struct sigmf *m, size_t first)
{
	for (first++; first < m->captures && !m->capture[first].segment; first++)
		;
	return first;
}

bool sigmf_made_anew(const char *key)
{
	static const char *const keys[] = {
		"kinds", "expect_frames", "rate_num", "rate_den", "col", "frames"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

bool sigmf_time_fits(struct utc t)
{
	return t.sec >= YEAR_0_S && t.sec < YEAR_10000_S;
}

int64_t sigmf_position(const struct sigmf *m, size_t first, size_t end, int64_t index)
{
	const struct sigmf_capture *c = m->capture;
	size_t low = first, high = end;

	/* The first that ends behind the index. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c[middle].index + (int64_t)c[middle].samples > index)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == end)
		return c[end - 1].start + (int64_t)c[end - 1].samples;
	return index > c[low].index ? c[low].start + (index - c[low].index) : c[low].start;
}

int64_t sigmf_index(const struct sigmf *m, int64_t position)
{
	size_t low = 0, high = m->captures;

	/* The last that begins at or before the position, and has samples. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->capture[middle].start <= position)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 1 && m->capture[low - 1].samples == 0; low--)
		;
	return m->capture[low - 1].index + (position - m->capture[low - 1].start);
}

struct order {
	struct sigmf_annotation annotation;
	size_t number;
};

static int by_start(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->annotation.start != y->annotation.start)
		return x->annotation.start < y->annotation.start ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

void sigmf_sort_annotations(struct sigmf *m)
{
	struct order *order = xcalloc(m->annotations + 1, sizeof(*order));

	for (size_t i = 0; i < m->annotations; i++)
		order[i] = (struct order){m->annotation[i], i};
	qsort(order, m->annotations, sizeof(*order), by_start);
	for (size_t i = 0; i < m->annotations; i++)
		m->annotation[i] = order[i].annotation;
	free(order);
}
