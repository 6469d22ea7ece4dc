/* SPDX-License-Identifier: ISC */
/*
 * stream-info: what is in a stream, on one screen: segments, frames, kinds, shapes, index and time
 * ranges, gaps, bytes, history, notes. In: any stream, all of it, every checksum verified. Out:
 * text or JSON. Segments of one kind, rate and shape are added up; --per-segment lists each.
 */
#include <stdlib.h>
#include <string.h>

#include "stream/filter.h"

struct options {
	bool json, per_segment;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0, "one JSON object a line"},
	{0, "per-segment", OPT_FLAG, AT(per_segment), "", NULL, 0, 0, NULL, 0,
		"one report for each segment"},
	OPTIONS_END,
};

/* What all frames of one kind have in common. */
struct kind_info {
	unsigned kind, dtype, ndim;
	uint64_t dim[FRAME_DIMS];
	bool mixed;         /* types or inner shapes differ */
	uint64_t frames, rows, bytes, groups;
	int64_t first, end; /* indices, half-open */
	uint64_t gaps;
	int64_t missing;    /* in units of the index */
	bool has_expected;
	int64_t expected;   /* index of this segment's next frame: a jump from it is a gap */
};

struct report {
	uint64_t segments, frames, meta_bytes;
	struct kind_info kind[16];
	size_t kinds;
	int64_t row_step; /* of the segment */
	struct meta head, notes;
	bool mixed_heads, retuned;
};

struct info {
	struct report now;
	struct str text;
	uint64_t number;
};

static struct kind_info *kind_of(struct report *r, const struct frame *frame)
{
	struct kind_info *k;

	for (size_t i = 0; i < r->kinds; i++)
		if (r->kind[i].kind == frame->kind)
			return &r->kind[i];
	if (r->kinds == COUNT_OF(r->kind))
		return &r->kind[COUNT_OF(r->kind) - 1]; /* private kinds beyond these share a line */
	k = &r->kind[r->kinds++];
	*k = (struct kind_info){.kind = frame->kind, .dtype = frame->dtype, .ndim = frame->ndim,
		.first = frame->index, .end = frame->index};
	memcpy(k->dim, frame->dim, sizeof(k->dim));
	return k;
}

static bool same_form(const struct kind_info *k, const struct frame *frame)
{
	return k->dtype == frame->dtype && k->ndim == frame->ndim &&
		!memcmp(k->dim + 1, frame->dim + 1, sizeof(k->dim) - sizeof(k->dim[0]));
}

