/* SPDX-License-Identifier: ISC */
/*
 * drf-info: what a DigitalRF capture holds: channels, element types, rates, bounds, blocks, gaps,
 * centre frequencies, metadata, files that cannot be read. Out: text, or one JSON object a channel.
 * Samples are not read, so fill values count as samples. Decodes in a child process, as drf-read
 * does.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "io/drf.h"
#include "stream/filter.h"

#define DECODE_LIMIT_S 10
#define MEMORY_MAX (UINT64_C(1) << 29)

struct options {
	const char *channel;
	bool json, gaps;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'c', "channel", OPT_TEXT, AT(channel), "", NULL, 0, 0, "CH", 0, "only this channel"},
	{0, "gaps", OPT_FLAG, AT(gaps), "", NULL, 0, 0, NULL, 0, "list every block and gap"},
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0,
		"one JSON object a channel and line"},
	OPTIONS_END,
};

struct block {
	int64_t index, end;
};

struct info {
	struct child *child;
	const struct options *options;
	struct str text;

	/* of the channel at hand */
	struct drf *drf;
	const struct drf_properties *p;
	int64_t first, end, samples, blocks;
	struct block *block; /* all of them if they are to be listed, else the last */
	size_t block_room;
	struct drf_tunings tunings;
	bool has_fields; /* at the first sample */
	struct drf_fields fields;
	struct str skipped; /* messages, NUL-terminated one by one */
};

static void on_decoding(void *arg, const char *file)
{
	child_busy(((struct info *)arg)->child, file);
}

static void on_skipped(void *arg, const struct error *why)
{
	struct info *info = arg;

	/* Bounds look at files that are looked at again. */
	for (size_t at = 0; at < info->skipped.len; at += strlen(info->skipped.p + at) + 1)
		if (!strcmp(info->skipped.p + at, why->text))
			return;
	str_add_bytes(&info->skipped, why->text, strlen(why->text) + 1);
}

static struct block *last_block(struct info *info)
{
	if (info->blocks == 0)
		return NULL;
	return &info->block[info->options->gaps ? info->blocks - 1 : 0];
}

static void add_block(struct info *info, const struct drf_piece *piece)
{
	struct block *last = last_block(info);
	size_t room = info->options->gaps ? (size_t)info->blocks + 1 : 1;

	info->samples += (int64_t)piece->rows;
	if (last && last->end == piece->index) {
		last->end += (int64_t)piece->rows;
		return;
	}
	if (room > info->block_room) {
		info->block_room = 2 * room;
		info->block = xrealloc(info->block, info->block_room, sizeof(*info->block));
	}
	info->blocks++;
	*last_block(info) =
		(struct block){.index = piece->index, .end = piece->index + (int64_t)piece->rows};
}

static void gather(struct info *info)
{
	struct drf_piece piece;

	if (!drf_bounds(info->drf, &info->first, &info->end))
		return;
	drf_seek(info->drf, info->first, info->end);
	while (drf_next_block(info->drf, &piece))
		add_block(info, &piece);
	drf_tunings(info->drf, info->first, info->end, &info->tunings);
	info->has_fields = drf_fields(info->drf, info->first, &info->fields);
}

static char *time_of(const struct info *info, int64_t index, char text[UTC_TEXT])
{
	static const struct utc epoch;

	return utc_format(text, utc_after(epoch, index, info->p->rate), -1);
}

static void add_megahertz(struct info *info, const double *hz)
{
	for (unsigned i = 0; i < info->p->subchannels; i++) {
		str_add(&info->text, i ? ", " : "");
		if (isnan(hz[i]))
			str_add(&info->text, "unknown");
		else
			str_addf(&info->text, "%.9g MHz", hz[i] / 1e6);
	}
}

static void print_blocks(struct info *info)
{
	char text[UTC_TEXT];

	for (int64_t i = 0; i < info->blocks; i++) {
		const struct block *b = &info->block[i];

		if (i > 0)
			str_addf(&info->text, "  gap      %lld samples, %.9g s\n",
				(long long)(b->index - b[-1].end),
				samples_to_s(b->index - b[-1].end, info->p->rate));
		str_addf(&info->text, "  block    %lld to %lld, %lld samples, %s\n",
			(long long)b->index, (long long)b->end, (long long)(b->end - b->index),
			time_of(info, b->index, text));
	}
}

