/* SPDX-License-Identifier: ISC */
#include "radio/iq_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kern/kern.h"

#define FRAME_BYTES (256u << 10)
#define FRAMES_PER_SECOND 20 /* at least, so that live streams stay live */
#define WORK_MOST 131072     /* input samples to a frame of the output */
#define SUPPORT_SHARE 4	     /* a frame is made of so many times its support at least */
#define OUTPUTS_AT_ONCE 4    /* for each thread */
#define INDEX_MOST (INT64_MAX / 2)

/* Samples that lie beside each other: what was carried, or a lent frame. */
struct piece {
	const char *rows;
	int64_t index;
	size_t count;
};

struct output {
	int64_t index;
	size_t n;
	float *rows;
};

struct subchannel_source {
	struct source source;
	const struct iq_step_inner *inner;
	unsigned subchannel;
};

struct iq_step_inner {
	struct iq_form form;
	struct chain *chain;
	struct chain_geometry at;
	const struct kern *kern;
	size_t row_size, parts, block; /* of an output sample; block: samples to a frame */
	unsigned workers;
	double scale;

	bool in_run, fresh;
	int64_t begin, have; /* of the run */
	int64_t next;	     /* output */
	struct piece *piece; /* the first of them is what was carried, if carried > 0 */
	size_t pieces, pieces_size, carried;
	char *carry;
	size_t carry_size;

	bool has_sent;
	int64_t sent; /* the index after the last output */
	int64_t dropped;
	struct output *output;
	size_t outputs;
	float **plane; /* of a worker: one subchannel, where there are more */
};

void iq_step_head(struct meta *out, uint64_t up, uint64_t down)
{
	struct rate rate = iq_rate(out);
	uint64_t a = common_divisor(rate.num, down), b = common_divisor(up, rate.den);

	if (!mul_fits(rate.num / a, up / b, &rate.num) ||
		!mul_fits(rate.den / b, down / a, &rate.den))
		die(EXIT_DATA, "rate times %llu/%llu: no fraction of 64 bits",
			(unsigned long long)up, (unsigned long long)down);
	a = common_divisor(rate.num, rate.den);
	rate.num /= a;
	rate.den /= a;
	meta_set_rate(out, rate);
	meta_set(out, "full_scale", "1");
	meta_remove(out, "zero");
}

void iq_step_ratio(struct rate to, struct rate from, uint64_t *up, uint64_t *down)
{
	uint64_t a = common_divisor(to.num, from.num), b = common_divisor(to.den, from.den);

	if (!mul_fits(to.num / a, from.den / b, up) || !mul_fits(from.num / a, to.den / b, down))
		die(EXIT_DATA,
			"rate_num %llu, rate_den %llu: its ratio to the new rate is no fraction "
			"of 64 bits",
			(unsigned long long)from.num, (unsigned long long)from.den);
}

void iq_step_move(struct meta *out, double hz)
{
	struct meta moved = {0};
	size_t at = 0;
	const char *text;

	while ((text = meta_next(out, "freq_hz", &at))) {
		char number[NUMBER_TEXT];
		double freq_hz;

		if (!parse_f64(text, false, &freq_hz))
			die(EXIT_DATA, "freq_hz %s: must be a number", text);
		meta_add(&moved, "freq_hz", format_f64(number, freq_hz + hz));
	}
	meta_overlay(out, &moved);
	meta_clear(&moved);
}

/* The samples of one subchannel, as far as there are any. */
static void fetch_rows(const struct source *source, int64_t index, size_t n, float *out)
{
	const struct subchannel_source *s = (const struct subchannel_source *)source;
	const struct iq_step_inner *in = s->inner;
	size_t parts = dtype_complex(in->form.dtype) ? 2 : 1;
	int64_t end = index + (int64_t)n, at = index;

	for (size_t i = 0; i < in->pieces && at < end; i++) {
		const struct piece *p = &in->piece[i];
		int64_t from = at > p->index ? at : p->index, to = p->index + (int64_t)p->count;

		if (to > end)
			to = end;
		if (from >= to)
			continue;
		memset(out, 0, (size_t)(from - at) * parts * sizeof(*out));
		out += (size_t)(from - at) * parts;
		in->kern->load(out,
			p->rows + (size_t)(from - p->index) * in->row_size +
				s->subchannel * dtype_size(in->form.dtype),
			(size_t)(to - from), in->form.dtype, in->form.subchannels, in->form.zero,
			in->scale, NULL);
		out += (size_t)(to - from) * parts;
		at = to;
	}
	memset(out, 0, (size_t)(end - at) * parts * sizeof(*out));
}

