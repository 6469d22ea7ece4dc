/* SPDX-License-Identifier: ISC */
#include "stream/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/str.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"leat streams are little-endian and so must be the host");

static const uint8_t magic[8] = {0x89, 'L', 'E', 'A', 'T', '\r', '\n', 0x1a};

static const char *const names[] = {
	"HEAD", "IQ", "SPECTRA", "IMAGE", "TABLE", "VIS", "GAIN", "REPORT"};

bool kind_is_data(unsigned kind)
{
	return kind != KIND_HEAD && kind != KIND_END && kind != KIND_ABORT;
}

const char *kind_name(unsigned kind, char buffer[16])
{
	if (kind < COUNT_OF(names))
		return names[kind];
	if (kind == KIND_END)
		return "END";
	if (kind == KIND_ABORT)
		return "ABORT";
	snprintf(buffer, 16, "0x%04X", kind);
	return buffer;
}

int kind_parse(const char *name)
{
	for (unsigned i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(name, names[i]))
			return (int)i;
	return -1;
}

void kinds_names(unsigned kinds, struct str *out)
{
	bool first = true;

	for (unsigned i = 1; i < COUNT_OF(names); i++)
		if (kinds & KIND_BIT(i)) {
			str_addf(out, "%s%s", first ? "" : " or ", names[i]);
			first = false;
		}
}

uint64_t frame_row_size(const struct frame *f)
{
	uint64_t size = dtype_size(f->dtype);

	if (f->ndim == 0)
		return 0;
	for (unsigned i = 1; i < f->ndim; i++)
		size *= f->dim[i];
	return size;
}

bool crc_is_off(void)
{
	const char *v = getenv("LEAT_CRC");

	return v && !strcmp(v, "0");
}

static void put(uint8_t *p, uint64_t v, size_t bytes)
{
	memcpy(p, &v, bytes);
}

static uint64_t get(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	memcpy(&v, p, bytes);
	return v;
}

void frame_encode(const struct frame *f, uint32_t meta_crc, uint8_t header[FRAME_HEADER])
{
	memset(header, 0, FRAME_HEADER);
	memcpy(header, magic, sizeof(magic));
	put(header + 8, STREAM_MAJOR << 8 | STREAM_MINOR, 2);
	put(header + 10, f->kind, 2);
	header[12] = f->dtype;
	header[13] = f->ndim;
	put(header + 14, f->flags, 2);
	put(header + 16, f->seq, 8);
	put(header + 24, (uint64_t)f->index, 8);
	put(header + 32, f->payload_len, 8);
	put(header + 40, f->meta_len, 4);
	memcpy(header + 48, f->dim, sizeof(f->dim));
	put(header + 120, meta_crc, 4);
	put(header + 124, crc32c(0, header, 124), 4);
}

/* The payload is as long as the dimensions say. */
static int check_shape(const struct frame *f, struct error *e)
{
	uint64_t size = dtype_size(f->dtype);

	if (f->dtype != DTYPE_COLUMNS && !dtype_valid(f->dtype))
		return fail(e, EXIT_DATA, "dtype: 0x%02X: not a known element type", f->dtype);
	if (f->ndim > FRAME_DIMS)
		return fail(e, EXIT_DATA, "ndim: %u: at most %d", f->ndim, FRAME_DIMS);
	for (unsigned i = f->ndim; i < FRAME_DIMS; i++)
		if (f->dim[i])
			return fail(e, EXIT_DATA, "dim[%u]: %llu: must be 0 beyond ndim %u", i,
				(unsigned long long)f->dim[i], f->ndim);
	if (f->payload_len > INT64_MAX / 2)
		return fail(e, EXIT_DATA, "payload_len: %llu: too large",
			(unsigned long long)f->payload_len);
	if (f->dtype == DTYPE_COLUMNS)
		return 0;
	for (unsigned i = 0; i < f->ndim; i++)
		if (!mul_fits(size, f->dim[i], &size))
			return fail(e, EXIT_DATA, "dim[%u]: %llu: the product of the dimensions overflows",
				i, (unsigned long long)f->dim[i]);
	if (f->ndim == 0)
		size = 0;
	if (size != f->payload_len)
		return fail(e, EXIT_DATA, "payload_len: %llu: the dimensions make %llu bytes",
			(unsigned long long)f->payload_len, (unsigned long long)size);
	return 0;
}

