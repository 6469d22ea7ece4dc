/* SPDX-License-Identifier: ISC */
/*
 * sigmf-read: a SigMF recording. Out: IQ as recorded, little-endian; with --annotations also a
 * TABLE at the begin of each segment, of what is annotated in it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/sigmf_file.h"
#include "kern/kern.h"
#include "stream/filter.h"
#include "stream/table.h"

#define MEMORY_MAX (UINT64_C(3) << 29) /* what the longest metadata take, and room */
#define TABLE_ROWS 128		       /* put at a time */

struct options {
	struct rate rate;
	bool annotations, verify;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "annotations", OPT_FLAG, AT(annotations), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"put the annotations as a TABLE before the samples"},
	{'r', "rate", OPT_RATE, AT(rate), "samples/s", NULL, 0, 0, NULL, OPT_OUTPUT,
		"the sample rate, if the recording does not say it"},
	{0, "verify", OPT_FLAG, AT(verify), "", NULL, 0, 0, NULL, 0,
		"compare the data with core:sha512 first"},
	OPTIONS_END,
};

enum column { INDEX, COUNT, LOW, HIGH, LABEL, COMMENT, GENERATOR, OTHERS, COLUMNS };

/* Bytes of text that a row may hold; longer ones are cut, or left out where a part is worthless. */
static const size_t text_max[COLUMNS] = {
	[LABEL] = 256, [COMMENT] = 1024, [GENERATOR] = 256, [OTHERS] = 4096};

struct reading {
	struct sigmf_file *file;
	struct sigmf m;
	const char *folder;
	size_t row, block_rows;
	void *block;
	struct table *table;
	size_t columns;
	size_t annotation; /* the next one to put */
};

static void prepare(struct filter *f)
{
	struct reading *r = f->state = xcalloc(1, sizeof(*r));
	struct error e;

	if (sigmf_file_open(&r->file, f->operands[0], &e))
		die_with(&e);
	r->folder = sigmf_file_folder(r->file);
	f->sandbox =
		(struct sandbox){.read_paths = &r->folder, .read_count = 1, .memory = MEMORY_MAX};
}

static int64_t expected_frames(const struct reading *r, size_t first, size_t end)
{
	uint64_t frames = 0;

	for (; first < end; first++)
		frames += (r->m.capture[first].samples + r->block_rows - 1) / r->block_rows;
	return (int64_t)frames;
}

/* Pairs as metadata, but for what this command says itself. */
static void add_pairs(struct meta *meta, const struct sigmf_pairs *pairs)
{
	struct str lines = {0};
	struct meta parsed = {0};
	struct error e;

	for (size_t i = 0; i < pairs->count; i++)
		str_addf(&lines, "%s %s\n", pairs->pair[i].key, pairs->pair[i].value);
	if (lines.len && meta_parse(&parsed, lines.p, lines.len, &e))
		die(EXIT_DATA, "leat:head, leat:frame: %s", e.text);
	for (size_t i = 0; i < parsed.count; i++)
		if (!sigmf_made_anew(parsed.item[i].key))
			meta_add(meta, parsed.item[i].key, parsed.item[i].value);
	meta_clear(&parsed);
	str_free(&lines);
}

static void add_others(struct meta *meta, const char *key, const struct sigmf_pairs *others)
{
	struct str line = {0};

	for (size_t i = 0; i < others->count; i++) {
		str_clear(&line);
		str_addf(&line, "%s %s", others->pair[i].key, others->pair[i].value);
		meta_add(meta, key, line.p);
	}
	str_free(&line);
}

/* The time of index 0, which the HEAD may tell more finely than the capture does. */
static void set_time(const struct reading *r, const struct sigmf_capture *c, struct meta *meta)
{
	struct utc time0;
	char text[UTC_TEXT];
	bool told = meta_utc(meta, "time0", &time0);

	if (!c->timed ||
		(told && llabs(utc_minus(utc_after(time0, c->index, r->m.rate), c->time)) <= 1))
		return;
	if (told)
		warn("core:datetime differs from leat:head: time0 is set by it");
	time0 = utc_after(c->time, -c->index, r->m.rate);
	if (sigmf_time_fits(time0))
		meta_set(meta, "time0", utc_format(text, time0, -1));
	else
		warn("core:global_index %lld: sample 0 would be before year 0: no time0",
			(long long)c->index);
}

