/* SPDX-License-Identifier: ISC */
/*
 * drf-read: a channel of a DigitalRF capture. Out: IQ as recorded, the index counted since 1970.
 * Gaps and runs of the fill value are left out, a retune ends the segment. libhdf5 does not survive
 * every hostile file, so all of it happens in a child process.
 */
#include <math.h>
#include <string.h>

#include "base/child.h"
#include "base/place.h"
#include "io/drf_mask.h"
#include "kern/kern.h"
#include "stream/filter.h"

#define DECODE_LIMIT_S 10
#define MEMORY_MAX (UINT64_C(5) << 28) /* the largest chunk twice, and room */
#define FILL_ROWS 16		       /* the shortest run that is no signal */
#define FILL_ROWS_MAX (1 << 20)
#define LOOK_EVERY_MS 1000

struct options {
	const char *channel, *subchannel, *from, *to, *fill;
	bool follow, to_float, strict;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'c', "channel", OPT_TEXT, AT(channel), "", NULL, 0, 0, "CH", OPT_OUTPUT,
		"channel; not needed if there is only one"},
	{'s', "subchannel", OPT_TEXT, AT(subchannel), "", "all", 0, 0, "SUB|all", OPT_OUTPUT,
		"one subchannel, counted from 0, or all"},
	{0, "from", OPT_TEXT, AT(from), "", NULL, 0, 0, "INDEX|TIME|+DURATION", OPT_OUTPUT,
		"first sample; + counts from the capture's first"},
	{0, "to", OPT_TEXT, AT(to), "", NULL, 0, 0, "INDEX|TIME|+DURATION", OPT_OUTPUT,
		"sample to stop before; + counts from --from"},
	{0, "fill", OPT_TEXT, AT(fill), "rows", "auto", 0, 0, "auto|mask[:N]|keep", OPT_OUTPUT,
		"leave out runs of N rows of the fill value"},
	{0, "follow", OPT_FLAG, AT(follow), "", NULL, 0, 0, NULL, 0,
		"wait for new files at the end of a live capture"},
	{0, "float", OPT_FLAG, AT(to_float), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"make f32 of it, full scale 1"},
	{0, "strict", OPT_FLAG, AT(strict), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"a file that cannot be read is an error, not a gap"},
	OPTIONS_END,
};

struct reading {
	struct child *child;
	struct drf *drf;
	const struct drf_properties *p;
	struct place from_place, to_place;
	int64_t from, end; /* the range */

	unsigned first, subchannels; /* those chosen */
	unsigned dtype;		     /* of the output */
	size_t row_in, row_out;	     /* bytes */
	size_t block_rows;	     /* at most so many in a frame */
	void *chosen, *converted;    /* room for block_rows, where needed */

	struct drf_tunings tunings;
	int64_t tuned_to; /* changes before this are in the list */
	double *hz;	  /* of the segment, one for each of the chosen */
	bool begun;
	int64_t put_end; /* index after the last row put in this segment, -1 before the first */

	struct drf_mask mask; /* unused if fill_rows is 0 */
	int64_t skipped;
};

/* Rows of fill to leave out; -1 for what suits the element type. */
static int64_t parse_fill(const char *text)
{
	int64_t rows = FILL_ROWS;

	if (!strcmp(text, "auto"))
		return -1;
	if (!strcmp(text, "keep"))
		return 0;
	if (strcmp(text, "mask") && (!starts_with(text, "mask:") || !parse_count(text + 5, &rows) ||
					    rows < 1 || rows > FILL_ROWS_MAX))
		die(EXIT_USAGE,
			"--fill: '%s': must be auto, mask, mask:N with N from 1 to %d, or keep",
			text, FILL_ROWS_MAX);
	return rows;
}

static int64_t parse_subchannel(const char *text)
{
	int64_t n = -1;

	if (strcmp(text, "all") && (!parse_i64(text, &n) || n < 0))
		die(EXIT_USAGE, "--subchannel: '%s': must be all or a number from 0", text);
	return n;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state = xcalloc(1, sizeof(*r));

	f->operands[0] = drf_top(f->operands[0]);
	r->from_place = place_option("from", o->from);
	r->to_place = place_option("to", o->to);
	parse_fill(o->fill);
	parse_subchannel(o->subchannel);
	if (o->follow)
		filter_unbounded(f);
	f->sandbox = (struct sandbox){.read_paths = (const char *const *)f->operands,
		.read_count = 1,
		.memory = MEMORY_MAX};
	r->child = child_start(DECODE_LIMIT_S);
}

static void on_decoding(void *arg, const char *file)
{
	struct filter *f = arg;
	struct reading *r = f->state;

	child_busy(r->child, file);
}

