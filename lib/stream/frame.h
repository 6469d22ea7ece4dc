/* SPDX-License-Identifier: ISC */
/* A frame of the stream and its 128-byte header; leat-stream(5) is the norm. */
#ifndef LEAT_STREAM_FRAME_H
#define LEAT_STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dtype.h"
#include "base/err.h"
#include "base/mem.h"

#define STREAM_MAJOR 1
#define STREAM_MINOR 0

#define FRAME_HEADER 128
#define FRAME_TAIL 8
#define FRAME_ALIGN 64
#define FRAME_DIMS 8
#define FRAME_META_MAX (16u << 20)
#define FRAME_PAYLOAD_MAX (1u << 20) /* of IQ, SPECTRA and TABLE with more than one row */

enum frame_kind {
	KIND_HEAD = 0,
	KIND_IQ = 1,
	KIND_SPECTRA = 2,
	KIND_IMAGE = 3,
	KIND_TABLE = 4,
	KIND_VIS = 5,
	KIND_GAIN = 6,
	KIND_REPORT = 7,
	KIND_ABORT = 0xfe,
	KIND_END = 0xff,
	KIND_PRIVATE = 0x8000, /* and above */
};

/* A set of data kinds, for what a command accepts and makes. */
#define KIND_BIT(kind) (1u << (kind))
#define KINDS_ALL 0xffffffffu

enum frame_flags {
	FRAME_CRC = 1,            /* the payload's CRC is there */
	FRAME_DISCONTINUITY = 2,  /* something is missing before this frame */
	FRAME_GROUP_LAST = 4,     /* last frame of a group */
	FRAME_MORE = 8,           /* on END: another segment follows */
	FRAME_CRITICAL = 0xff00,  /* refused if set and unknown; none is known yet */
};

struct frame {
	uint16_t kind, flags;
	uint8_t dtype, ndim;
	uint64_t seq;
	int64_t index;
	uint64_t dim[FRAME_DIMS];
	uint64_t payload_len;
	uint32_t meta_len;
	uint32_t payload_crc; /* of payload and padding; of meaning with FRAME_CRC */
	const char *meta;     /* meta_len bytes, not NUL-terminated */
	const void *payload;  /* 64-byte aligned where lent by a reader */
};

static inline uint64_t frame_meta_room(const struct frame *f)
{
	return round_up(f->meta_len, FRAME_ALIGN);
}

static inline uint64_t frame_payload_room(const struct frame *f)
{
	return round_up(f->payload_len + FRAME_TAIL, FRAME_ALIGN);
}

static inline uint64_t frame_length(const struct frame *f)
{
	return FRAME_HEADER + frame_meta_room(f) + frame_payload_room(f);
}

/* Bytes of one row: an element of dim[0]. 0 for columns and for frames without dimensions. */
uint64_t frame_row_size(const struct frame *f);

/* Whether frames of this kind hold data (neither HEAD, END nor ABORT). */
bool kind_is_data(unsigned kind);

/* "IQ", "SPECTRA" … , "0x8001" for others (the buffer is for those). */
const char *kind_name(unsigned kind, char buffer[16]);

/* Names of a set: "IQ or SPECTRA". */
struct str;
void kinds_names(unsigned kinds, struct str *out);
int kind_parse(const char *name);

/* Writes the header; the metadata's CRC is computed here, the payload's is not in the header. */
void frame_encode(const struct frame *f, uint32_t meta_crc, uint8_t header[FRAME_HEADER]);

/*
 * Reads a header and checks all that can be told from it alone: magic, CRC, version, kind, type,
 * dimensions, lengths, reserved fields. 0, or EXIT_DATA with *e. The metadata's CRC is returned.
 * verify: whether to check the header's own CRC (false under LEAT_CRC=0).
 */
int frame_decode(
	struct frame *f, const uint8_t header[FRAME_HEADER], bool verify, uint32_t *meta_crc, struct error *e);

/* Whether LEAT_CRC=0 is in force: nothing is summed or verified. */
bool crc_is_off(void);

#endif