static void print_samples(struct info *info)
{
	int64_t missing = info->end - info->first - info->samples;
	char from[UTC_TEXT], to[UTC_TEXT];
	struct str *out = &info->text;

	if (info->blocks == 0) {
		str_add(out, "  index    no samples that can be read\n");
		return;
	}
	str_addf(out, "  index    %lld to %lld\n", (long long)info->first, (long long)info->end);
	str_addf(out, "  time     %s to %s\n", time_of(info, info->first, from),
		time_of(info, info->end, to));
	str_addf(out, "  samples  %lld, %.9g s, in %lld blocks\n", (long long)info->samples,
		samples_to_s(info->samples, info->p->rate), (long long)info->blocks);
	str_addf(out, "  gaps     %lld, %lld samples missing, %.9g s\n",
		(long long)info->blocks - 1, (long long)missing,
		samples_to_s(missing, info->p->rate));
	if (info->options->gaps)
		print_blocks(info);
}

static void print_fields(struct info *info)
{
	const struct drf_fields *fields = &info->fields;
	struct str *out = &info->text;
	char text[UTC_TEXT];

	str_addf(out, "  metadata  from %lld, %s\n", (long long)fields->index,
		time_of(info, fields->index, text));
	for (size_t i = 0; i < fields->n; i++) {
		str_add(out, "    ");
		str_add_escaped(out, fields->field[i].path);
		str_add(out, " = ");
		str_add_escaped(out, fields->field[i].value);
		str_add(out, "\n");
	}
	str_add(out, fields->cut ? "    (more not shown)\n" : "");
}

static void print_channel(struct info *info)
{
	const struct drf_properties *p = info->p;
	struct str *out = &info->text;
	char text[UTC_TEXT];

	str_add(out, "channel ");
	str_add_escaped(out, drf_name(info->drf));
	str_add(out, "\n  version  ");
	str_add_escaped(out, p->version);
	str_addf(out, "\n  type     %s [%u], %s-endian in the files, %s\n", dtype_name(p->dtype),
		p->subchannels, p->big_endian ? "big" : "little",
		p->continuous ? "continuous (gaps inside a file are filled)" : "gapped");
	str_addf(out, "  rate     %llu/%llu = %.9g samples/s\n", (unsigned long long)p->rate.num,
		(unsigned long long)p->rate.den, rate_hz(p->rate));
	str_addf(out, "  files    of %lld ms, folders of %lld s\n", (long long)p->file_ms,
		(long long)p->folder_s);
	print_samples(info);
	for (size_t i = 0; i < info->tunings.n; i++) {
		str_add(out, "  centre   ");
		add_megahertz(info, &info->tunings.hz[i * p->subchannels]);
		str_addf(out, " from %lld, %s\n", (long long)info->tunings.index[i],
			time_of(info, info->tunings.index[i], text));
	}
	if (info->has_fields)
		print_fields(info);
	for (size_t at = 0; at < info->skipped.len; at += strlen(info->skipped.p + at) + 1) {
		str_add(out, "  damaged  ");
		str_add_escaped(out, info->skipped.p + at);
		str_add(out, "\n");
	}
}

static void add_blocks_json(struct info *info)
{
	struct str *out = &info->text;

	str_add(out, ",\"block_list\":[");
	for (int64_t i = 0; i < info->blocks; i++)
		str_addf(out, "%s[%lld,%lld]", i ? "," : "", (long long)info->block[i].index,
			(long long)info->block[i].end);
	str_add(out, "]");
}

static void add_tunings_json(struct info *info)
{
	unsigned subchannels = info->p->subchannels;
	struct str *out = &info->text;
	char number[NUMBER_TEXT];

	str_add(out, ",\"centre_hz\":[");
	for (size_t i = 0; i < info->tunings.n; i++) {
		str_addf(out, "%s{\"from\":%lld,\"hz\":[", i ? "," : "",
			(long long)info->tunings.index[i]);
		for (unsigned s = 0; s < subchannels; s++) {
			double hz = info->tunings.hz[i * subchannels + s];

			str_addf(out, "%s%s", s ? "," : "",
				isfinite(hz) ? format_f64(number, hz) : "null");
		}
		str_add(out, "]}");
	}
	str_add(out, "]");
}