static void on_skipped(void *arg, const struct error *why)
{
	struct filter *f = arg;
	const struct options *o = f->options;
	struct reading *r = f->state;

	if (o->strict)
		die(EXIT_DATA, "%s", why->text);
	warn("%s: left out", why->text);
	r->skipped++;
}

/* Sets the segment's frequencies; whether they differ from those before. */
static bool retune(struct reading *r, const double *hz)
{
	bool changed = false;

	for (unsigned i = 0; i < r->subchannels; i++) {
		double now = hz ? hz[r->first + i] : NAN;

		changed = changed || (now != r->hz[i] && !(isnan(now) && isnan(r->hz[i])));
		r->hz[i] = now;
	}
	return changed;
}

/* A guess: as many frames as the files that lie in the range would give. */
static int64_t expected_frames(const struct reading *r)
{
	int64_t file = ns_to_samples(r->p->file_ms * 1000000, r->p->rate) + 1;
	int64_t block = (int64_t)r->block_rows, rows = r->end - r->from;

	return rows / file * ((file + block - 1) / block) + (rows % file + block - 1) / block;
}

static void begin_segment(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	struct meta m = {0};
	bool known = true;
	char text[NUMBER_TEXT];

	for (unsigned i = 0; i < r->subchannels; i++)
		known = known && !isnan(r->hz[i]);
	meta_set_rate(&m, r->p->rate);
	meta_set(&m, "time0", "1970-01-01T00:00:00Z");
	for (unsigned i = 0; known && i < r->subchannels; i++)
		meta_add(&m, "freq_hz", format_f64(text, r->hz[i]));
	meta_set_f64(&m, "full_scale", dtype_full_scale(r->dtype));
	if (dtype_zero(r->dtype) != 0)
		meta_set_f64(&m, "zero", dtype_zero(r->dtype));
	if (!o->follow)
		meta_setf(&m, "expect_frames", "%lld", (long long)expected_frames(r));
	filter_head(f, &m);
	meta_clear(&m);
	r->begun = true;
	r->put_end = -1;
}

/* The chosen subchannels of rows, in the type asked for. */
static const void *transform(struct reading *r, size_t rows, const void *data)
{
	unsigned dtype = r->p->dtype;
	size_t element = dtype_size(dtype), chosen = element * r->subchannels;
	const uint8_t *from = (const uint8_t *)data + element * r->first;

	if (r->chosen) {
		for (size_t k = 0; k < rows; k++)
			memcpy((uint8_t *)r->chosen + k * chosen, from + k * r->row_in, chosen);
		data = r->chosen;
	}
	if (!r->converted)
		return data;
	kern()->convert(r->converted, data, rows * r->subchannels, dtype, dtype_zero(dtype),
		dtype_full_scale(dtype));
	return r->converted;
}

static void put_frame(struct filter *f, int64_t index, size_t rows, const void *data)
{
	struct reading *r = f->state;
	struct frame out = {
		.kind = KIND_IQ,
		.dtype = (uint8_t)r->dtype,
		.ndim = 2,
		.dim = {rows, r->subchannels},
		.index = index,
		.flags = r->put_end >= 0 && r->put_end != index ? FRAME_DISCONTINUITY : 0,
		.payload_len = rows * r->row_out,
		.payload = transform(r, rows, data),
	};

	filter_put(f, &out);
	r->put_end = index + (int64_t)rows;
}

/* Puts rows, in segments of one tuning each. */
static void put(void *arg, int64_t index, size_t rows, const void *data)
{
	struct filter *f = arg;
	struct reading *r = f->state;

	for (const uint8_t *at = data; rows > 0;) {
		int64_t until;
		const double *hz = drf_tuning_at(&r->tunings, r->p->subchannels, index, &until);
		size_t n = rows < r->block_rows ? rows : r->block_rows;

		if ((int64_t)n > until - index)
			n = (size_t)(until - index);
		if (retune(r, hz) && r->begun) {
			filter_end(f, true);
			r->begun = false;
		}
		if (!r->begun)
			begin_segment(f);
		put_frame(f, index, n, at);
		index += (int64_t)n;
		rows -= n;
		at += n * r->row_in;
	}
}

/* Waits for a live capture to grow; false when told to stop. */
static bool wait_for_more(struct filter *f)
{
	const struct reading *r = f->state;

	filter_flush(f);
	if (!filter_stopping(f))
		drf_wait(r->drf, LOOK_EVERY_MS);
	return !filter_stopping(f);
}