/* Sums and differences of hostile indices stay at the end of their range. */
static int64_t sum_of(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* b - a, for b >= a. */
static int64_t length_of(int64_t a, int64_t b)
{
	int64_t length;

	return __builtin_sub_overflow(b, a, &length) ? INT64_MAX : length;
}

static void count(struct filter *f, const struct frame *frame)
{
	struct info *info = f->state;
	struct report *r = &info->now;
	struct kind_info *k = kind_of(r, frame);
	bool runs = frame->kind == KIND_IQ || frame->kind == KIND_SPECTRA;
	int64_t length = 1, end;

	r->frames++;
	r->meta_bytes += frame->meta_len;
	k->mixed = k->mixed || !same_form(k, frame);
	k->frames++;
	k->rows += frame->dim[0];
	k->bytes += frame->payload_len;
	k->groups += frame->kind == KIND_IMAGE && frame->flags & FRAME_GROUP_LAST;
	if (runs)
		length = (int64_t)frame->dim[0];
	if (frame->kind == KIND_SPECTRA && __builtin_mul_overflow(length, r->row_step, &length))
		length = INT64_MAX;
	end = sum_of(frame->index, length);
	if (runs && k->has_expected && frame->index != k->expected) {
		k->gaps++;
		if (frame->index > k->expected)
			k->missing = sum_of(k->missing, length_of(k->expected, frame->index));
	}
	k->has_expected = true;
	k->expected = end;
	if (frame->index < k->first)
		k->first = frame->index;
	if (end > k->end)
		k->end = end;
}

static bool form_differs(const struct meta *a, const struct meta *b)
{
	static const char *const keys[] = {"rate_num", "rate_den", "unit", "time0", "row_step"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char *x = meta_get(a, keys[i]), *y = meta_get(b, keys[i]);

		if (!x != !y || (x && strcmp(x, y)))
			return true;
	}
	return false;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct info *info = f->state;
	struct report *r = &info->now;

	(void)out;
	r->row_step = 1;
	meta_i64(in, "row_step", &r->row_step);
	if (r->segments++ == 0) {
		meta_copy(&r->head, in);
	} else {
		struct meta history = {0};
		const char *line;

		r->mixed_heads = r->mixed_heads || form_differs(&r->head, in);
		for (size_t at = 0; (line = meta_next(&r->head, "history", &at));)
			meta_add(&history, "history", line);
		r->retuned = r->retuned || meta_get(in, "freq_hz");
		meta_keep_equal(&r->head, in);
		if (!meta_get(&r->head, "history"))
			meta_overlay(&r->head, &history);
		meta_clear(&history);
	}
	for (size_t i = 0; i < r->kinds; i++)
		r->kind[i].has_expected = false;
}

static void add_frequencies(struct str *out, const struct meta *m)
{
	const char *text;
	double hz;

	for (size_t i = 0, at = 0; (text = meta_next(m, "freq_hz", &at)); i++)
		if (parse_f64(text, true, &hz))
			str_addf(out, "%s%.9g MHz", i ? ", " : "", hz / 1e6);
}

static void add_kind_text(struct str *out, const struct report *r, const struct kind_info *k)
{
	char name[16], bytes[NUMBER_TEXT], from[UTC_TEXT], to[UTC_TEXT];
	struct rate rate;
	struct utc time0;
	bool runs = k->kind == KIND_IQ || k->kind == KIND_SPECTRA;
	bool has_rate = runs && !r->mixed_heads && meta_rate(&r->head, &rate);

	str_addf(out, "%-9s %llu frames, %s", kind_name(k->kind, name), (unsigned long long)k->frames,
		format_bytes(bytes, k->bytes));
	if (k->mixed)
		str_add(out, ", types or shapes differ");
	else if (k->kind != KIND_REPORT)
		str_addf(out, ", %s", dtype_name(k->dtype));
	for (unsigned i = runs ? 1 : 0; !k->mixed && i < k->ndim; i++)
		str_addf(out, "%s%llu%s", i == (runs ? 1 : 0) ? " [" : "][",
			(unsigned long long)k->dim[i], i + 1 == k->ndim ? "]" : "");
	if (k->groups)
		str_addf(out, ", %llu groups", (unsigned long long)k->groups);
	str_addf(out, "\n  index   %lld to %lld", (long long)k->first, (long long)k->end);
	if (runs)
		str_addf(out, ", %llu %s", (unsigned long long)k->rows,
			k->kind == KIND_IQ ? "samples" : "rows");
	if (has_rate) {
		str_addf(out, ", %.9g s", samples_to_s(length_of(k->first, k->end), rate));
		if (meta_utc(&r->head, "time0", &time0))
			str_addf(out, "\n  time    %s to %s",
				utc_format(from, utc_after(time0, k->first, rate), -1),
				utc_format(to, utc_after(time0, k->end, rate), -1));
	}
	if (runs) {
		str_addf(out, "\n  gaps    %llu", (unsigned long long)k->gaps);
		if (k->gaps)
			str_addf(out, ", %lld samples missing", (long long)k->missing);
		if (k->gaps && has_rate)
			str_addf(out, " (%.6g s)", samples_to_s(k->missing, rate));
	}
	str_add(out, "\n");
}

/* Values come from foreign files. */
static void add_line(struct str *out, const char *label, const char *value)
{
	str_add(out, label);
	str_add_escaped(out, value);
	str_add(out, "\n");
}

static void add_text(struct str *out, const struct report *r, uint64_t number, bool each)
{
	struct str freq = {0};
	struct rate rate;
	const char *text;

	if (each)
		str_addf(out, "segment   %llu\n", (unsigned long long)number);
	else
		str_addf(out, "segments  %llu\n", (unsigned long long)r->segments);
	if (!r->mixed_heads && meta_rate(&r->head, &rate))
		str_addf(out, "rate      %llu/%llu = %.9g samples/s\n", (unsigned long long)rate.num,
			(unsigned long long)rate.den, rate_hz(rate));
	else if (r->mixed_heads)
		str_add(out, "rate      segments differ in rate, unit, time0 or row_step: "
			"see --per-segment\n");
	add_frequencies(&freq, &r->head);
	if (freq.len)
		str_addf(out, "centre    %s\n", freq.p);
	else if (r->retuned)
		str_add(out, "centre    differs between segments: see --per-segment\n");
	if ((text = meta_get(&r->head, "unit")))
		add_line(out, "unit      ", text);
	if (r->kinds == 0)
		str_add(out, "frames    0\n");
	for (size_t i = 0; i < r->kinds; i++)
		add_kind_text(out, r, &r->kind[i]);
	for (size_t at = 0; (text = meta_next(&r->head, "history", &at));)
		add_line(out, "history   ", text);
	for (size_t at = 0; (text = meta_next(&r->notes, "note", &at));)
		add_line(out, "note      ", text);
	str_add(out, crc_is_off() ? "checksums not verified (LEAT_CRC=0)\n" : "checksums all right\n");
	str_free(&freq);
}

static void add_list(struct str *out, const char *name, const struct meta *m, const char *key)
{
	const char *text;

	str_addf(out, ",\"%s\":[", name);
	for (size_t i = 0, at = 0; (text = meta_next(m, key, &at)); i++) {
		str_add(out, i ? "," : "");
		str_add_json(out, text);
	}
	str_add(out, "]");
}

static void add_json(struct str *out, const struct report *r, uint64_t number, bool each)
{
	char name[16];

	str_addf(out, "{\"%s\":%llu,\"frames\":%llu,\"checked\":%s", each ? "segment" : "segments",
		(unsigned long long)(each ? number : r->segments), (unsigned long long)r->frames,
		crc_is_off() ? "false" : "true");
	str_add(out, ",\"head\":");
	meta_format_json(&r->head, out);
	str_add(out, ",\"kinds\":[");
	for (size_t i = 0; i < r->kinds; i++) {
		const struct kind_info *k = &r->kind[i];

		str_addf(out, "%s{\"kind\":\"%s\",\"frames\":%llu,\"rows\":%llu,\"bytes\":%llu",
			i ? "," : "", kind_name(k->kind, name), (unsigned long long)k->frames,
			(unsigned long long)k->rows, (unsigned long long)k->bytes);
		if (!k->mixed) {
			str_addf(out, ",\"dtype\":\"%s\",\"shape\":[", dtype_name(k->dtype));
			for (unsigned d = 1; d < k->ndim; d++)
				str_addf(out, "%s%llu", d > 1 ? "," : "", (unsigned long long)k->dim[d]);
			str_add(out, "]");
		}
		str_addf(out, ",\"index\":[%lld,%lld],\"gaps\":%llu,\"missing\":%lld,\"groups\":%llu}",
			(long long)k->first, (long long)k->end, (unsigned long long)k->gaps,
			(long long)k->missing, (unsigned long long)k->groups);
	}
	str_add(out, "]");
	add_list(out, "history", &r->head, "history");
	add_list(out, "notes", &r->notes, "note");
	str_add(out, "}\n");
}

/* Adds the report to the text and begins a new one. */
static void report(struct filter *f)
{
	const struct options *o = f->options;
	struct info *info = f->state;

	if (o->json)
		add_json(&info->text, &info->now, info->number++, o->per_segment);
	else
		add_text(&info->text, &info->now, info->number++, o->per_segment);
	meta_clear(&info->now.head);
	meta_clear(&info->now.notes);
	info->now = (struct report){0};
}

static void prepare(struct filter *f)
{
	f->state = xcalloc(1, sizeof(struct info));
	(void)sink_open(f, NULL);
}

static void end(struct filter *f, const struct meta *meta)
{
	const struct options *o = f->options;
	struct info *info = f->state;
	const char *text;

	for (size_t at = 0; (text = meta_next(meta, "note", &at));)
		meta_add(&info->now.notes, "note", text);
	if (o->per_segment)
		report(f);
}

static void finish(struct filter *f)
{
	const struct options *o = f->options;
	struct info *info = f->state;

	if (!o->per_segment)
		report(f);
	sink_write(f, info->text.p, info->text.len);
}

static const struct command command = {
	.name = "stream-info",
	.summary = "what is in a stream, every checksum verified",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KINDS_ALL,
	.text = true,
	.stream_operands = true,
	.parallel = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = count,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
