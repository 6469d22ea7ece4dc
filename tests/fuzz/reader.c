/* SPDX-License-Identifier: ISC */
/*
 * The reader on any bytes, by file and by pipe. The first byte says how: 1 makes checksums,
 * lengths and padding right first, so that what lies behind them is reached, 2 numbers the frames
 * as well, 4 reads from a pipe, 8 lends one frame at a time.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stream/columns.h"
#include "stream/reader.h"

#include "../wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repair(uint8_t *p, size_t n, bool number)
{
	uint64_t seq = 0;

	while (n >= WIRE_HEADER) {
		uint64_t meta = wire_get(p + 40, 4), payload = wire_get(p + 32, 8), length, end;

		memcpy(p, "\x89LEAT\r\n\x1a", 8);
		wire_put(p + 8, 0x100, 2);
		seq = wire_kind(p) == 0 ? 0 : seq + 1;
		if (number)
			wire_put(p + 16, seq, 8);
		wire_put(p + 124, wire_crc(p, 124), 4);
		if (payload > n || meta > n || (length = wire_length(p)) > n)
			return;
		end = WIRE_HEADER + wire_meta_room(p);
		memset(p + WIRE_HEADER + meta, '\n', end - WIRE_HEADER - meta);
		memset(p + end + payload, 0, length - end - payload);
		wire_seal(p);
		p += length;
		n -= length;
	}
}

static int source(const uint8_t *bytes, size_t n, bool by_pipe)
{
	int ends[2], fd;

	if (!by_pipe) {
		fd = memfd_create("fuzz", 0);
		if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET))
			abort();
		return fd;
	}
	/* A pipe holds 64 KiB at least. */
	if (pipe(ends) || write(ends[1], bytes, n < 65536 ? n : 65536) < 0)
		abort();
	close(ends[1]);
	return ends[0];
}

static void look_at(const struct frame *f)
{
	struct column *columns;
	struct meta m = {0};
	struct error e;
	size_t count;

	if (f->meta_len && meta_parse(&m, f->meta, f->meta_len, &e))
		abort(); /* the reader has promised that it is well formed */
	if (f->kind == KIND_TABLE && !columns_list(f, &m, &columns, &count, &e))
		free(columns);
	if (f->payload_len)
		(void)wire_crc(f->payload, (size_t)f->payload_len);
	meta_clear(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frames[64];
	struct error e = {0};
	struct reader *r;
	size_t count;
	uint8_t *copy;
	int fd, code;

	if (size < 1)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (*data & 1)
		repair(copy, size - 1, *data & 2);
	fd = source(copy, size - 1, *data & 4);
	r = reader_open(fd, "fuzz");
	while (!(code = reader_lend(r, frames, *data & 8 ? 1 : 64, &count, &e)) && count > 0)
		for (size_t i = 0; i < count; i++)
			look_at(&frames[i]);
	if (code && (code != e.code || !*e.text))
		abort();
	reader_free(r);
	close(fd);
	free(copy);
	return 0;
}
