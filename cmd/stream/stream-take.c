/* SPDX-License-Identifier: ISC */
/*
 * stream-take: passes a part of a stream. In: any stream. Out: the data frames whose number lies in
 * --frames, cut to the index range --from … --to (IQ by the sample, SPECTRA by the row, others by
 * the frame). Heads and ends stay, so every segment keeps its metadata.
 */
#include "base/num.h"
#include "base/place.h"
#include "stream/filter.h"

struct options {
	const char *frames, *from, *to;
};

struct take {
	int64_t first, last; /* frames, half-open, counted over the whole stream */
	struct place from, to;
	/* of the segment */
	struct rate rate;
	struct utc time0;
	bool has_rate, has_time0, has_origin, group_open, group_taken;
	int64_t number, row_step, origin;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "frames", OPT_TEXT, AT(frames), "", NULL, 0, 0, "A:B", OPT_OUTPUT,
		"data frames A to B, counted from 0, B not included"},
	{0, "from", OPT_TEXT, AT(from), "", NULL, 0, 0, "INDEX|TIME|+DURATION", OPT_OUTPUT,
		"first index, UTC time, or duration after the segment's first"},
	{0, "to", OPT_TEXT, AT(to), "", NULL, 0, 0, "INDEX|TIME|+DURATION", OPT_OUTPUT,
		"end (not included); a duration counts from --from"},
	OPTIONS_END,
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct take *t = f->state = xcalloc(1, sizeof(*t));

	t->last = INT64_MAX;
	if (o->frames && !parse_span(o->frames, &t->first, &t->last))
		die(EXIT_USAGE, "--frames: '%s': must be A:B with 0 <= A <= B, or A: or :B",
			o->frames);
	t->from = place_option("from", o->from);
	t->to = place_option("to", o->to);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct take *t = f->state;

	(void)out;
	t->has_rate = meta_rate(in, &t->rate);
	t->has_time0 = meta_utc(in, "time0", &t->time0);
	t->has_origin = false;
	t->row_step = 1;
	meta_i64(in, "row_step", &t->row_step);
	if (!t->has_rate && (t->from.kind > PLACE_INDEX || t->to.kind > PLACE_INDEX))
		die(EXIT_DATA, "--from, --to: a time or duration, but the stream has no rate");
	if (!t->has_time0 && (t->from.kind == PLACE_TIME || t->to.kind == PLACE_TIME))
		die(EXIT_DATA, "--from, --to: a time, but the stream does not know its time0");
}

/* The range of indices wanted, as far as it can be said before the segment's first frame. */
static void range_of(struct take *t, int64_t *from, int64_t *to)
{
	*from = INT64_MIN;
	*to = INT64_MAX;
	if (t->from.kind)
		*from = place_index(&t->from, t->rate, t->time0, t->origin);
	if (t->to.kind)
		*to = place_index(&t->to, t->rate, t->time0, t->from.kind ? *from : t->origin);
}

/* How many rows from index `index` on, `step` apart, lie before `limit`. */
static uint64_t rows_before(int64_t index, int64_t limit, int64_t step, uint64_t rows)
{
	__int128 n;

	if (limit <= index)
		return 0;
	n = ((__int128)limit - index + step - 1) / step;
	return n < (__int128)rows ? (uint64_t)n : rows;
}

static void take_rows(struct filter *f, const struct frame *frame, int64_t from, int64_t to)
{
	struct take *t = f->state;
	int64_t step = frame->kind == KIND_SPECTRA ? t->row_step : 1;
	uint64_t first = rows_before(frame->index, from, step, frame->dim[0]);
	uint64_t last = rows_before(frame->index, to, step, frame->dim[0]);
	struct frame part = *frame;

	if (first >= last)
		return;
	if (first == 0 && last == frame->dim[0]) {
		filter_forward(f, frame);
		return;
	}
	part.dim[0] = last - first;
	part.index += (int64_t)first * step;
	part.payload = (const char *)frame->payload + first * frame_row_size(frame);
	part.payload_len = part.dim[0] * frame_row_size(frame);
	if (first > 0)
		part.flags &= (uint16_t)~FRAME_DISCONTINUITY;
	filter_put(f, &part);
}

/* A group stands or falls with its first frame. */
static bool group_continues(struct take *t, const struct frame *frame)
{
	bool inside = t->group_open;

	t->group_open = (inside || frame->kind == KIND_IMAGE) && !(frame->flags & FRAME_GROUP_LAST);
	return inside;
}

static void take(struct filter *f, const struct frame *frame)
{
	struct take *t = f->state;
	bool continues = group_continues(t, frame), wanted;
	int64_t number = t->number++, from, to;

	if (!t->has_origin)
		t->origin = frame->index;
	t->has_origin = true;
	range_of(t, &from, &to);
	wanted = number >= t->first && number < t->last;
	if (continues)
		wanted = t->group_taken;
	if (wanted && (frame->kind == KIND_IQ || frame->kind == KIND_SPECTRA)) {
		take_rows(f, frame, from, to);
		return;
	}
	wanted = wanted && frame->index >= from && frame->index < to;
	t->group_taken = wanted;
	if (wanted)
		filter_forward(f, frame);
}

static const struct command command = {
	.name = "stream-take",
	.summary = "pass some frames or an index range of a stream",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.in = KINDS_ALL,
	.out = KINDS_ALL,
	.changes = CHANGES_COUNT,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = take,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
