/* SPDX-License-Identifier: ISC */
#include "io/drf_mask.h"

#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "kern/kern.h"

bool drf_fill_is_plain(unsigned dtype)
{
	if (dtype_float(dtype))
		return true;
	return dtype_complex(dtype) && dtype_real(dtype) % 2 == 0;
}

static size_t row_bytes(const struct drf_mask *m)
{
	return dtype_size(m->properties->dtype) * m->properties->subchannels;
}

static size_t find_data(const struct drf_mask *m, const struct drf_piece *piece, size_t start)
{
	return kern()->find_data(
		piece->data, piece->rows, m->properties->subchannels, m->properties->dtype, start);
}

static size_t find_fill(const struct drf_mask *m, const struct drf_piece *piece, size_t start)
{
	return kern()->find_fill(
		piece->data, piece->rows, m->properties->subchannels, m->properties->dtype, start);
}

/* Decides about the run of fill that has ended. */
static void settle(struct drf_mask *m)
{
	if (m->run >= m->fill_rows)
		m->masked += (int64_t)m->run;
	else if (m->run > 0)
		m->put(m->arg, m->end - (int64_t)m->run, m->run, m->held);
	m->run = 0;
	m->in_fill = false;
}

/* Adds rows to the run of fill; they are kept only while it may still be data. */
static void hold(struct drf_mask *m, const uint8_t *data, size_t rows)
{
	size_t row = row_bytes(m), held = m->run * row;

	m->run += rows;
	if (m->run >= m->fill_rows)
		return;
	if (m->run * row > m->held_bytes) {
		m->held_bytes = 2 * m->run * row;
		m->held = xrealloc(m->held, m->held_bytes, 1);
	}
	memcpy(m->held + held, data, rows * row);
}

/* The first row from `start` on with a run of fill that is long, or may become so. */
static size_t end_of_data(const struct drf_mask *m, const struct drf_piece *piece, size_t start)
{
	size_t begin, end = start;

	do {
		begin = find_fill(m, piece, end);
		end = find_data(m, piece, begin);
	} while (end < piece->rows && end - begin < m->fill_rows);
	return begin;
}

void drf_mask_piece(struct drf_mask *m, const struct drf_piece *piece)
{
	const uint8_t *data = piece->data;
	size_t row = row_bytes(m), next;

	if (m->end != piece->index)
		settle(m);
	m->end = piece->index;
	for (size_t at = 0; at < piece->rows; at = next) {
		if (!m->in_fill) {
			next = end_of_data(m, piece, at);
			if (next > at)
				m->put(m->arg, m->end, next - at, data + at * row);
			m->end += (int64_t)(next - at);
			m->in_fill = next < piece->rows;
			continue;
		}
		next = find_data(m, piece, at);
		hold(m, data + at * row, next - at);
		m->end += (int64_t)(next - at);
		if (next < piece->rows)
			settle(m);
	}
}

void drf_mask_end(struct drf_mask *m)
{
	settle(m);
	free(m->held);
	m->held = NULL;
}
