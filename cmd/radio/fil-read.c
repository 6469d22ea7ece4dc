/* SPDX-License-Identifier: ISC */
/*
 * fil-read: a filterbank file of sigproc. Out: SPECTRA, a row being one sample of the file,
 * channels ascending in frequency, values as they stand there; the header travels in keys
 * x.fil.NAME.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fil.h"
#include "stream/filter.h"

#define FRAME_BYTES (256u << 10)
#define FRAMES_PER_SECOND 20 /* at least, so that live files stay live */

static const struct option options[] = {
	OPTIONS_END,
};

struct reading {
	int fd;
	const char *name; /* for messages */
	bool is_file;
	uint64_t size;

	uint8_t *bytes; /* what has been read and not been used */
	size_t have, room;

	struct fil_header header;
	struct fil_form form;
	uint64_t row_bytes, row_floats;
	size_t rows_per_frame;
	float *rows;
	int64_t index;
};

static void prepare(struct filter *f)
{
	struct reading *r = f->state = xcalloc(1, sizeof(*r));
	struct stat st = {0};

	r->name = f->operands[0];
	if (!strcmp(r->name, "-")) {
		r->name = "standard input";
		r->fd = STDIN_FILENO;
	} else {
		r->fd = open(r->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (r->fd < 0)
		die(EXIT_NOINPUT, "%s: cannot open: %s", r->name, strerror(errno));
	if (fstat(r->fd, &st) == 0 && S_ISDIR(st.st_mode))
		die(EXIT_NOINPUT, "%s: cannot open: is a folder, must be a file", r->name);
	r->is_file = S_ISREG(st.st_mode);
	r->size = r->is_file ? (uint64_t)st.st_size : 0;
	if (isatty(r->fd))
		die(EXIT_USAGE, "%s: is a terminal: name a file", r->name);
}

/* Reads until so many bytes are there, or the file ends. The room grows with what arrives. */
static void fill(struct reading *r, uint64_t wanted)
{
	while (r->have < wanted) {
		ssize_t n;

		if (r->have == r->room) {
			r->room = r->room ? 2 * r->room : FRAME_BYTES;
			r->bytes = xrealloc(r->bytes, r->room, 1);
		}
		n = read(r->fd, r->bytes + r->have,
			wanted - r->have < r->room - r->have ? (size_t)(wanted - r->have)
							     : r->room - r->have);
		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = r->fd, .events = POLLIN}, 1, -1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			die(EXIT_IO, "%s: cannot read: %s", r->name, strerror(errno));
		if (n == 0)
			break;
		r->have += (size_t)n;
	}
}

static void use(struct reading *r, size_t n)
{
	r->have -= n;
	memmove(r->bytes, r->bytes + n, r->have);
}

static void read_header(struct reading *r)
{
	struct error e;
	size_t length = 0, wanted = 512;

	for (; length == 0; wanted *= 2) {
		fill(r, wanted);
		if (r->have == 0)
			die(EXIT_DATA, "%s: is empty", r->name);
		if (fil_parse(&r->header, r->bytes, r->have, &length, &e))
			die(EXIT_DATA, "%s: %s", r->name, e.text);
		if (length == 0 && (r->have < wanted || wanted >= FIL_HEADER_MAX))
			die(EXIT_DATA, "%s: ends inside its header", r->name);
	}
	if (fil_form_of(&r->header, &r->form, &e))
		die(EXIT_DATA, "%s: %s", r->name, e.text);
	use(r, length);
	r->size = r->size > length ? r->size - length : 0;
}

/* The scope of an entry: what is tied to the axes, or to the values, must not outlive them. */
static const char *scope_of(const char *name)
{
	static const char *const axes[] = {"nchans", "nifs", "fch1", "foff"};

	for (size_t i = 0; i < COUNT_OF(axes); i++)
		if (!strcmp(name, axes[i]))
			return "%";
	return strcmp(name, "nbits") && strcmp(name, "signed") ? "" : "~";
}

static void add_entry(struct meta *m, const struct fil_entry *entry)
{
	struct str key = {0};
	char text[NUMBER_TEXT];

	str_addf(&key, "%sx.fil.%s", scope_of(entry->name), entry->name);
	if (entry->type == FIL_REAL)
		format_f64(text, entry->real);
	else
		snprintf(text, sizeof(text), "%d", (int)entry->integer);
	meta_add(m, key.p, entry->type == FIL_TEXT ? entry->text : text);
	str_free(&key);
}

static void put_head(struct filter *f)
{
	struct reading *r = f->state;
	const struct fil_form *form = &r->form;
	const struct fil_entry *source = fil_find(&r->header, "source_name");
	double step = 1e6 * (form->reversed ? -form->foff_mhz : form->foff_mhz);
	double first = form->fch1_mhz * 1e6, centre;
	struct meta m = {0};
	struct rate rate = {1, 1};
	struct utc time0;
	char text[UTC_TEXT];

	if (form->reversed)
		first -= step * (double)(form->channels - 1);
	centre = first + step * (double)(form->channels / 2);
	fil_rate(form->tsamp_s, &rate);
	meta_set_rate(&m, rate);
	if (fil_time(form->tstart_mjd, &time0))
		meta_set(&m, "time0", utc_format(text, time0, -1));
	meta_set_f64(&m, "freq_hz", centre);
	meta_set_f64(&m, "%bin0_hz", first - centre);
	meta_set_f64(&m, "%bin_step_hz", step);
	meta_set(&m, "row_step", "1");
	meta_set(&m, "row_span", "1");
	if (r->is_file)
		meta_setf(&m, "expect_frames", "%llu",
			(unsigned long long)((r->size / r->row_bytes + r->rows_per_frame - 1) /
					     r->rows_per_frame));
	if (source && *source->text)
		meta_set(&m, "object", source->text);
	for (size_t i = 0; i < r->header.count; i++)
		add_entry(&m, &r->header.entry[i]);
	filter_head(f, &m);
	meta_clear(&m);
}

static void choose_frames(struct reading *r)
{
	double rows = 1 / r->form.tsamp_s / FRAMES_PER_SECOND;

	r->row_bytes = fil_row_bytes(&r->form);
	r->row_floats = r->form.channels * r->form.ifs;
	if (rows > (double)(FRAME_BYTES / sizeof(float) / r->row_floats))
		rows = (double)(FRAME_BYTES / sizeof(float) / r->row_floats);
	r->rows_per_frame = rows < 1 ? 1 : (size_t)rows;
}

static void put_rows(struct filter *f, size_t rows)
{
	struct reading *r = f->state;
	struct frame out = {
		.kind = KIND_SPECTRA,
		.dtype = DTYPE_F32,
		.ndim = 3,
		.dim = {rows, r->form.ifs, r->form.channels},
		.index = r->index,
		.payload_len = rows * r->row_floats * sizeof(float),
	};

	/* Made when the first rows are here, not when a header says so. */
	if (!r->rows)
		r->rows = xaligned(r->rows_per_frame * r->row_floats, sizeof(*r->rows));
	fil_decode(&r->form, r->bytes, rows, r->rows);
	out.payload = r->rows;
	filter_put(f, &out);
	r->index += (int64_t)rows;
	use(r, rows * r->row_bytes);
}

static void run(struct filter *f)
{
	struct reading *r = f->state;

	read_header(r);
	choose_frames(r);
	put_head(f);
	for (;;) {
		size_t rows;

		if (!r->is_file)
			filter_flush(f);
		fill(r, r->rows_per_frame * r->row_bytes);
		rows = r->have / r->row_bytes;
		if (rows == 0)
			break;
		put_rows(f, rows);
	}
	if (r->have > 0)
		die(EXIT_DATA, "%s: ends inside row %lld: %zu of %llu bytes", r->name,
			(long long)r->index, r->have, (unsigned long long)r->row_bytes);
}

static const struct command command = {
	.name = "fil-read",
	.summary = "read a filterbank file of sigproc",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.example = "spectra.fil",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_SPECTRA),
	.dtypes_out = "f32",
	.unit_out = "none",
	.options = options,
	.options_size = 0,
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
