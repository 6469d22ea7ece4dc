/* SPDX-License-Identifier: ISC */
/*
 * drf-write: a DigitalRF 2.6 channel of IQ. Several segments make one channel: their indices must
 * ascend, what they are tuned to becomes Digital Metadata. In: IQ with time0. Out: the folder
 * TOP/CH, in which each file appears when it is full.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/mem.h"
#include "io/drf_write.h"
#include "stream/iq.h"

struct options {
	const char *channel, *uuid;
	int64_t file_ms, folder_s, gzip;
	bool checksum, continuous;
};

#define AT(member) offsetof(struct options, member)
#define FILE_MS_MAX 1000000000
#define FOLDER_S_MAX 1000000000

static const struct option options[] = {
	{'c', "channel", OPT_TEXT, AT(channel), "", "ch0", 0, 0, "CH", 0, "name of the channel"},
	{0, "file-ms", OPT_INT, AT(file_ms), "ms", "1000", 1, FILE_MS_MAX, NULL, 0,
		"what a file spans; must divide --subdir-s"},
	{0, "subdir-s", OPT_INT, AT(folder_s), "s", "3600", 1, FOLDER_S_MAX, NULL, 0,
		"what a folder of files spans"},
	{0, "gzip", OPT_INT, AT(gzip), "", "0", 0, 9, NULL, 0, "compress, 9 most; 0 not at all"},
	{0, "checksum", OPT_FLAG, AT(checksum), "", NULL, 0, 0, NULL, 0,
		"a checksum (fletcher32) for each chunk"},
	{0, "continuous", OPT_FLAG, AT(continuous), "", NULL, 0, 0, NULL, 0,
		"whole files, gaps filled, instead of an index of blocks"},
	{0, "uuid", OPT_TEXT, AT(uuid), "", NULL, 0, 0, "TEXT", 0,
		"names this run in the files; made of the data if not given"},
	OPTIONS_END,
};

struct writing {
	char *folder;
	struct drf_writer *writer;
	struct drf_properties properties; /* once there is a writer */
	int64_t base;			  /* index since 1970 of the segment's index 0 */
	bool begun;			  /* the segment has had a frame */
	struct iq_form form;		  /* of the segment */
	double *hz, *now;		  /* of each subchannel: as last told, as this segment is */
};

static void make_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, 0775) == 0)
		return;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (access(path, R_OK | W_OK | X_OK))
			die(EXIT_CANTCREATE, "%s: cannot write there: %s", path, strerror(errno));
		return;
	}
	die(EXIT_CANTCREATE, "%s: cannot create: %s", path,
		errno == EEXIST ? "is there, and no folder" : strerror(errno));
}

static void abandon(void *arg, int code, const char *message)
{
	const struct writing *w = arg;
	(void)code;
	(void)message;

	if (w->writer)
		drf_writer_abandon(w->writer);
}

static void check_options(const struct options *o)
{
	if (o->folder_s * 1000 % o->file_ms)
		die(EXIT_USAGE, "--file-ms: %lld: must divide the %lld s of --subdir-s",
			(long long)o->file_ms, (long long)o->folder_s);
	if (!*o->channel || *o->channel == '.' || strchr(o->channel, '/'))
		die(EXIT_USAGE,
			"--channel: '%s': must be a folder's name without / that begins with no "
			"dot",
			o->channel);
	if (o->uuid && (!*o->uuid || strlen(o->uuid) >= sizeof(((struct drf_layout *)0)->uuid)))
		die(EXIT_USAGE, "--uuid: must have 1 to %zu bytes",
			sizeof(((struct drf_layout *)0)->uuid) - 1);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct writing *w = f->state = xcalloc(1, sizeof(*w));
	struct str path = {0};

	check_options(o);
	str_addf(&path, "%s/drf_properties.h5", f->operands[0]);
	if (access(path.p, F_OK) == 0)
		die(EXIT_CANTCREATE, "%s: is a channel itself: name the folder above it",
			f->operands[0]);
	str_clear(&path);
	str_addf(&path, "%s/%s", f->operands[0], o->channel);
	w->folder = path.p;
	make_folder(f->operands[0]);
	make_folder(w->folder);
	at_death(abandon, w);
	f->sandbox.write_beneath = w->folder;
	f->sandbox.make_folders = true;
}