/* The first output whose place is at or behind an input index. */
static int64_t first_at(const struct iq_step_inner *in, int64_t index)
{
	__int128 product = (__int128)index * (__int128)in->at.up;
	__int128 whole = product / (__int128)in->at.down;

	return (int64_t)(whole + (whole * (__int128)in->at.down < product));
}

/* Outputs to a frame: many, but in time, unless their support would be most of the work. */
static size_t block_of(const struct iq_step_inner *in)
{
	const struct chain_geometry *g = &in->at;
	double ratio = (double)g->up / (double)g->down;
	double support = (double)(g->before + g->after + g->beyond);
	double block = FRAME_BYTES / (double)(in->parts * in->form.subchannels * sizeof(float));

	block = fmin(block, WORK_MOST * ratio);
	block = fmin(block, rate_hz(in->form.rate) * ratio / FRAMES_PER_SECOND);
	block = fmax(block, SUPPORT_SHARE * support * ratio);
	return (size_t)round_up(block > 1 ? (uint64_t)block : 1, g->grain);
}

static void begin(struct filter *f, const struct frame *frame)
{
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner = xcalloc(1, sizeof(*in));

	in->form = iq_form_of(f, frame);
	in->kern = kern();
	in->workers = step->make || !f->pool ? 1 : pool_threads(f->pool);
	in->chain = step->begin(f, &in->form, in->workers);
	in->at = chain_geometry(in->chain);
	in->parts = in->at.complex ? 2 : 1;
	in->row_size = dtype_size(in->form.dtype) * in->form.subchannels;
	in->scale = 1 / in->form.full_scale;
	in->block = block_of(in);
	in->outputs = in->workers > 1 ? in->workers * OUTPUTS_AT_ONCE : 1;
	in->output = xcalloc(in->outputs, sizeof(*in->output));
	in->plane = xcalloc(in->workers, sizeof(*in->plane));
}

static float *room(const struct iq_step_inner *in, float *rows, size_t subchannels)
{
	return rows ? rows : xaligned(in->block * subchannels, in->parts * sizeof(float));
}

/* Samples of one subchannel go between those of the others. */
static void interleave(
	float *rows, const float *plane, size_t n, size_t parts, size_t subchannels, size_t c)
{
	for (size_t k = 0; k < n; k++)
		for (size_t part = 0; part < parts; part++)
			rows[(k * subchannels + c) * parts + part] = plane[k * parts + part];
}

static void make_output(void *arg, size_t i, unsigned worker)
{
	struct filter *f = arg;
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner;
	struct output *o = &in->output[i];
	size_t subchannels = in->form.subchannels;

	o->rows = room(in, o->rows, subchannels);
	if (subchannels > 1)
		in->plane[worker] = room(in, in->plane[worker], 1);
	for (unsigned c = 0; c < subchannels; c++) {
		struct subchannel_source rows = {{fetch_rows}, in, c};
		struct iq_job job = {.index = o->index,
			.n = o->n,
			.subchannel = c,
			.worker = worker,
			.fresh = in->fresh,
			.in = &rows.source,
			.out = subchannels > 1 ? in->plane[worker] : o->rows};

		if (step->make)
			step->make(f, &job);
		else
			chain_run(in->chain, worker, job.in, job.index, job.n, job.out);
		if (subchannels > 1)
			interleave(o->rows, job.out, o->n, in->parts, subchannels, c);
	}
	if (step->make)
		in->fresh = false;
}

static void send(struct filter *f, const struct output *o)
{
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner;
	struct frame frame = {
		.kind = KIND_IQ,
		.dtype = DTYPE_F32 | (in->parts == 2 ? DTYPE_COMPLEX : 0),
		.ndim = 2,
		.dim = {o->n, in->form.subchannels},
		.index = o->index,
		.flags = in->has_sent && o->index != in->sent ? FRAME_DISCONTINUITY : 0,
		.payload = o->rows,
	};

	frame.payload_len = frame.dim[0] * frame.dim[1] * dtype_size(frame.dtype);
	filter_put(f, &frame);
	in->has_sent = true;
	in->sent = o->index + (int64_t)o->n;
}

static int64_t least_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Where an output's frame ends: at the next multiple of the block. */
static int64_t block_end(const struct iq_step_inner *in, int64_t k)
{
	int64_t block = (int64_t)in->block, at = k % block;

	return k + block - (at < 0 ? at + block : at);
}

