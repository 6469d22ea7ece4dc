/* SPDX-License-Identifier: ISC */
/*
 * stream-head: shows the first frames of a stream as text: a line per frame, its metadata indented
 * beneath it. In: any stream. Out: text, or a JSON object a line. The form is documented in
 * stream-head(1) and stays.
 */
#include <string.h>

#include "stream/filter.h"
#include "stream/meta.h"

struct options {
	int64_t frames;
	bool all, json;
};

struct shown {
	int64_t left;
	struct str text;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'n', "frames", OPT_INT, AT(frames), "", "10", 0, 1e15, NULL, 0,
		"show this many frames, heads and ends included"},
	{'a', "all", OPT_FLAG, AT(all), "", NULL, 0, 0, NULL, 0, "show all of them"},
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0, "a JSON object a line"},
	OPTIONS_END,
};

static const struct {
	unsigned flag;
	const char *name;
} flag_names[] = {{FRAME_CRC, "crc"}, {FRAME_DISCONTINUITY, "gap"}, {FRAME_GROUP_LAST, "last"},
	{FRAME_MORE, "more"}};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct shown *s = f->state = xcalloc(1, sizeof(*s));

	s->left = o->all ? INT64_MAX : o->frames;
	(void)sink_open(f, NULL);
}

static void add_text(struct str *out, const struct frame *frame, const struct meta *meta)
{
	struct str lines = {0};
	char name[16];

	str_addf(out, "%s seq %llu", kind_name(frame->kind, name), (unsigned long long)frame->seq);
	if (kind_is_data(frame->kind)) {
		str_addf(out, " index %lld", (long long)frame->index);
		if (frame->kind != KIND_REPORT)
			str_addf(out, " %s ", dtype_name(frame->dtype));
		for (unsigned i = 0; i < frame->ndim; i++)
			str_addf(out, "[%llu]", (unsigned long long)frame->dim[i]);
		str_addf(out, " bytes %llu", (unsigned long long)frame->payload_len);
	}
	for (size_t i = 0; i < COUNT_OF(flag_names); i++)
		if (frame->flags & flag_names[i].flag && (kind_is_data(frame->kind) || i == 3))
			str_addf(out, " %s", flag_names[i].name);
	str_add(out, "\n");
	meta_format(meta, &lines);
	for (const char *p = lines.p; p && *p;) {
		size_t n = strcspn(p, "\n") + 1;

		str_add(out, "  ");
		str_add_bytes(out, p, n);
		p += n;
	}
	str_free(&lines);
}

static void add_json(struct str *out, const struct frame *frame, const struct meta *meta)
{
	bool first = true;
	char name[16];

	str_addf(out, "{\"kind\":\"%s\",\"seq\":%llu,\"index\":%lld", kind_name(frame->kind, name),
		(unsigned long long)frame->seq, (long long)frame->index);
	str_addf(out, ",\"dtype\":\"%s\",\"dim\":[", dtype_name(frame->dtype));
	for (unsigned i = 0; i < frame->ndim; i++)
		str_addf(out, "%s%llu", i ? "," : "", (unsigned long long)frame->dim[i]);
	str_addf(out, "],\"bytes\":%llu,\"flags\":[", (unsigned long long)frame->payload_len);
	for (size_t i = 0; i < COUNT_OF(flag_names); i++)
		if (frame->flags & flag_names[i].flag) {
			str_addf(out, "%s\"%s\"", first ? "" : ",", flag_names[i].name);
			first = false;
		}
	str_add(out, "],\"meta\":");
	meta_format_json(meta, out);
	str_add(out, "}\n");
}

static void show(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct shown *s = f->state;
	struct meta meta = {0};
	struct error e;

	if (s->left-- <= 0) {
		filter_stop(f);
		return;
	}
	if (meta_parse(&meta, frame->meta, frame->meta_len, &e))
		die_with(&e);
	str_clear(&s->text);
	if (o->json)
		add_json(&s->text, frame, &meta);
	else
		add_text(&s->text, frame, &meta);
	sink_write(f, s->text.p, s->text.len);
	meta_clear(&meta);
	if (s->left == 0)
		filter_stop(f);
}

static const struct command command = {
	.name = "stream-head",
	.summary = "show the first frames of a stream as text",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "",
	.role = ROLE_SINK,
	.in = KINDS_ALL,
	.text = true,
	.stream_operands = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.every_frame = show,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
