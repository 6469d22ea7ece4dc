/* SPDX-License-Identifier: ISC */
/*
 * Windows over random frames with gaps, beside the plain definition: every start from a run's first
 * sample on, hop apart, whose n samples all lie in the run; or in its pieces of one period.
 */
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "stream/windows.h"

#define SAMPLES 4000
#define FRAMES 64
#define RUNS 1024

struct expected {
	size_t runs, next_run;
	int64_t begin[RUNS], end[RUNS];
	int64_t at; /* the next window of the current run */
	int64_t covered;
};

/* Samples carry their own index, two int32 to a row. */
static void fill(int32_t *rows, int64_t index, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rows[2 * i] = (int32_t)(index + (int64_t)i);
		rows[2 * i + 1] = ~rows[2 * i];
	}
}

static bool holds(const int32_t *rows, int64_t index, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[2 * i] != (int32_t)(index + (int64_t)i) || rows[2 * i + 1] != ~rows[2 * i])
			return false;
	return true;
}

static bool take_windows(struct expected *e, const struct window_run *run, size_t n, size_t hop)
{
	for (size_t k = 0; k < run->count; k++) {
		const int32_t *rows = (const int32_t *)run->data + 2 * k * hop;

		if (run->index + (int64_t)(k * hop) != e->at || !holds(rows, e->at, n) ||
			e->at + (int64_t)n > e->end[e->next_run])
			return false;
		e->covered = e->at + (int64_t)n;
		e->at += (int64_t)hop;
	}
	return true;
}

static bool take_end(struct expected *e, const struct window_run *run, size_t n)
{
	int64_t end = e->end[e->next_run];
	size_t rest = end > e->covered && end > e->at ? (size_t)(end - e->at) : 0;

	if (e->at + (int64_t)n <= end || run->rest != rest)
		return false;
	if (rest > 0 && (run->index != e->at || !holds(run->data, e->at, rest)))
		return false;
	e->next_run++;
	e->at = e->covered = e->begin[e->next_run < e->runs ? e->next_run : 0];
	return true;
}

static bool drain(struct windows *w, struct expected *e, size_t n, size_t hop)
{
	struct window_run run;

	while (windows_next(w, &run))
		if (run.count > 0 ? !take_windows(e, &run, n, hop) : !take_end(e, &run, n))
			return false;
	return true;
}

/* The runs end every `period` samples too. */
static void cut(struct expected *e, int64_t period)
{
	struct expected pieces = {0};

	for (size_t r = 0; r < e->runs; r++)
		for (int64_t at = e->begin[r]; at < e->end[r]; at += period) {
			pieces.begin[pieces.runs] = at;
			pieces.end[pieces.runs++] = at + period < e->end[r] ? at + period : e->end[r];
		}
	*e = pieces;
}

static bool one_case(bool periods)
{
	static int32_t store[FRAMES][2 * SAMPLES / 8] __attribute__((aligned(64)));
	struct frame frames[FRAMES];
	struct expected e = {0};
	size_t n = 1 + below(90), hop = 1 + below(130);
	size_t count = 1 + below(FRAMES - 1), fed = 0;
	struct windows *w = windows_new(n, hop, 8);
	int64_t index = (int64_t)(below(100000));
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		size_t length = below(3) ? below(400) : below(9);

		if (i == 0 || below(6) == 0) {
			index += i ? 1 + (int64_t)(below(50)) : 0;
			if (e.runs == 0 || e.end[e.runs - 1] > e.begin[e.runs - 1])
				e.runs++;
			e.begin[e.runs - 1] = e.end[e.runs - 1] = index;
		}
		fill(store[i], index, length);
		frames[i] = (struct frame){
			.kind = KIND_IQ, .index = index, .dim = {length, 1}, .payload = store[i]};
		index += (int64_t)length;
		e.end[e.runs - 1] = index;
	}
	if (e.end[e.runs - 1] == e.begin[e.runs - 1])
		e.runs--;
	if (periods) {
		int64_t period = (int64_t)(n + 50 + below(500));

		windows_every(w, period);
		cut(&e, period);
	}
	e.at = e.covered = e.begin[0];
	while (ok && fed < count) {
		size_t batch = 1 + below(count - fed);

		windows_feed(w, frames + fed, batch);
		ok = drain(w, &e, n, hop);
		fed += batch;
	}
	windows_end(w);
	ok = ok && drain(w, &e, n, hop) && e.next_run == e.runs;
	windows_free(w);
	return ok;
}

/* Whether two frames at an end of 64 bits give the expected windows, all of them inside. */
static bool at_border(int64_t index, size_t count, size_t n, size_t hop, size_t expected)
{
	static int32_t store[2 * 100] __attribute__((aligned(64)));
	struct frame frames[2];
	struct windows *w = windows_new(n, hop, 8);
	struct window_run run;
	size_t found = 0;
	bool inside = true;

	for (size_t i = 0; i < 2; i++)
		frames[i] = (struct frame){.kind = KIND_IQ, .index = index + (int64_t)(i * count),
			.dim = {count, 1}, .payload = store};
	for (size_t i = 0; i < 3; i++) {
		if (i < 2)
			windows_feed(w, &frames[i], 1);
		else
			windows_end(w);
		for (; windows_next(w, &run); found += run.count)
			inside = inside && (run.count == 0 || (run.index >= index &&
				(run.count - 1) * hop + n <=
					2 * count - (size_t)(run.index - index)));
	}
	windows_free(w);
	return inside && found == expected;
}

static void test_borders(void)
{
	check(at_border(INT64_MAX - 200, 100, 30, 30, 6), "windows up to the end of 64 bits");
	check(at_border(INT64_MAX - 200, 100, 150, 1 << 30, 1), "a hop from a carry to beyond it");
	check(at_border(INT64_MAX - 100, 50, 10, 1 << 30, 1), "a hop from a frame to beyond it");
	check(at_border(INT64_MIN, 50, 200, 1, 0), "no window in too few samples at the start");
}

int main(int argc, char **argv)
{
	bool ok = true;

	seed_from(argc, argv);
	for (int i = 0; ok && i < 3000; i++)
		ok = one_case(false);
	check(ok, "3000 streams of random frames and gaps give just the windows that lie in them");
	for (int i = 0; ok && i < 3000; i++)
		ok = one_case(true);
	check(ok, "and, with borders at a period, in the pieces between them");
	test_borders();
	return done();
}