/* Makes the outputs that are due: whole frames, or, when the run has ended, all. */
static void make_outputs(struct filter *f, bool ended)
{
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner;
	int64_t behind = (int64_t)(in->at.after + (ended ? 0 : in->at.beyond)), limit;

	if (in->have - in->begin <= behind)
		return;
	limit = first_at(in, in->have - behind);
	for (;;) {
		size_t count = 0;

		while (count < in->outputs && in->next < limit) {
			int64_t end = block_end(in, in->next);

			if (end > limit && !ended)
				break;
			end = least_of(end, limit);
			in->output[count].index = in->next;
			in->output[count++].n = (size_t)(end - in->next);
			in->next = end;
		}
		if (count == 0)
			return;
		pool_run(in->workers > 1 ? f->pool : NULL, count, make_output, f);
		for (size_t i = 0; i < count; i++)
			send(f, &in->output[i]);
	}
}

static void end_run(struct filter *f)
{
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner;
	int64_t made = first_at(in, in->begin + (int64_t)in->at.before);

	make_outputs(f, true);
	in->dropped += first_at(in, in->have) - first_at(in, in->begin) - (in->next - made);
	in->in_run = false;
	in->pieces = in->carried = 0;
}

static void add_piece(struct iq_step_inner *in, struct piece piece)
{
	if (in->pieces == in->pieces_size) {
		in->pieces_size = in->pieces_size ? 2 * in->pieces_size : 64;
		in->piece = xrealloc(in->piece, in->pieces_size, sizeof(*in->piece));
	}
	in->piece[in->pieces++] = piece;
}

/* Leaves out what of a piece lies before an index. */
static void cut(struct iq_step_inner *in, struct piece *p, int64_t from)
{
	int64_t gone = from < p->index ? 0 : least_of(from - p->index, (int64_t)p->count);

	p->rows += (size_t)gone * in->row_size;
	p->index += gone;
	p->count -= (size_t)gone;
}

/* What outputs to come need is kept; the frames are not ours any longer. */
static void carry(struct iq_step_inner *in)
{
	int64_t from = chain_place(in->next, in->at.up, in->at.down) - (int64_t)in->at.before;
	size_t first = 0, rows = 0;

	for (size_t i = 0; i < in->pieces; i++) {
		cut(in, &in->piece[i], from);
		rows += in->piece[i].count;
	}
	if (in->carried > 0) {
		in->carried = in->piece[0].count;
		memmove(in->carry, in->piece[0].rows, in->carried * in->row_size);
		first = 1;
	}
	if (rows * in->row_size > in->carry_size) {
		in->carry_size = 2 * rows * in->row_size;
		in->carry = xrealloc(in->carry, in->carry_size, 1);
	}
	for (size_t i = first; i < in->pieces; i++) {
		if (in->piece[i].count == 0)
			continue;
		memcpy(in->carry + in->carried * in->row_size, in->piece[i].rows,
			in->piece[i].count * in->row_size);
		in->carried += in->piece[i].count;
	}
	in->pieces = 0;
	if (in->carried > 0)
		add_piece(in, (struct piece){in->carry, in->have - (int64_t)rows, rows});
}

/* Far from where arithmetic of places could overflow. */
static void check_index(const struct iq_step_inner *in, const struct frame *frame)
{
	double farthest = fmax(
		fabs((double)frame->index), fabs((double)frame->index + (double)frame->dim[0]));

	if (farthest * fmax(1, (double)in->at.up / (double)in->at.down) >= (double)INDEX_MOST)
		die(EXIT_DATA, "index %lld: must be below 2^62 before and after",
			(long long)frame->index);
}

static void feed(struct filter *f, const struct frame *frame)
{
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner;

	check_index(in, frame);
	if (in->in_run && frame->index != in->have)
		end_run(f);
	if (!in->in_run) {
		in->in_run = in->fresh = true;
		in->begin = frame->index;
		in->next = first_at(in, in->begin + (int64_t)in->at.before);
	}
	in->have = frame->index + (int64_t)frame->dim[0];
	add_piece(in, (struct piece){frame->payload, frame->index, (size_t)frame->dim[0]});
}

void iq_step_frames(struct filter *f, const struct frame *frames, size_t count)
{
	struct iq_step *step = f->state;

	if (!step->inner)
		begin(f, frames);
	for (size_t i = 0; i < count; i++) {
		iq_check_form(f, &step->inner->form, &frames[i]);
		feed(f, &frames[i]);
	}
	make_outputs(f, false);
	carry(step->inner);
}

void iq_step_end(struct filter *f, const struct meta *end)
{
	struct iq_step *step = f->state;
	struct iq_step_inner *in = step->inner;

	(void)end;
	if (!in)
		return;
	end_run(f);
	if (in->dropped)
		filter_note(f, "dropped_samples", in->dropped);
	chain_free(in->chain);
	for (size_t i = 0; i < in->outputs; i++)
		free(in->output[i].rows);
	for (unsigned w = 0; w < in->workers; w++)
		free(in->plane[w]);
	free(in->output);
	free(in->plane);
	free(in->piece);
	free(in->carry);
	free(in);
	step->inner = NULL;
}
