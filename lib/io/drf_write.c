/* SPDX-License-Identifier: ISC */
#include "io/drf_write.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "io/drf_write_parts.h"
#include "io/h5_write.h"

#define STAGE_BYTES (1u << 18) /* a chunk, or what is written at once: fits any cache */

/* One component of the fill value: NaN, the least of a signed integer, 0. */
static void component_fill(unsigned dtype, uint8_t out[8])
{
	size_t size = dtype_size(dtype_real(dtype));
	const double nan64 = (double)NAN;
	const float nan32 = NAN;

	memset(out, 0, 8);
	if (dtype_real(dtype) == DTYPE_F64)
		memcpy(out, &nan64, size);
	else if (dtype_float(dtype))
		memcpy(out, &nan32, size);
	else if (dtype_real(dtype) % 2 == 0)
		out[size - 1] = 0x80;
}

/* Rows of the fill value; the first element is also the datasets' property. */
static void make_fill(struct drf_writer *w)
{
	const struct drf_properties *p = &w->layout.properties;
	size_t size = dtype_size(dtype_real(p->dtype));
	uint8_t one[8];

	w->fill = xaligned(w->stage_rows, w->row_bytes);
	component_fill(p->dtype, one);
	for (size_t at = 0; at < w->stage_rows * w->row_bytes; at += size)
		memcpy(w->fill + at, one, size);
}

int drf_layout_check(const struct drf_layout *layout, struct error *e)
{
	const struct drf_properties *p = &layout->properties;
	uint64_t rows = (uint64_t)drf_index_at(p->file_ms, p->rate) + 1, bytes;

	if (!mul_fits(rows, dtype_size(p->dtype) * p->subchannels, &bytes) ||
		bytes > DRF_WRITE_FILE_MAX)
		return fail(e, EXIT_DATA, "a file of %lld ms would hold more than 1 TiB",
			(long long)p->file_ms);
	return 0;
}

