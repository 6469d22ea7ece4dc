/* SPDX-License-Identifier: ISC */
/*
 * sigmf-write: SigMF recordings. In: IQ of any type that SigMF can name; TABLE frames beside it, or
 * of a stream file, whose rows become annotations. Out: BASE.sigmf-data and, when all is well,
 * BASE.sigmf-meta; or one archive of both.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "io/sha512.h"
#include "io/sigmf.h"
#include "io/tar.h"
#include "stream/iq.h"
#include "stream/marks.h"

#define RECORDER "leat sigmf-write " LEAT_VERSION

struct options {
	bool archive, sha512;
	const char *annotations;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "archive", OPT_FLAG, AT(archive), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"write one file, BASE.sigmf; without -o it is always one"},
	{0, "annotations", OPT_TEXT, AT(annotations), "", NULL, 0, 0, "FILE", OPT_OUTPUT | OPT_FILE,
		"take annotations from the tables of this stream file as well"},
	{0, "sha512", OPT_FLAG, AT(sha512), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"say the data's SHA-512 in the metadata; costs 2 s of CPU time a GB"},
	OPTIONS_END,
};

struct writing {
	struct sigmf m;
	int fd;
	struct sha512 *sum;
	char *name;	    /* in an archive */
	int annotations_fd; /* -1 = none */
	uint64_t samples;   /* written so far */

	struct meta head; /* of this segment */
	struct iq_form form;
	size_t segment; /* its first capture */
	bool begun;	/* has it captures? */
	int64_t next;	/* index after its last sample */
	struct str own; /* metadata of its last frame */

	struct marks marks; /* annotations to be; their segment is that of w->segment */
	unsigned warned;
};

static const char *endings(const void *values)
{
	const struct options *o = values;

	return o->archive ? ".sigmf" : ".sigmf-data .sigmf-meta";
}

static void write_data(struct writing *w, const void *bytes, size_t n)
{
	if (write_whole(w->fd, bytes, n))
		die(EXIT_IO, "cannot write the data: %s", strerror(errno));
}