static void set_frequency(const struct reading *r, const struct sigmf_capture *c, struct meta *meta)
{
	const char *first = meta_get(meta, "freq_hz");
	char text[NUMBER_TEXT];
	double hz = NAN;

	if (isnan(c->freq_hz) || (first && parse_f64(first, false, &hz) && hz == c->freq_hz))
		return;
	if (first)
		warn("core:frequency differs from leat:head: freq_hz is set by it");
	meta_remove(meta, "freq_hz");
	for (uint64_t i = 0; i < r->m.channels; i++)
		meta_add(meta, "freq_hz", format_f64(text, c->freq_hz));
}

/* That a frame can carry it, and a line of history. */
static void check_size(const struct meta *meta)
{
	struct str text = {0};

	meta_format(meta, &text);
	if (meta->count >= META_LINES_MAX || text.len > FRAME_META_MAX - 4096)
		die(EXIT_DATA, "%zu lines of metadata, %zu bytes: more than a stream can carry",
			meta->count, text.len);
	str_free(&text);
}

static void begin_segment(struct filter *f, size_t first, size_t end)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	const struct sigmf_capture *c = &r->m.capture[first];
	struct meta meta = {0};

	meta_set_rate(&meta, r->m.rate);
	add_pairs(&meta, &c->head);
	set_time(r, c, &meta);
	set_frequency(r, c, &meta);
	if (!c->begins) {
		meta_set_f64(&meta, "full_scale", dtype_full_scale(r->m.dtype));
		if (dtype_zero(r->m.dtype) != 0)
			meta_set_f64(&meta, "zero", dtype_zero(r->m.dtype));
	}
	if (!meta_get(&meta, "x.sigmf.global"))
		add_others(&meta, "x.sigmf.global", &r->m.others);
	meta_set(&meta, "kinds", o->annotations ? "IQ TABLE" : "IQ");
	if (!o->annotations)
		meta_setf(
			&meta, "expect_frames", "%lld", (long long)expected_frames(r, first, end));
	else
		table_describe(r->table, &meta);
	check_size(&meta);
	filter_head(f, &meta);
	meta_clear(&meta);
}

static void put_capture(struct filter *f, const struct sigmf_capture *c, bool gap)
{
	struct reading *r = f->state;
	size_t part = dtype_size(dtype_real(r->m.dtype));
	struct frame out = {.kind = KIND_IQ,
		.dtype = (uint8_t)r->m.dtype,
		.ndim = 2,
		.dim = {0, r->m.channels},
		.index = c->index,
		.flags = gap ? FRAME_DISCONTINUITY : 0,
		.payload = r->block};
	struct meta own = {0};
	struct error e;

	add_pairs(&own, &c->frame);
	add_others(&own, "x.sigmf.capture", &c->others);
	check_size(&own);
	for (uint64_t done = 0; done < c->samples; done += out.dim[0]) {
		out.dim[0] = c->samples - done;
		if (out.dim[0] > r->block_rows)
			out.dim[0] = r->block_rows;
		out.payload_len = out.dim[0] * r->row;
		if (sigmf_file_data(
			    r->file, c->at + done * r->row, r->block, (size_t)out.payload_len, &e))
			die_with(&e);
		if (r->m.big_endian && part > 1)
			kern()->swap(r->block, r->block, (size_t)out.payload_len / part, part);
		if (own.count > 0)
			filter_put_with(f, &out, &own);
		else
			filter_put(f, &out);
		out.index += (int64_t)out.dim[0];
		out.flags = 0;
	}
	meta_clear(&own);
}

/*
 * Annotations.
 */

static const char *text_of(const struct sigmf_annotation *a, enum column column)
{
	const char *text = column == LABEL	 ? a->label
			   : column == COMMENT	 ? a->comment
			   : column == GENERATOR ? a->generator
						 : a->others;

	return text ? text : "";
}

/* Columns as wide as the longest text in them; `others` only where there are any. */
static void make_table(struct reading *r)
{
	static const char *const names[] = {[LABEL] = "label", "comment", "generator", "others"};
	char types[COLUMNS][24];
	struct table_column columns[COLUMNS] = {[INDEX] = {"index", "i64", "samples"},
		[COUNT] = {"count", "i64", "samples"},
		[LOW] = {"freq_low_hz", "f64", "Hz"},
		[HIGH] = {"freq_high_hz", "f64", "Hz"}};
	size_t longest[COLUMNS] = {0};

	sigmf_sort_annotations(&r->m);
	for (size_t i = 0; i < r->m.annotations; i++)
		for (enum column k = LABEL; k < COLUMNS; k++) {
			size_t n = strlen(text_of(&r->m.annotation[i], k));

			longest[k] = n > longest[k] ? n : longest[k];
		}
	for (enum column k = LABEL; k < COLUMNS; k++) {
		size_t n = longest[k] < text_max[k] ? longest[k] : text_max[k];

		snprintf(types[k], sizeof(types[k]), "s%zu", n ? n : 1);
		columns[k] = (struct table_column){names[k], types[k], "-"};
	}
	r->columns = longest[OTHERS] ? COLUMNS : OTHERS;
	r->table = table_new(columns, r->columns);
}

