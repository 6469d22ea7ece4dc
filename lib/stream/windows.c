/* SPDX-License-Identifier: ISC */
#include "stream/windows.h"

#include <stdlib.h>
#include <string.h>

struct windows {
	size_t n, hop, row_size;
	bool in_run;
	int64_t next;    /* index of the next window's first sample; INT64_MAX if that is beyond */
	int64_t covered; /* end of the last window */
	int64_t have;    /* end of the samples seen */
	int64_t period;  /* of borders that no window crosses; 0 = none … */
	int64_t left;    /* … and samples to the next one */

	/* Samples carried over a border, at the index `next`; full ones stay until the next feed. */
	char *carry;
	size_t carried;
	char **full;
	size_t fulls, fulls_size;

	struct window_run *run;
	size_t runs, runs_size, given;
};

struct windows *windows_new(size_t n, size_t hop, size_t row_size)
{
	struct windows *w = xcalloc(1, sizeof(*w));

	w->n = n;
	w->hop = hop;
	w->row_size = row_size;
	return w;
}

void windows_every(struct windows *w, int64_t period)
{
	w->period = period;
}

static void free_fulls(struct windows *w)
{
	for (size_t i = 0; i < w->fulls; i++)
		free(w->full[i]);
	w->fulls = 0;
}

void windows_free(struct windows *w)
{
	if (!w)
		return;
	free_fulls(w);
	free(w->full);
	free(w->carry);
	free(w->run);
	free(w);
}

static void add_run(struct windows *w, struct window_run run)
{
	if (w->runs == w->runs_size) {
		w->runs_size = w->runs_size ? w->runs_size * 2 : 64;
		w->run = xrealloc(w->run, w->runs_size, sizeof(*w->run));
	}
	w->run[w->runs++] = run;
}

/* How many windows start at or after `next`, before `limit`, and end by `end`. */
static size_t windows_in(const struct windows *w, int64_t limit, int64_t end)
{
	int64_t last; /* the last possible start */

	if (__builtin_sub_overflow(end, (int64_t)w->n, &last))
		return 0;
	if (last >= limit)
		last = limit - 1;
	return last < w->next ? 0 : (size_t)((last - w->next) / (int64_t)w->hop) + 1;
}

static void give_windows(struct windows *w, const void *data, size_t count)
{
	if (count == 0)
		return;
	add_run(w, (struct window_run){.data = data, .count = count, .index = w->next});
	w->covered = w->next + (int64_t)((count - 1) * w->hop + w->n);
	if (__builtin_add_overflow(w->next, (int64_t)(count * w->hop), &w->next))
		w->next = INT64_MAX;
}

static void keep_until_next_feed(struct windows *w)
{
	if (w->fulls == w->fulls_size) {
		w->fulls_size = w->fulls_size ? w->fulls_size * 2 : 16;
		w->full = xrealloc(w->full, w->fulls_size, sizeof(*w->full));
	}
	w->full[w->fulls++] = w->carry;
	w->carry = NULL;
	w->carried = 0;
}

/* Appends rows to the carry, which holds less than n before and needs at most n - 1 more. */
static void carry(struct windows *w, const void *rows, size_t count)
{
	if (!w->carry)
		w->carry = xaligned(2 * w->n, w->row_size);
	memcpy(w->carry + w->carried * w->row_size, rows, count * w->row_size);
	w->carried += count;
}

static void end_run(struct windows *w)
{
	struct window_run end = {.index = w->next};

	if (!w->in_run)
		return;
	if (w->have > w->covered && w->carried > 0) {
		end.data = w->carry;
		end.rest = w->carried;
	}
	add_run(w, end);
	if (w->carry)
		keep_until_next_feed(w);
	w->in_run = false;
}

/* The windows that begin in what was carried; false if the frame is too short for all of them. */
static bool finish_carried(struct windows *w, const char *rows, size_t count, int64_t index)
{
	size_t wanted = w->n - 1 < count ? w->n - 1 : count, ready;
	int64_t from = w->next;

	carry(w, rows, wanted);
	ready = windows_in(w, index, index + (int64_t)wanted);
	give_windows(w, w->carry, ready);
	if (w->next >= index) {
		keep_until_next_feed(w);
		return true;
	}
	/* All of the frame is in the carry now; what the windows are done with goes. */
	if (ready > 0) {
		size_t done = (size_t)(w->next - from), left = w->carried - done;
		char *old = w->carry;

		keep_until_next_feed(w);
		carry(w, old + done * w->row_size, left);
	}
	return false;
}

static void feed(struct windows *w, const struct frame *f)
{
	const char *rows = f->payload;
	size_t count = (size_t)f->dim[0], inside;
	int64_t index = f->index, end = index + (int64_t)count;
	bool all_used;

	if (count == 0)
		return;
	if (w->in_run && index != w->have)
		end_run(w);
	if (!w->in_run) {
		w->in_run = true;
		w->next = w->covered = index;
	}
	w->have = end;
	all_used = w->carried == 0 || finish_carried(w, rows, count, index);
	if (!all_used || w->next >= end)
		return;
	rows += (size_t)(w->next - index) * w->row_size;
	inside = windows_in(w, end, end);
	give_windows(w, rows, inside);
	if (w->next < end)
		carry(w, rows + inside * w->hop * w->row_size, (size_t)(end - w->next));
}

/* The same of a frame in pieces that end at the borders. */
static void feed_pieces(struct windows *w, const struct frame *f)
{
	struct frame piece = *f;
	int64_t count = (int64_t)f->dim[0], take;

	if (!w->in_run || f->index != w->have)
		w->left = w->period;
	for (int64_t done = 0; done < count; done += take) {
		take = w->left < count - done ? w->left : count - done;
		piece.payload = (const char *)f->payload + (size_t)done * w->row_size;
		piece.index = f->index + done;
		piece.dim[0] = (uint64_t)take;
		feed(w, &piece);
		w->left -= take;
		if (w->left > 0)
			continue;
		end_run(w);
		w->left = w->period;
	}
}

void windows_feed(struct windows *w, const struct frame *frames, size_t count)
{
	free_fulls(w);
	w->runs = w->given = 0;
	for (size_t i = 0; i < count; i++) {
		if (w->period > 0)
			feed_pieces(w, &frames[i]);
		else
			feed(w, &frames[i]);
	}
}

void windows_end(struct windows *w)
{
	w->runs = w->given = 0;
	end_run(w);
}

bool windows_next(struct windows *w, struct window_run *run)
{
	if (w->given == w->runs)
		return false;
	*run = w->run[w->given++];
	return true;
}