/* The headers of the data in an archive: at first, and when its size is known. */
static void write_header(struct writing *w, uint64_t size)
{
	char block[TAR_BLOCK + TAR_HEADER], name[TAR_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s/", w->name);
	tar_folder(block, name);
	snprintf(name, sizeof(name), "%s/%s.sigmf-data", w->name, w->name);
	tar_header(block + TAR_BLOCK, name, size);
	if (pwrite(w->fd, block, sizeof(block), 0) != (ssize_t)sizeof(block))
		die(EXIT_IO, "cannot write the archive: %s", strerror(errno));
}

static void begin_archive(struct filter *f)
{
	struct writing *w = f->state;

	w->name = xstrdup(f->sink.output ? base_name(f->sink.output) : "recording");
	if (2 * strlen(w->name) + strlen("/.sigmf-data") > TAR_NAME_MAX)
		die(EXIT_CANTCREATE, "%s: cannot create: a name in an archive has at most 44 bytes",
			w->name);
	write_header(w, 0);
	if (lseek(w->fd, TAR_BLOCK + TAR_HEADER, SEEK_SET) < 0)
		die(EXIT_IO, "cannot write the archive: %s", strerror(errno));
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct writing *w = f->state = xcalloc(1, sizeof(*w));

	w->annotations_fd = -1;
	if (o->annotations && (w->annotations_fd = open(o->annotations, O_RDONLY | O_CLOEXEC)) < 0)
		die(EXIT_NOINPUT, "--annotations: %s: cannot open: %s", o->annotations,
			strerror(errno));
	if (o->sha512)
		w->sum = sha512_new();
	w->fd = sink_open(f, NULL);
	if (o->archive || !f->sink.output)
		begin_archive(f);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct writing *w = f->state;

	(void)out;
	meta_copy(&w->head, in);
	w->segment = w->m.captures;
	w->begun = false;
}

/* A line of metadata, its value escaped as in a stream, so that any bytes pass through JSON. */
static void add_line(struct sigmf_pairs *pairs, struct meta_item *item)
{
	struct meta one = {.item = item, .count = 1};
	struct str line = {0};
	size_t n = strlen(item->key);

	meta_format(&one, &line);
	line.p[line.len - 1] = '\0';
	sigmf_add_pair(pairs, item->key, line.p + n + 1);
	str_free(&line);
}

/* Metadata as pairs, less what has a place of its own; "x.sigmf.…" goes back where it was. */
static void take_meta(const struct meta *meta, struct sigmf_pairs *pairs,
	struct sigmf_pairs *captures, struct sigmf_pairs *globals)
{
	for (size_t i = 0; i < meta->count; i++) {
		struct meta_item *item = &meta->item[i];

		if (!sigmf_made_anew(item->key) &&
			!(captures && !strcmp(item->key, "x.sigmf.capture") &&
				sigmf_add_other(captures, item->value)) &&
			!(globals && !strcmp(item->key, "x.sigmf.global") &&
				sigmf_add_other(globals, item->value)))
			add_line(pairs, item);
	}
}

/* What a capture says of time and frequency, for programs that do not read leat:head. */
static void add_capture(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;
	struct sigmf_capture *c = sigmf_add_capture(&w->m);
	const char *hz = meta_get(&w->head, "freq_hz");
	struct meta own = {0};
	struct utc time0;

	c->start = c->index = (int64_t)w->samples;
	if (frame)
		c->index = frame->index;
	if (!hz || !parse_f64(hz, false, &c->freq_hz))
		c->freq_hz = NAN;
	if (frame && meta_utc(&w->head, "time0", &time0)) {
		c->time = utc_after(time0, frame->index, w->form.rate);
		c->timed = sigmf_time_fits(c->time);
	}
	if (!w->begun) {
		c->begins = c->segment = true;
		take_meta(&w->head, &c->head, NULL, w->m.captures == 1 ? &w->m.others : NULL);
	}
	if (frame)
		filter_own_meta(f, frame, &own);
	take_meta(&own, &c->frame, &c->others, NULL);
	meta_clear(&own);
	w->begun = true;
}

static void check_form(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;
	bool first = !w->m.dtype;

	if (w->begun) {
		iq_check_form(f, &w->form, frame);
		return;
	}
	w->form = iq_form_of(f, frame);
	if (first) {
		w->m.dtype = w->form.dtype;
		w->m.rate = w->form.rate;
		w->m.channels = w->form.subchannels;
	}
	if (w->form.dtype != w->m.dtype || w->form.subchannels != w->m.channels ||
		(unsigned __int128)w->form.rate.num * w->m.rate.den !=
			(unsigned __int128)w->m.rate.num * w->form.rate.den)
		die(EXIT_DATA,
			"segment of %s with %u subchannels at %g samples/s after %s with %llu at "
			"%g: a recording has one form",
			dtype_name(w->form.dtype), w->form.subchannels, rate_hz(w->form.rate),
			dtype_name(w->m.dtype), (unsigned long long)w->m.channels,
			rate_hz(w->m.rate));
}

static void take_samples(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;

	check_form(f, frame);
	if (!w->begun || frame->index != w->next || frame->meta_len != w->own.len ||
		(w->own.len > 0 && memcmp(frame->meta, w->own.p, w->own.len))) {
		add_capture(f, frame);
		str_clear(&w->own);
		str_add_bytes(&w->own, frame->meta, frame->meta_len);
	}
	write_data(w, frame->payload, (size_t)frame->payload_len);
	if (w->sum)
		sha512_add(w->sum, frame->payload, (size_t)frame->payload_len);
	w->samples += frame->dim[0];
	w->m.capture[w->m.captures - 1].samples += frame->dim[0];
	w->next = frame->index + (int64_t)frame->dim[0];
}

/*
 * Annotations.
 */

#define ANYWHERE SIZE_MAX /* a mark of no segment of ours */

/* The segment that a mark of any lies in: the first that ends after it begins. */
static size_t segment_of(const struct sigmf *m, const struct mark *mark)
{
	size_t first = 0;

	for (size_t end; (end = sigmf_segment_end(m, first)) < m->captures; first = end) {
		const struct sigmf_capture *last = &m->capture[end - 1];

		if (mark->index < last->index + (int64_t)last->samples)
			break;
	}
	return first;
}

/* Marks become annotations, where something was recorded, in the order of their samples. */
static void annotate(struct writing *w)
{
	size_t nowhere = 0;

	for (size_t i = 0; i < w->marks.count; i++) {
		struct mark *mark = &w->marks.mark[i];
		size_t first = mark->segment == ANYWHERE ? segment_of(&w->m, mark) : mark->segment;
		size_t end = sigmf_segment_end(&w->m, first);
		int64_t start = sigmf_position(&w->m, first, end, mark->index);
		int64_t stop = sigmf_position(&w->m, first, end, mark->end);
		struct sigmf_annotation *a;

		if (stop < start || (stop == start && mark->end > mark->index)) {
			nowhere++;
			continue;
		}
		a = sigmf_add_annotation(&w->m);
		*a = (struct sigmf_annotation){start, stop - start, mark->low_hz, mark->high_hz,
			mark->label, mark->comment, mark->generator,
			mark->others ? sigmf_object(mark->others) : NULL};
		mark->label = mark->comment = mark->generator = NULL;
	}
	if (nowhere)
		warn("%zu annotations left out: nothing was recorded where they are", nowhere);
	sigmf_sort_annotations(&w->m);
	marks_free(&w->marks);
}

/*
 * The life.
 */

static void take_frame(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;

	if (frame->kind == KIND_IQ)
		take_samples(f, frame);
	else if (!marks_add(&w->marks, frame, filter_meta(f, frame), w->segment) && !w->warned++)
		warn("a table without a column index or start_s: no annotations");
}

static void end(struct filter *f, const struct meta *notes)
{
	struct writing *w = f->state;

	(void)notes;
	if (!w->begun)
		add_capture(f, NULL);
}

/* The data are whole: in an archive, as it is known now how long they are. */
static void end_data(struct filter *f, uint64_t size, const struct str *json)
{
	static const char zeros[TAR_BLOCK];
	struct writing *w = f->state;
	char header[TAR_HEADER], name[TAR_NAME_MAX + 1];

	if (!w->name) {
		(void)sink_open(f, NULL);
		sink_write(f, json->p, json->len);
		return;
	}
	write_header(w, size);
	write_data(w, zeros, tar_padding(size));
	snprintf(name, sizeof(name), "%s/%s.sigmf-meta", w->name, w->name);
	tar_header(header, name, json->len);
	write_data(w, header, sizeof(header));
	write_data(w, json->p, json->len);
	write_data(w, zeros, tar_padding(json->len));
	write_data(w, zeros, sizeof(zeros));
	write_data(w, zeros, sizeof(zeros));
	free(w->name);
}

static void finish(struct filter *f)
{
	struct writing *w = f->state;
	struct str json = {0};
	char sum[SHA512_TEXT];

	if (w->samples == 0)
		die(EXIT_DATA, "expects IQ, got none: a recording has samples");
	if (w->annotations_fd >= 0)
		marks_read(&w->marks, w->annotations_fd, "--annotations", ANYWHERE);
	annotate(w);
	w->m.samples = (int64_t)w->samples;
	if (w->sum)
		w->m.sha512 = xstrdup(sha512_end(w->sum, sum));
	sigmf_format(&w->m, RECORDER, &json);
	if (json.len > SIGMF_JSON_MAX)
		die(EXIT_DATA, "%zu gaps and %zu annotations: more metadata than readers take",
			w->m.captures, w->m.annotations);
	end_data(f, w->samples * dtype_size(w->m.dtype) * w->m.channels, &json);
	str_free(&json);
	str_free(&w->own);
	meta_clear(&w->head);
	sigmf_free(&w->m);
}

static const struct command command = {
	.name = "sigmf-write",
	.summary = "write a SigMF recording",
	.operands = "",
	.example = "",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ) | KIND_BIT(KIND_TABLE),
	.dtypes_in = "ci16 cf32 cu8 ci8 cu16 cu32 ci32 cf64 u8 i8 u16 i16 u32 i32 f32 f64 columns",
	.endings = endings,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = take_frame,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