/* 32 hexadecimal digits that follow from what is written, where and in which form. */
static void derive_uuid(char *out, size_t size, const struct drf_layout *l, int64_t first)
{
	const struct drf_properties *p = &l->properties;
	struct str text = {0};
	uint32_t part[4];

	str_addf(&text, "%llu/%llu %u %u %d %lld %lld %u %d %lld", (unsigned long long)p->rate.num,
		(unsigned long long)p->rate.den, p->dtype, p->subchannels, p->continuous,
		(long long)p->file_ms, (long long)p->folder_s, l->gzip, l->checksum,
		(long long)first);
	for (uint32_t i = 0; i < COUNT_OF(part); i++)
		part[i] = crc32c(crc32c(0, &i, sizeof(i)), text.p, text.len);
	snprintf(out, size, "%08x%08x%08x%08x", part[0], part[1], part[2], part[3]);
	str_free(&text);
}

static void open_writer(struct filter *f, int64_t first)
{
	const struct options *o = f->options;
	struct writing *w = f->state;
	struct rate rate = w->form.rate;
	uint64_t divisor = common_divisor(rate.num, rate.den);
	struct drf_layout layout = {
		.properties = {.rate = {rate.num / divisor, rate.den / divisor},
			.dtype = w->form.dtype,
			.subchannels = w->form.subchannels,
			.continuous = o->continuous,
			.file_ms = o->file_ms,
			.folder_s = o->folder_s},
		.gzip = (unsigned)o->gzip,
		.checksum = o->checksum,
	};
	struct error e;

	if (drf_layout_check(&layout, &e))
		die(e.code, "--file-ms: %s: must be less", e.text);
	if (o->uuid)
		strcpy(layout.uuid, o->uuid);
	else
		derive_uuid(layout.uuid, sizeof(layout.uuid), &layout, first);
	if (drf_writer_open(&w->writer, w->folder, o->channel, &layout, &e))
		die_with(&e);
	w->properties = layout.properties;
	w->hz = xcalloc(w->form.subchannels, sizeof(*w->hz));
	w->now = xcalloc(w->form.subchannels, sizeof(*w->now));
	for (unsigned i = 0; i < w->form.subchannels; i++)
		w->hz[i] = NAN;
}

/* Where the segment's index 0 lies, counted since 1970. */
static int64_t base_of(const struct meta *meta, struct rate rate)
{
	const struct utc epoch = {0};
	struct utc time0;
	double off;
	int64_t base;

	if (!meta_utc(meta, "time0", &time0))
		die(EXIT_DATA, "time0: missing: DigitalRF counts samples since 1970, so the time "
			       "of index 0 "
			       "must be known (--time0 of iq-gen, iq-read)");
	base = utc_index_nearest(epoch, time0, rate, &off);
	if (off != 0)
		warn("time0 %s: falls between two samples since 1970: all times are told %.9g ns "
		     "%s",
			meta_get(meta, "time0"), fabs(off) / rate_hz(rate) * 1e9,
			off > 0 ? "late" : "early");
	return base;
}

/* Another segment must fit into the same channel. */
static void check_same(const struct writing *w)
{
	const struct drf_properties *p = &w->properties;
	struct rate rate = w->form.rate;

	if ((unsigned __int128)rate.num * p->rate.den != (unsigned __int128)p->rate.num * rate.den)
		die(EXIT_DATA, "rate %llu/%llu after %llu/%llu: a channel has one rate",
			(unsigned long long)rate.num, (unsigned long long)rate.den,
			(unsigned long long)p->rate.num, (unsigned long long)p->rate.den);
	if (w->form.dtype != p->dtype || w->form.subchannels != p->subchannels)
		die(EXIT_DATA,
			"%s with %u subchannels after %s with %u: a channel has one element type",
			dtype_name(w->form.dtype), w->form.subchannels, dtype_name(p->dtype),
			p->subchannels);
}