static int check_kind(const struct frame *f, struct error *e)
{
	uint64_t row = frame_row_size(f);
	char name[16];

	if (!kind_is_data(f->kind) && (f->payload_len || f->ndim || f->dtype))
		return fail(e, EXIT_DATA, "%s: a frame of this kind has no payload",
			kind_name(f->kind, name));
	if (f->kind == KIND_REPORT && f->payload_len)
		return fail(e, EXIT_DATA, "REPORT: a frame of this kind has no payload");
	if ((f->kind == KIND_TABLE || f->kind == KIND_VIS || f->kind == KIND_GAIN) &&
		f->dtype != DTYPE_COLUMNS)
		return fail(e, EXIT_DATA, "%s: must hold columns", kind_name(f->kind, name));
	if (f->kind == KIND_IQ && (f->ndim != 2 || !dtype_valid(f->dtype) || f->dim[1] == 0))
		return fail(e, EXIT_DATA, "IQ: must be [samples][subchannels]");
	if (f->kind == KIND_SPECTRA &&
		(f->ndim != 3 || f->dtype != DTYPE_F32 || f->dim[1] == 0 || f->dim[2] == 0))
		return fail(e, EXIT_DATA, "SPECTRA: must be f32 [rows][subchannels][bins]");
	if (f->kind == KIND_IMAGE && (f->ndim != 3 || !dtype_valid(f->dtype)))
		return fail(e, EXIT_DATA, "IMAGE: must be [planes][height][width]");
	/* Without elements the other dimensions could claim anything. */
	if ((f->kind == KIND_IQ || f->kind == KIND_SPECTRA || f->kind == KIND_IMAGE) && !f->payload_len)
		return fail(e, EXIT_DATA, "%s: holds no element", kind_name(f->kind, name));
	if ((f->kind == KIND_IQ || f->kind == KIND_SPECTRA || f->kind == KIND_TABLE) &&
		f->payload_len > FRAME_PAYLOAD_MAX && f->dim[0] > 1)
		return fail(e, EXIT_DATA, "%s: %llu bytes in %llu rows: frames of this kind hold at most "
			"1 MiB or one row", kind_name(f->kind, name), (unsigned long long)f->payload_len,
			(unsigned long long)f->dim[0]);
	if ((f->kind == KIND_IQ || f->kind == KIND_SPECTRA) && row > 0 &&
		f->dim[0] > (uint64_t)INT64_MAX)
		return fail(e, EXIT_DATA, "dim[0]: too large");
	return 0;
}

int frame_decode(
	struct frame *f, const uint8_t header[FRAME_HEADER], bool verify, uint32_t *meta_crc, struct error *e)
{
	unsigned version = (unsigned)get(header + 8, 2);
	uint32_t crc = (uint32_t)get(header + 124, 4);
	int code;

	if (!memcmp(header, "SIMPLE  =", 9))
		return fail(e, EXIT_DATA, "not a leat stream but a FITS file (fits-read missing?)");
	if (memcmp(header, magic, sizeof(magic)))
		return fail(e, EXIT_DATA, "not a leat stream: the frame's magic bytes are wrong");
	if (verify && crc32c(0, header, 124) != crc)
		return fail(e, EXIT_DATA, "damaged header: its checksum does not match");
	if (version >> 8 != STREAM_MAJOR)
		return fail(e, EXIT_DATA, "stream version %u.%u: this leat reads %d.x", version >> 8,
			version & 0xff, STREAM_MAJOR);
	*f = (struct frame){
		.kind = (uint16_t)get(header + 10, 2),
		.dtype = header[12],
		.ndim = header[13],
		.flags = (uint16_t)get(header + 14, 2),
		.seq = get(header + 16, 8),
		.index = (int64_t)get(header + 24, 8),
		.payload_len = get(header + 32, 8),
		.meta_len = (uint32_t)get(header + 40, 4),
	};
	memcpy(f->dim, header + 48, sizeof(f->dim));
	*meta_crc = (uint32_t)get(header + 120, 4);
	if (f->flags & FRAME_CRITICAL)
		return fail(e, EXIT_DATA, "flags 0x%04X: unknown critical flag", f->flags);
	if ((f->flags & FRAME_MORE) && f->kind != KIND_END)
		return fail(e, EXIT_DATA, "flag 'more' on a frame that is not END");
	if (f->meta_len > FRAME_META_MAX)
		return fail(e, EXIT_DATA, "meta_len: %u: at most %u", f->meta_len, FRAME_META_MAX);
	if (get(header + 44, 4) || get(header + 112, 8))
		return fail(e, EXIT_DATA, "reserved fields of the header are not 0");
	if ((code = check_shape(f, e)))
		return code;
	return check_kind(f, e);
}
