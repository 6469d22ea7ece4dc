/* SPDX-License-Identifier: ISC */
/*
 * mkstream: makes a stream, right or wrong, from lines on standard input:
 *
 *   key KEY VALUE            a line of the next frame's metadata
 *   set FIELD VALUE          a header field of the next frame says VALUE, whatever is true
 *   spoil PART               flips a bit of header, meta, meta-pad, payload, pad or tail
 *   payload BYTES            length of the next frame's payload, for columns
 *   cut BYTES                only so much of the next frame is written, and nothing after it
 *   HEAD | END [more] | ABORT
 *   KIND DTYPE INDEX DIMxDIM… [gap] [last] [unsummed]
 *
 * Payloads are counting bytes; of floats, counting numbers. Checksums are right unless spoiled.
 */
#include <stdbool.h>
#include <string.h>

#include "../wire.h"

struct field {
	const char *name;
	size_t at, bytes;
};

static const struct field fields[] = {{"magic", 0, 8}, {"version", 8, 2}, {"kind", 10, 2},
	{"dtype", 12, 1}, {"ndim", 13, 1}, {"flags", 14, 2}, {"seq", 16, 8}, {"index", 24, 8},
	{"payload_len", 32, 8}, {"meta_len", 40, 4}, {"reserved0", 44, 4}, {"dim0", 48, 8},
	{"dim1", 56, 8}, {"dim2", 64, 8}, {"dim3", 72, 8}, {"dim4", 80, 8}, {"dim5", 88, 8},
	{"dim6", 96, 8}, {"dim7", 104, 8}, {"reserved1", 112, 8}};

static const char *const kinds[] = {
	"HEAD", "IQ", "SPECTRA", "IMAGE", "TABLE", "VIS", "GAIN", "REPORT"};

static const struct {
	const char *name;
	unsigned code, size;
} dtypes[] = {{"columns", 0, 0}, {"u8", 1, 1}, {"i8", 2, 1}, {"u16", 3, 2}, {"i16", 4, 2},
	{"u32", 5, 4}, {"i32", 6, 4}, {"u64", 7, 8}, {"i64", 8, 8}, {"f32", 10, 4}, {"f64", 11, 8},
	{"cu8", 0x41, 2}, {"ci8", 0x42, 2}, {"cu16", 0x43, 4}, {"ci16", 0x44, 4}, {"cu32", 0x45, 8},
	{"ci32", 0x46, 8}, {"cu64", 0x47, 16}, {"ci64", 0x48, 16}, {"cf32", 0x4a, 8},
	{"cf64", 0x4b, 16}};

struct maker {
	char meta[4 << 20];
	size_t meta_len;
	struct {
		const struct field *field;
		uint64_t value;
	} set[16];
	size_t sets;
	char spoil[16];
	uint64_t payload, cut, seq, frames;
};

static _Noreturn void wrong(const char *line)
{
	fprintf(stderr, "mkstream: %s\n", line);
	exit(64);
}

static void fill(uint8_t *p, uint64_t n, unsigned dtype)
{
	for (uint64_t i = 0; (dtype & 63) < 10 && i < n; i++)
		p[i] = (uint8_t)(i * 7);
	for (uint64_t i = 0; (dtype & 63) == 10 && i < n / 4; i++)
		memcpy(p + 4 * i, &(float){(float)(i * 7 % 100) + 1}, 4);
	for (uint64_t i = 0; (dtype & 63) == 11 && i < n / 8; i++)
		memcpy(p + 8 * i, &(double){(double)(i * 7 % 100) + 1}, 8);
}

static void spoil(
	const struct maker *m, uint8_t *frame, uint64_t room, uint64_t payload, uint64_t length)
{
	if (!strcmp(m->spoil, "header"))
		frame[20] ^= 1;
	else if (!strcmp(m->spoil, "meta"))
		frame[WIRE_HEADER] ^= 1;
	else if (!strcmp(m->spoil, "meta-pad"))
		frame[WIRE_HEADER + room - 1] ^= 1;
	else if (!strcmp(m->spoil, "payload"))
		frame[WIRE_HEADER + room] ^= 1;
	else if (!strcmp(m->spoil, "pad"))
		frame[WIRE_HEADER + room + payload] ^= 1;
	else if (!strcmp(m->spoil, "tail"))
		frame[length - 1] ^= 1;
}

/* Writes the frame whose header fields stand in `header`, then forgets what was said of it. */
static void write_frame(struct maker *m, const uint8_t header[WIRE_HEADER])
{
	uint64_t room = WIRE_ROOM(m->meta_len), payload = wire_get(header + 32, 8);
	uint64_t length = WIRE_HEADER + room + WIRE_ROOM(payload + 8);
	uint8_t *frame = calloc(length, 1);

	memcpy(frame, header, WIRE_HEADER);
	wire_put(frame + 40, m->meta_len, 4);
	memset(frame + WIRE_HEADER, '\n', room);
	memcpy(frame + WIRE_HEADER, m->meta, m->meta_len);
	fill(frame + WIRE_HEADER + room, payload, header[12]);
	wire_seal(frame);
	for (size_t i = 0; i < m->sets; i++)
		wire_put(frame + m->set[i].field->at, m->set[i].value, m->set[i].field->bytes);
	wire_put(frame + 124, wire_crc(frame, 124), 4);
	spoil(m, frame, room, payload, length);
	fwrite(frame, 1, m->cut && m->cut < length ? m->cut : length, stdout);
	free(frame);
	if (m->cut)
		exit(fflush(stdout) ? 74 : 0);
	m->meta_len = m->sets = 0;
	m->payload = 0;
	m->spoil[0] = '\0';
}

