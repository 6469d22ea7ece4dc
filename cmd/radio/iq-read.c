/* SPDX-License-Identifier: ISC */
/*
 * iq-read: raw samples and WAV files. In: files or standard input, live or not. Out: IQ as
 * recorded, a segment for each file, its index from 0. What options and the file do not say, its
 * name may; what was taken from there is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/iq_file.h"
#include "stream/filter.h"
#include "stream/writer.h"

#define FRAME_BYTES (FRAME_PAYLOAD_MAX / 4) /* stays in the cache from read to write */

struct options {
	const char *type, *freq, *time0;
	struct rate rate;
	int64_t subchannels;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'t', "type", OPT_TEXT, AT(type), "", NULL, 0, 0, "TYPE", OPT_OUTPUT,
		"of the elements: cu8, ci16, cf32, f64, or as others say: cs16, fc32, s16be"},
	{'r', "rate", OPT_RATE, AT(rate), "samples/s", NULL, 0, 0, NULL, OPT_OUTPUT, "sample rate"},
	{'f', "freq", OPT_TEXT, AT(freq), "Hz", NULL, 0, 0, "HZ", OPT_OUTPUT, "centre frequency"},
	{0, "time0", OPT_TEXT, AT(time0), "", NULL, 0, 0, "TIME", OPT_OUTPUT,
		"UTC of the first sample"},
	{'c', "subchannels", OPT_INT, AT(subchannels), "", "1", 1, 1024, NULL, OPT_OUTPUT,
		"interleaved subchannels of raw samples"},
	OPTIONS_END,
};

struct input {
	int fd;
	const char *where, *name; /* for messages; without folders, "" if there is none */
};

struct reading {
	struct input *input;
	size_t count;
	struct iq_said said;
	void *block;
	size_t block_size;
	int64_t index; /* of the segment's next sample */
	bool gap;      /* before it */
};

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		die(EXIT_NOINPUT, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		die(EXIT_NOINPUT, "%s: cannot open: is a folder, must be a file", path);
	return fd;
}