static void add_row(struct reading *r, const struct sigmf_annotation *a, int64_t end)
{
	int64_t index = sigmf_index(&r->m, a->start), stop = index;

	if (end > a->start)
		stop = sigmf_index(&r->m, end - 1) + 1;
	table_row(r->table);
	table_set_i64(r->table, INDEX, index);
	table_set_i64(r->table, COUNT, stop - index);
	table_set(r->table, LOW, a->low_hz);
	table_set(r->table, HIGH, a->high_hz);
	for (size_t k = LABEL; k < r->columns; k++)
		if (k != OTHERS || strlen(text_of(a, k)) <= text_max[k])
			table_set_text(r->table, k, text_of(a, (enum column)k));
}

/* Those that begin in the captures first … end - 1, cut at their end. */
static void put_annotations(struct filter *f, size_t first, size_t end)
{
	struct reading *r = f->state;
	const struct sigmf_capture *c = r->m.capture;
	int64_t stop = c[end - 1].start + (int64_t)c[end - 1].samples;

	for (; r->annotation < r->m.annotations; r->annotation++) {
		const struct sigmf_annotation *a = &r->m.annotation[r->annotation];
		int64_t to = stop;

		if (a->start >= stop)
			break;
		for (; a->count < 0 && first + 1 < end && c[first + 1].start <= a->start; first++)
			;
		if (a->count < 0)
			to = c[first].start + (int64_t)c[first].samples;
		else if (a->count < stop - a->start)
			to = a->start + a->count;
		if (a->start >= c[first].start)
			add_row(r, a, to);
		if (table_rows(r->table) == TABLE_ROWS)
			table_put(f, r->table, c[first].index, 0, NULL);
	}
	if (table_rows(r->table) > 0)
		table_put(f, r->table, c[first].index, 0, NULL);
}

static void put_segment(struct filter *f, size_t first, size_t end)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	const struct sigmf_capture *all = r->m.capture;
	int64_t next;

	for (; first + 1 < end && all[first].samples == 0 && !all[first].begins; first++)
		;
	next = all[first].index;
	begin_segment(f, first, end);
	if (o->annotations)
		put_annotations(f, first, end);
	for (; first < end; first++) {
		const struct sigmf_capture *c = &r->m.capture[first];

		if (c->samples == 0)
			continue;
		put_capture(f, c, c->index != next);
		next = c->index + (int64_t)c->samples;
	}
}

static void choose_form(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state;

	if (r->m.rate.num == 0)
		r->m.rate = o->rate;
	if (r->m.rate.num == 0)
		die(EXIT_DATA, "%s: core:sample_rate: missing: say it with --rate", f->operands[0]);
	if (r->m.rate_edited)
		warn("core:sample_rate differs from leat:rate_num/leat:rate_den and counts");
	r->row = dtype_size(r->m.dtype) * (size_t)r->m.channels;
	r->block_rows = FRAME_PAYLOAD_MAX / r->row;
	r->block_rows = r->block_rows ? r->block_rows : 1;
	r->block = xaligned(r->block_rows, r->row);
}

static void run(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state;
	struct error e;

	if (sigmf_file_read(r->file, &r->m, &e) ||
		(o->verify && sigmf_file_verify(r->file, &r->m, &e)))
		die_with(&e);
	choose_form(f);
	sigmf_find_segments(&r->m);
	if (o->annotations)
		make_table(r);
	for (size_t i = 0, end; i < r->m.captures; i = end) {
		end = sigmf_segment_end(&r->m, i);
		put_segment(f, i, end);
		if (end < r->m.captures)
			filter_end(f, true);
	}
	if (r->annotation < r->m.annotations && o->annotations)
		warn("%zu annotations left out: they lie behind the data",
			r->m.annotations - r->annotation);
	table_free(r->table);
	sigmf_free(&r->m);
	sigmf_file_close(r->file);
}

static const struct command command = {
	.name = "sigmf-read",
	.summary = "read a SigMF recording",
	.operands = "RECORDING",
	.operands_min = 1,
	.operands_max = 1,
	.example = "recording",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_IQ) | KIND_BIT(KIND_TABLE),
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