static void add_fields_json(struct info *info)
{
	const struct drf_fields *fields = &info->fields;
	struct str *out = &info->text;

	str_addf(out, ",\"metadata\":{\"index\":%lld,\"cut\":%s,\"fields\":{",
		(long long)fields->index, fields->cut ? "true" : "false");
	for (size_t i = 0; i < fields->n; i++) {
		str_add(out, i ? "," : "");
		str_add_json(out, fields->field[i].path);
		str_add(out, ":");
		str_add_json(out, fields->field[i].value);
	}
	str_add(out, "}}");
}

static void print_json(struct info *info)
{
	const struct drf_properties *p = info->p;
	struct str *out = &info->text;
	char from[UTC_TEXT], to[UTC_TEXT];

	str_add(out, "{\"channel\":");
	str_add_json(out, drf_name(info->drf));
	str_add(out, ",\"version\":");
	str_add_json(out, p->version);
	str_addf(out, ",\"type\":\"%s\",\"subchannels\":%u,\"big_endian\":%s,\"continuous\":%s",
		dtype_name(p->dtype), p->subchannels, p->big_endian ? "true" : "false",
		p->continuous ? "true" : "false");
	str_addf(out, ",\"rate_num\":%llu,\"rate_den\":%llu,\"file_ms\":%lld,\"folder_s\":%lld",
		(unsigned long long)p->rate.num, (unsigned long long)p->rate.den,
		(long long)p->file_ms, (long long)p->folder_s);
	str_addf(out, ",\"samples\":%lld,\"blocks\":%lld", (long long)info->samples,
		(long long)info->blocks);
	if (info->blocks > 0)
		str_addf(out,
			",\"first\":%lld,\"end\":%lld,\"time_first\":\"%s\",\"time_end\":\"%s\"",
			(long long)info->first, (long long)info->end,
			time_of(info, info->first, from), time_of(info, info->end, to));
	if (info->options->gaps)
		add_blocks_json(info);
	add_tunings_json(info);
	if (info->has_fields)
		add_fields_json(info);
	str_add(out, ",\"damaged\":[");
	for (size_t at = 0; at < info->skipped.len; at += strlen(info->skipped.p + at) + 1) {
		str_add(out, at ? "," : "");
		str_add_json(out, info->skipped.p + at);
	}
	str_add(out, "]}\n");
}

static int describe(struct info *info, const char *top, const char *name, struct error *e)
{
	struct drf_hooks hooks = {info, on_decoding, on_skipped};

	if (drf_open(&info->drf, top, name, &hooks, e))
		return e->code;
	info->p = drf_properties(info->drf);
	info->first = info->end = info->samples = info->blocks = 0;
	info->has_fields = false;
	str_clear(&info->skipped);
	gather(info);
	if (info->options->json)
		print_json(info);
	else
		print_channel(info);
	drf_tunings_free(&info->tunings);
	drf_fields_free(&info->fields);
	drf_close(info->drf);
	return 0;
}

/* A channel that cannot be opened does not hide the others. */
static int describe_all(struct info *info, const char *top, const struct drf_names *names)
{
	struct error e;
	int code = 0;

	for (size_t i = 0; i < names->n; i++)
		if (describe(info, top, names->v[i], &e)) {
			warn("%s", e.text);
			code = e.code;
		}
	return code;
}

static void run(struct filter *f)
{
	struct info info = {.options = f->options};
	struct drf_names names;
	struct error e;
	int code = 0;

	f->operands[0] = drf_top(f->operands[0]);
	f->sandbox = (struct sandbox){.read_paths = (const char *const *)f->operands,
		.read_count = 1,
		.memory = MEMORY_MAX};
	info.child = child_start(DECODE_LIMIT_S);
	harden(&f->sandbox);
	on_decoding(&info, f->operands[0]);
	if (drf_list(f->operands[0], &names, &e))
		die_with(&e);
	on_decoding(&info, NULL);
	if (info.options->channel || names.n == 1) {
		if (describe(&info, f->operands[0], info.options->channel, &e))
			die_with(&e);
	} else {
		code = describe_all(&info, f->operands[0], &names);
	}
	print_text(&info.text);
	drf_names_free(&names);
	str_free(&info.text);
	str_free(&info.skipped);
	free(info.block);
	if (code)
		die(code, "%s: not all channels can be read", f->operands[0]);
}

static const struct command command = {
	.name = "drf-info",
	.summary = "tell what a DigitalRF capture holds",
	.operands = "TOP",
	.operands_min = 1,
	.operands_max = 1,
	.example = "capture",
	.role = ROLE_TOOL,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