static void add_input(struct filter *f, const char *path)
{
	struct reading *r = f->state;
	struct input *i = &r->input[r->count++];
	struct stat st;

	if (strcmp(path, "-"))
		*i = (struct input){open_file(path), path, base_name(path)};
	else
		*i = (struct input){STDIN_FILENO, "standard input", ""};
	if (i->fd == STDIN_FILENO && isatty(i->fd))
		die(EXIT_USAGE,
			"standard input is a terminal: name a FILE or pipe samples into it");
	if (fstat(i->fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		widen_pipe(i->fd);
		filter_unbounded(f);
	}
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct reading *r = f->state = xcalloc(1, sizeof(*r));
	struct iq_said *said = &r->said;

	if (o->type && !iq_type_parse(o->type, &said->type))
		die(EXIT_USAGE,
			"--type: '%s': must be a type such as cu8, ci8, ci16, cf32, f32, ci16_be",
			o->type);
	if (o->freq && !parse_frequency(o->freq, &said->freq_hz))
		die(EXIT_USAGE, "--freq: '%s': must be a frequency such as 7100kHz", o->freq);
	if (o->time0 && !utc_parse(o->time0, &said->time0))
		die(EXIT_USAGE, "--time0: '%s': must be a time such as 2024-06-27T14:49:00Z",
			o->time0);
	said->rate = o->rate;
	said->has_freq = o->freq != NULL;
	said->has_time = o->time0 != NULL;
	said->subchannels = (unsigned)o->subchannels;
	r->input = xcalloc((size_t)f->operand_count + 1, sizeof(*r->input));
	for (int i = 0; i < f->operand_count; i++)
		add_input(f, f->operands[i]);
	if (f->operand_count == 0)
		add_input(f, "-");
}

static void begin_segment(struct filter *f, const struct iq_file *file, size_t most)
{
	struct reading *r = f->state;
	char text[UTC_TEXT];
	struct meta m = {0};

	meta_set_rate(&m, file->rate);
	if (file->has_time)
		meta_set(&m, "time0", utc_format(text, file->time0, -1));
	for (unsigned i = 0; file->has_freq && i < file->subchannels; i++)
		meta_add(&m, "freq_hz", format_f64(text, file->freq_hz));
	meta_set_f64(&m, "full_scale", file->full_scale);
	if (file->zero != 0)
		meta_set_f64(&m, "zero", file->zero);
	if (file->samples > 0)
		meta_setf(&m, "expect_frames", "%llu",
			(unsigned long long)((file->samples - 1) / most + 1));
	filter_head(f, &m);
	meta_clear(&m);
	r->index = 0;
	r->gap = false;
}

static void put_frame(struct filter *f, const struct iq_file *file, size_t rows)
{
	struct reading *r = f->state;
	struct frame out = {
		.kind = KIND_IQ,
		.dtype = (uint8_t)file->dtype,
		.ndim = 2,
		.dim = {rows, file->subchannels},
		.index = r->index,
		.flags = r->gap ? FRAME_DISCONTINUITY : 0,
		.payload_len = rows * file->row,
		.payload = r->block,
	};

	filter_put(f, &out);
	r->index += (int64_t)rows;
	r->gap = false;
}

static void put_all(struct filter *f, struct iq_file *file, size_t most)
{
	struct reading *r = f->state;
	bool end = false;
	struct error e;

	while (!end && !filter_stopping(f)) {
		int64_t missing;
		size_t rows;

		if (iq_file_read(file, r->block, most, &rows, &missing, &end, &e))
			die_with(&e);
		if (__builtin_add_overflow(r->index, missing, &r->index) ||
			r->index > INT64_MAX - (int64_t)most)
			die(EXIT_DATA, "%s: gaps beyond any index", file->in.where);
		r->gap = r->gap || missing > 0;
		if (rows > 0)
			put_frame(f, file, rows);
		if (!file->in.file)
			filter_flush(f);
	}
}

/* What was odd, to the user and into END. */
static void tell_remarks(struct filter *f, const struct iq_file *file)
{
	unsigned remarks = iq_file_remarks(file);
	const char *where = file->in.where;

	if (remarks & WAV_OPEN_ENDED)
		warn("%s: its header tells no length: all to the end was taken", where);
	if (remarks & WAV_WRAPPED)
		warn("%s: more than 4 GiB, which its header has no room for: all was taken", where);
	if (remarks & WAV_PARTIAL) {
		warn("%s: ends within a sample: left out", where);
		filter_note(f, "partial_samples", 1);
	}
	if (remarks & WAV_TRAILING)
		warn("%s: bytes after its last chunk: left out", where);
	if (file->gaps > 0)
		filter_note(f, "gaps", file->gaps);
	if (file->odd_stamps > 0) {
		warn("%s: %lld GPS stamps out of order: no gap was made of them", where,
			(long long)file->odd_stamps);
		filter_note(f, "odd_stamps", file->odd_stamps);
	}
}

static void read_input(struct filter *f, const struct input *input)
{
	struct reading *r = f->state;
	struct iq_file file;
	struct error e;
	size_t most;

	if (iq_file_open(&file, input->fd, input->where, input->name, &r->said, &e))
		die_with(&e);
	if (file.guessed.len)
		warn("%s: by its name: %s", input->where, file.guessed.p);
	most = file.row < FRAME_BYTES ? FRAME_BYTES / file.row : 1;
	if (most * file.row > r->block_size) {
		free(r->block);
		r->block_size = most * file.row;
		r->block = xaligned(r->block_size, 1);
	}
	begin_segment(f, &file, most);
	put_all(f, &file, most);
	tell_remarks(f, &file);
	iq_file_close(&file);
}

static void run(struct filter *f)
{
	const struct reading *r = f->state;

	for (size_t i = 0; i < r->count && !filter_stopping(f); i++) {
		if (i > 0)
			filter_end(f, true);
		read_input(f, &r->input[i]);
	}
}

static const struct command command = {
	.name = "iq-read",
	.summary = "read raw samples and WAV files",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "samples.wav",
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