/* What the files cannot say is said. */
static void check_levels(const struct iq_form *form)
{
	if (form->full_scale != dtype_full_scale(form->dtype) ||
		form->zero != dtype_zero(form->dtype))
		warn("full_scale %g, zero %g: DigitalRF cannot tell them: readers will take %g "
		     "and %g",
			form->full_scale, form->zero, dtype_full_scale(form->dtype),
			dtype_zero(form->dtype));
}

/* The frequencies of the segment: one for each subchannel, or one for all, or unknown. */
static void read_frequencies(const struct writing *w, const struct meta *meta)
{
	size_t count = meta_count(meta, "freq_hz");
	unsigned subchannels = w->form.subchannels;

	if (count > 1 && count != subchannels)
		die(EXIT_DATA, "freq_hz: %zu values for %u subchannels", count, subchannels);
	for (unsigned i = 0; i < subchannels; i++) {
		const char *text = meta_nth(meta, "freq_hz", count > 1 ? i : 0);

		w->now[i] = NAN;
		if (text && (!parse_f64(text, false, &w->now[i]) || !isfinite(w->now[i])))
			die(EXIT_DATA, "freq_hz: '%s': must be a finite number of Hz", text);
	}
}

static void tune(struct writing *w, int64_t index)
{
	bool changed = false;
	struct error e;

	for (unsigned i = 0; i < w->form.subchannels; i++)
		changed = changed ||
			  (w->now[i] != w->hz[i] && !(isnan(w->now[i]) && isnan(w->hz[i])));
	if (!changed)
		return;
	memcpy(w->hz, w->now, w->form.subchannels * sizeof(*w->hz));
	if (drf_writer_tune(w->writer, index, w->hz, &e))
		die_with(&e);
}

static int64_t absolute(const struct writing *w, const struct frame *frame)
{
	int64_t index;

	if (__builtin_add_overflow(w->base, frame->index, &index) || index < 0)
		die(EXIT_DATA, "index %lld: lies before 1970, or beyond counting",
			(long long)frame->index);
	return index;
}

static void begin(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;
	const struct meta *meta = filter_meta(f, frame);

	w->form = iq_form_of(f, frame);
	w->base = base_of(meta, w->form.rate);
	if (w->writer)
		check_same(w);
	else
		open_writer(f, absolute(w, frame));
	check_levels(&w->form);
	read_frequencies(w, meta);
	tune(w, absolute(w, frame));
	w->begun = true;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct writing *w = f->state;
	(void)in;
	(void)out;

	w->begun = false;
}

static void frame(struct filter *f, const struct frame *frame)
{
	struct writing *w = f->state;
	struct error e;

	if (!w->begun)
		begin(f, frame);
	else
		iq_check_form(f, &w->form, frame);
	if (drf_writer_put(
		    w->writer, absolute(w, frame), (size_t)frame->dim[0], frame->payload, &e))
		die_with(&e);
}

static void finish(struct filter *f)
{
	struct writing *w = f->state;
	struct error e;

	if (!w->writer)
		die(EXIT_DATA, "no samples came");
	if (drf_writer_finish(w->writer, &e))
		die_with(&e);
	forget_at_death(abandon, w);
	drf_writer_free(w->writer);
	free(w->folder);
	free(w->hz);
	free(w->now);
}

static const struct command command = {
	.name = "drf-write",
	.summary = "write a DigitalRF capture",
	.operands = "TOP",
	.operands_min = 1,
	.operands_max = 1,
	.example = "top",
	.role = ROLE_SINK,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ),
	.dtypes_in = DTYPES_ALL,
	.folder = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = frame,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