int drf_writer_open(struct drf_writer **opened, const char *folder, const char *name,
	const struct drf_layout *layout, struct error *e)
{
	const struct drf_properties *p = &layout->properties;
	struct drf_writer *w = xcalloc(1, sizeof(*w));
	int r = 0;

	*opened = w;
	w->path = xstrdup(folder);
	w->name = xstrdup(name);
	w->layout = *layout;
	w->end = -1;
	w->row_bytes = dtype_size(p->dtype) * p->subchannels;
	w->stage_rows = STAGE_BYTES / w->row_bytes ? STAGE_BYTES / w->row_bytes : 1;
	w->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->lock < 0)
		r = fail(e, EXIT_CANTCREATE, "%s: cannot write there: %s", name, strerror(errno));
	else if (flock(w->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		r = fail(e, EXIT_AGAIN, "%s: another program writes this channel", name);
	if (!r)
		r = drf_settle_properties(w, e);
	if (r)
		return r;
	drf_tree_open(&w->tree, folder, "rf", true, p->folder_s * 1000, p->file_ms);
	make_fill(w);
	w->staged = xaligned(w->stage_rows, w->row_bytes);
	w->form = (struct drf_h5_rows){
		.type = h5_type(p->dtype),
		.width = p->subchannels,
		.gzip = layout->gzip,
		.checksum = layout->checksum,
		.fill = w->fill,
	};
	return 0;
}

/*
 * A file.
 */

static bool put_file_attributes(struct drf_writer *w)
{
	uint64_t second = (uint64_t)drf_ms_of(w->first, w->layout.properties.rate) / 1000;

	return drf_put_attributes(w->data, &w->layout.properties) &&
	       drf_h5_put_i32(w->data, "sequence_num", w->sequence) &&
	       drf_h5_put_u64(w->data, "init_utc_timestamp", w->init_s) &&
	       drf_h5_put_u64(w->data, "computer_time", second) &&
	       drf_h5_put_text(w->data, "uuid_str", w->layout.uuid);
}

static int open_file(struct drf_writer *w, int64_t ms, struct error *e)
{
	const struct drf_properties *p = &w->layout.properties;
	const struct drf_layout *l = &w->layout;
	char name[DRF_NAME_MAX];
	int r = drf_part_begin(w, &w->part, drf_tree_name(&w->tree, ms, name), false, e);

	if (r)
		return r;
	w->first = drf_index_at(ms, p->rate);
	w->file_end = drf_index_at(ms + p->file_ms, p->rate);
	w->written = w->waiting = w->runs = 0;
	w->form.rows_max = (uint64_t)(w->file_end - w->first);
	w->form.chunk_rows = w->stage_rows;
	if (w->form.chunk_rows > w->form.rows_max)
		w->form.chunk_rows = w->form.rows_max;
	if (p->continuous && !l->gzip && !l->checksum)
		w->form.chunk_rows = 0;
	r = drf_h5_create(&w->part.file, w->part.part, w->part.label, e);
	if (r)
		return r;
	w->data = drf_h5_new_rows(w->part.file, "rf_data", &w->form);
	if (w->data < 0 || !put_file_attributes(w))
		return drf_h5_failed(w->part.label, e);
	w->open = true;
	w->sequence++;
	return 0;
}

static int write_rows(struct drf_writer *w, size_t rows, const void *data, struct error *e)
{
	if (!drf_h5_write_rows(w->data, &w->form, w->written, rows, data))
		return drf_h5_failed(w->part.label, e);
	w->written += rows;
	return 0;
}

static int flush(struct drf_writer *w, struct error *e)
{
	size_t rows = w->waiting;

	w->waiting = 0;
	return rows ? write_rows(w, rows, w->staged, e) : 0;
}

/* Rows go to the file in whole chunks, those that are not yet one by way of the stage. */
static int add_rows(struct drf_writer *w, size_t rows, const uint8_t *data, struct error *e)
{
	size_t chunk = w->form.chunk_rows ? w->form.chunk_rows : w->stage_rows, n;
	int r = 0;

	for (; rows > 0 && !r; rows -= n, data += n * w->row_bytes) {
		if (w->waiting == 0 && rows >= chunk) {
			n = rows - rows % chunk;
			r = write_rows(w, n, data, e);
			continue;
		}
		n = chunk - w->waiting < rows ? chunk - w->waiting : rows;
		memcpy(w->staged + w->waiting * w->row_bytes, data, n * w->row_bytes);
		w->waiting += n;
		if (w->waiting == chunk)
			r = flush(w, e);
	}
	return r;
}

static int add_fill(struct drf_writer *w, uint64_t rows, struct error *e)
{
	size_t n;
	int r = 0;

	for (; rows > 0 && !r; rows -= n) {
		n = rows < w->stage_rows ? (size_t)rows : w->stage_rows;
		r = add_rows(w, n, w->fill, e);
	}
	return r;
}

static void add_run(struct drf_writer *w, int64_t index)
{
	if (w->runs == w->run_room) {
		w->run_room = w->run_room ? 2 * w->run_room : 16;
		w->run = xrealloc(w->run, w->run_room, sizeof(*w->run));
	}
	w->run[w->runs][0] = (uint64_t)index;
	w->run[w->runs][1] = w->written + w->waiting;
	w->runs++;
}

/* They have samples now. */
static void forget_made(struct drf_writer *w)
{
	while (w->made_count > 0)
		free(w->made[--w->made_count]);
}

static int close_file(struct drf_writer *w, struct error *e)
{
	bool continuous = w->layout.properties.continuous;
	int r = 0;

	if (!w->open)
		return 0;
	w->open = false;
	if (continuous)
		r = add_fill(w, w->form.rows_max - w->written - w->waiting, e);
	if (!r)
		r = flush(w, e);
	if (!r && !drf_h5_put_pairs(w->part.file, "rf_data_index", w->run, w->runs))
		r = drf_h5_failed(w->part.label, e);
	/* Who finds the samples shall find what they are tuned to. */
	if (!r)
		r = drf_write_tunings(w, e);
	if (!r)
		r = drf_part_publish(w, &w->part, e);
	if (!r)
		forget_made(w);
	return r;
}

/* Rows of one file. */
static int put_in_file(
	struct drf_writer *w, int64_t index, size_t rows, const uint8_t *data, struct error *e)
{
	int r = 0;

	if (w->layout.properties.continuous) {
		if (w->runs == 0)
			add_run(w, w->first);
		r = add_fill(w, (uint64_t)(index - w->first) - w->written - w->waiting, e);
	} else if (w->runs == 0 || w->end != index) {
		add_run(w, index);
	}
	return r ? r : add_rows(w, rows, data, e);
}

/* Finishes the open file and opens the one that has this sample, unless that is open. */
static int turn_to(struct drf_writer *w, int64_t index, struct error *e)
{
	const struct drf_properties *p = &w->layout.properties;
	int64_t ms;
	int r;

	if (w->open && index < w->file_end)
		return 0;
	ms = drf_ms_of(index, p->rate);
	ms -= ms % p->file_ms;
	r = close_file(w, e);
	if (!r && ms + p->file_ms >= DRF_MS_END)
		r = fail(e, EXIT_DATA, "sample %lld: after the year 9999", (long long)index);
	return r ? r : open_file(w, ms, e);
}

int drf_writer_put(
	struct drf_writer *w, int64_t index, size_t rows, const void *data, struct error *e)
{
	int r = 0;

	if (index < 0 || (uint64_t)(INT64_MAX - index) < rows)
		return fail(e, EXIT_DATA, "sample %lld: before 1970, or beyond counting",
			(long long)index);
	if (index < w->end)
		return fail(e, EXIT_DATA,
			"sample %lld: the channel is written up to %lld: must ascend",
			(long long)index, (long long)w->end);
	if (w->end < 0)
		w->init_s = (uint64_t)drf_ms_of(index, w->layout.properties.rate) / 1000;
	for (size_t n; rows > 0 && !r; rows -= n) {
		r = turn_to(w, index, e);
		if (r)
			break;
		n = (uint64_t)(w->file_end - index) < rows ? (size_t)(w->file_end - index) : rows;
		r = put_in_file(w, index, n, data, e);
		index += (int64_t)n;
		w->end = index;
		data = (const uint8_t *)data + n * w->row_bytes;
	}
	return r;
}

int drf_writer_finish(struct drf_writer *w, struct error *e)
{
	return close_file(w, e);
}

void drf_writer_abandon(struct drf_writer *w)
{
	if (w->part.there)
		unlink(w->part.part);
	if (w->aside.there)
		unlink(w->aside.part);
	for (size_t i = 0; i < w->made_count; i++)
		unlink(w->made[i]);
	w->made_count = 0;
	w->part.there = w->aside.there = false;
}

void drf_writer_free(struct drf_writer *w)
{
	forget_made(w);
	free(w->made);
	if (w->lock >= 0)
		close(w->lock);
	if (w->form.type > 0)
		H5Tclose(w->form.type);
	drf_tree_close(&w->tree);
	drf_tree_close(&w->metadata);
	drf_part_clear(&w->part);
	drf_part_clear(&w->aside);
	free(w->path);
	free(w->name);
	free(w->staged);
	free(w->fill);
	free(w->run);
	free(w->tuning);
	free(w->hz);
	free(w);
}