/* Opens the channel and finds its first sample, in a live capture as soon as there is one. */
static bool open_channel(struct filter *f, int64_t *first, int64_t *end)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	struct drf_hooks hooks = {f, on_decoding, on_skipped};
	struct error e;

	if (drf_open(&r->drf, f->operands[0], o->channel, &hooks, &e))
		die_with(&e);
	r->p = drf_properties(r->drf);
	while (!drf_span(r->drf, first, end)) {
		if (!o->follow)
			die(EXIT_DATA, "%s: no samples in it that can be read", drf_name(r->drf));
		if (!wait_for_more(f))
			return false;
	}
	return true;
}

static void choose_range(struct filter *f, int64_t first, int64_t end)
{
	const struct utc epoch = {0};
	const struct options *o = f->options;
	struct reading *r = f->state;

	r->from = place_index(&r->from_place, r->p->rate, epoch, first);
	if (o->follow)
		end = INT64_MAX;
	r->end = place_index(&r->to_place, r->p->rate, epoch, r->to_place.kind ? r->from : end);
	if (r->from_place.kind && r->to_place.kind && r->from >= r->end)
		die(EXIT_USAGE, "--to: %lld: must be after --from, %lld", (long long)r->end,
			(long long)r->from);
	if (r->end <= first || r->from >= end)
		die(EXIT_NO, "%s: no samples from %lld to %lld: its files span %lld to %lld",
			drf_name(r->drf), (long long)r->from, (long long)r->end, (long long)first,
			(long long)end);
	r->from = r->from > first ? r->from : first;
	r->end = r->end < end ? r->end : end;
}

static void choose_form(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	int64_t sub = parse_subchannel(o->subchannel), fill = parse_fill(o->fill);
	unsigned dtype = r->p->dtype;

	if (sub >= (int64_t)r->p->subchannels)
		die(EXIT_USAGE, "--subchannel: '%s': the channel has 0 to %u", o->subchannel,
			r->p->subchannels - 1);
	r->first = sub < 0 ? 0 : (unsigned)sub;
	r->subchannels = sub < 0 ? r->p->subchannels : 1;
	r->dtype = o->to_float ? DTYPE_F32 | (dtype & DTYPE_COMPLEX) : dtype;
	r->row_in = dtype_size(dtype) * r->p->subchannels;
	r->row_out = dtype_size(r->dtype) * r->subchannels;
	r->block_rows = FRAME_PAYLOAD_MAX / (r->row_in > r->row_out ? r->row_in : r->row_out);
	r->block_rows = r->block_rows ? r->block_rows : 1;
	if (r->subchannels < r->p->subchannels)
		r->chosen = xaligned(r->block_rows, dtype_size(dtype) * r->subchannels);
	if (r->dtype != dtype)
		r->converted = xaligned(r->block_rows, r->row_out);
	r->hz = xcalloc(r->subchannels, sizeof(*r->hz));
	retune(r, NULL);
	if (fill < 0)
		fill = drf_fill_is_plain(dtype) ? FILL_ROWS : 0;
	r->mask = (struct drf_mask){
		.properties = r->p, .fill_rows = (size_t)fill, .put = put, .arg = f};
}

/* Changes of the tuning up to the end of the range; of a live one, of a file's time at once. */
static void update_tunings(struct reading *r, int64_t index, bool follow)
{
	if (index < r->tuned_to)
		return;
	r->tuned_to = r->end;
	if (follow)
		r->tuned_to = index + 1 + ns_to_samples(r->p->file_ms * 1000000, r->p->rate);
	drf_tunings_free(&r->tunings);
	drf_tunings(r->drf, index, r->tuned_to, &r->tunings);
}

static void read_all(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	struct drf_piece piece;
	int64_t reached = r->from;

	drf_seek(r->drf, r->from, r->end);
	do {
		while (!(o->follow && filter_stopping(f)) && drf_next(r->drf, &piece)) {
			update_tunings(r, piece.index, o->follow);
			if (r->mask.fill_rows)
				drf_mask_piece(&r->mask, &piece);
			else
				put(f, piece.index, piece.rows, piece.data);
			reached = piece.index + (int64_t)piece.rows;
		}
	} while (o->follow && reached < r->end && wait_for_more(f));
	drf_mask_end(&r->mask);
}

static void run(struct filter *f)
{
	struct reading *r = f->state;
	int64_t first, end;

	if (!open_channel(f, &first, &end))
		return;
	choose_range(f, first, end);
	choose_form(f);
	read_all(f);
	if (!r->begun)
		begin_segment(f);
	if (r->mask.masked > 0)
		filter_note(f, "masked", r->mask.masked);
	if (r->skipped > 0)
		filter_note(f, "skipped_files", r->skipped);
	drf_close(r->drf);
}

static const struct command command = {
	.name = "drf-read",
	.summary = "read a DigitalRF capture",
	.operands = "TOP",
	.operands_min = 1,
	.operands_max = 1,
	.example = "capture",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = DTYPES_ALL,
	.unit_out = "none",
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