static void start(struct maker *m, uint8_t header[WIRE_HEADER], unsigned kind, unsigned flags)
{
	memset(header, 0, WIRE_HEADER);
	memcpy(header, "\211LEAT\r\n\032", 8);
	wire_put(header + 8, 0x100, 2);
	wire_put(header + 10, kind, 2);
	wire_put(header + 14, flags, 2);
	wire_put(header + 16, m->seq++, 8);
}

static void structural(struct maker *m, char *word, char *rest)
{
	uint8_t header[WIRE_HEADER];

	if (!strcmp(word, "HEAD")) {
		m->seq = m->frames = 0;
		start(m, header, 0, 1);
	} else if (!strcmp(word, "END")) {
		if (!m->meta_len)
			m->meta_len = (size_t)sprintf(
				m->meta, "frames %llu\n", (unsigned long long)m->frames);
		start(m, header, 0xff, rest && !strcmp(rest, "more") ? 9 : 1);
	} else {
		start(m, header, 0xfe, 1);
	}
	write_frame(m, header);
}

static void data(struct maker *m, unsigned kind, char *rest)
{
	uint8_t header[WIRE_HEADER];
	char *type = strtok(rest, " "), *index = strtok(NULL, " "), *shape = strtok(NULL, " "),
	     *word;
	uint64_t bytes = 0;
	unsigned ndim = 0, flags = 1;

	start(m, header, kind, 0);
	for (size_t i = 0; type && i < sizeof(dtypes) / sizeof(*dtypes); i++)
		if (!strcmp(type, dtypes[i].name)) {
			header[12] = (uint8_t)dtypes[i].code;
			bytes = dtypes[i].size;
		}
	if (!index || !shape)
		wrong("KIND DTYPE INDEX DIMxDIM");
	wire_put(header + 24, (uint64_t)strtoll(index, NULL, 10), 8);
	while ((word = strtok(NULL, " "))) {
		flags |= !strcmp(word, "gap") ? 2 : !strcmp(word, "last") ? 4 : 0;
		if (!strcmp(word, "unsummed"))
			flags &= ~1u;
	}
	wire_put(header + 14, flags, 2);
	for (char *d = strtok(shape, "x"); d && *d != '-'; d = strtok(NULL, "x")) {
		uint64_t n = strtoull(d, NULL, 10);

		wire_put(header + 48 + 8 * ndim++, n, 8);
		bytes *= n;
	}
	header[13] = (uint8_t)ndim;
	wire_put(header + 32, ndim && bytes ? bytes : m->payload, 8);
	m->frames++;
	write_frame(m, header);
}

static void set_field(struct maker *m, const char *rest)
{
	size_t n = strcspn(rest, " ");

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strlen(fields[i].name) == n && !memcmp(fields[i].name, rest, n) &&
			m->sets < 16) {
			m->set[m->sets].field = &fields[i];
			m->set[m->sets++].value = strtoull(rest + n, NULL, 0);
			return;
		}
	wrong(rest);
}

static void obey(struct maker *m, char *line)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	if (!strcmp(line, "HEAD") || !strcmp(line, "END") || !strcmp(line, "ABORT")) {
		structural(m, line, rest);
		return;
	}
	if (!rest)
		wrong(line);
	if (!strcmp(line, "key")) {
		m->meta_len += (size_t)snprintf(
			m->meta + m->meta_len, sizeof(m->meta) - m->meta_len, "%s\n", rest);
		return;
	}
	if (!strcmp(line, "set"))
		set_field(m, rest);
	else if (!strcmp(line, "spoil"))
		snprintf(m->spoil, sizeof(m->spoil), "%s", rest);
	else if (!strcmp(line, "payload"))
		m->payload = strtoull(rest, NULL, 0);
	else if (!strcmp(line, "cut"))
		m->cut = strtoull(rest, NULL, 0);
	else if (*line >= '0' && *line <= '9')
		data(m, (unsigned)strtoul(line, NULL, 0), rest);
	else
		for (unsigned i = 1;; i++) {
			if (i == sizeof(kinds) / sizeof(*kinds))
				wrong(line);
			if (!strcmp(line, kinds[i])) {
				data(m, i, rest);
				return;
			}
		}
}

int main(void)
{
	static struct maker m;
	static char line[1 << 16];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			obey(&m, line);
	}
	return fflush(stdout) ? 74 : 0;
}
