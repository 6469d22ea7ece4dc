/* SPDX-License-Identifier: ISC */
#include "radio/timeline.h"

#include "kern/kern.h"

static void begin(struct timeline *t, const struct spectra_form *form, const struct meta *meta)
{
	if (form->subchannels > TIMELINE_SUBCHANNELS_MAX)
		die(EXIT_DATA, "%zu subchannels: at most %d can be shown", form->subchannels,
			TIMELINE_SUBCHANNELS_MAX);
	t->form = *form;
	t->has_time0 = meta_utc(meta, "time0", &t->time0);
	t->one_centre = true;
	for (size_t i = 0; i < form->subchannels; i++)
		t->centre_hz[i] = spectra_centre_hz(meta, i);
}

void timeline_segment(struct timeline *t, const struct spectra_form *form, const struct meta *meta,
	int64_t row_step)
{
	struct utc time0;

	if (t->form.subchannels == 0)
		begin(t, form, meta);
	spectra_same_form(&t->form, form);
	t->first_row = true;
	t->row_step = row_step;
	t->shift = 0;
	if (t->has_time0 && meta_utc(meta, "time0", &time0))
		t->shift = ns_to_samples(utc_minus(time0, t->time0), t->form.rate);
}

void timeline_grid(struct timeline *t, size_t columns, size_t time, enum rowgrid_stat stat)
{
	t->grid = rowgrid_new(&(struct rowgrid_config){
		.subchannels = t->form.subchannels,
		.bins = t->form.bins,
		.columns = columns,
		.capacity = TIMELINE_CAPACITY(time),
		.stat = stat,
	});
}

/* Compares the centres with those before; a change at sample `at` is marked. */
static void follow_centres(struct timeline *t, const struct meta *meta, int64_t at)
{
	for (size_t i = 0; i < t->form.subchannels; i++) {
		double before = t->centre_hz[i], now = spectra_centre_hz(meta, i);
		bool marked = t->retunes > 0 && t->retune_at[t->retunes - 1] == at;

		t->centre_hz[i] = now;
		if (now == before)
			continue;
		t->one_centre = false;
		if (marked || t->retunes == TIMELINE_RETUNES_MAX)
			continue;
		t->retune_at[t->retunes] = at;
		axis_change_text(t->retune[t->retunes++].label, before, now);
	}
}

/* The sample at which the row k steps after an index begins. */
static int64_t row_start(const struct timeline *t, int64_t index, uint64_t k)
{
	__int128 start = (__int128)index + t->shift + (__int128)k * t->row_step;

	if (start > INT64_MAX || start < INT64_MIN)
		die(EXIT_DATA, "row %llu: its index is out of range", (unsigned long long)k);
	return (int64_t)start;
}

void timeline_add(struct timeline *t, const struct meta *meta, int64_t index, uint64_t k,
	uint64_t steps, const float *row)
{
	int64_t start = row_start(t, index, k), step = t->row_step * (int64_t)steps, from, to;
	bool first = t->first_row;

	t->first_row = false;
	if (rowgrid_extent(t->grid, &from, &to) && start < t->last_start) {
		if ((__int128)start + t->slack >= t->last_start) {
			start = t->last_start;
		} else {
			if (!first)
				die(EXIT_DATA, "spectra go back in time");
			warn("a segment begins before the one before it ends: drawn behind it, "
			     "where the time axis does not hold");
			t->shift = (int64_t)((uint64_t)t->shift + (uint64_t)to - (uint64_t)start);
			start = to;
		}
	}
	rowgrid_add(t->grid, start, step, row);
	t->last_start = start;
	if (first)
		follow_centres(t, meta, start);
}

float *timeline_levels(const struct timeline *t, size_t time, size_t columns)
{
	size_t plane = time * columns, n = t->form.subchannels * plane;
	float *db = xaligned(n, sizeof(*db));

	for (size_t i = 0; i < t->form.subchannels; i++)
		rowgrid_render(t->grid, i, time, columns, db + i * plane);
	kern()->decibel(db, db, n);
	return db;
}

struct axis timeline_time_axis(const struct timeline *t)
{
	int64_t from, to;

	rowgrid_extent(t->grid, &from, &to);
	return axis_of_samples(from - t->origin, to - t->origin, t->form.rate,
		t->has_time0 && !t->elapsed ? &t->time0 : NULL);
}

struct axis timeline_band_axis(const struct timeline *t, size_t subchannel)
{
	const struct spectra_form *form = &t->form;

	return axis_of_band(t->one_centre ? t->centre_hz[subchannel] : 0,
		form->bin0_hz - form->bin_step_hz / 2, form->bin_step_hz * (double)form->bins);
}

void timeline_place_markers(struct timeline *t, size_t time)
{
	int64_t from, to;

	rowgrid_extent(t->grid, &from, &to);
	for (size_t i = 0; i < t->retunes; i++)
		t->retune[i].row = (size_t)(((__int128)t->retune_at[i] - from) * (__int128)time /
					    ((__int128)to - from));
}
