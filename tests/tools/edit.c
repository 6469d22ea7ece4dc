/* SPDX-License-Identifier: ISC */
/*
 * edit: alters a stream on its way from standard input to standard output.
 *
 *   edit list                one line a frame: OFFSET LENGTH KIND META_LEN PAYLOAD_LEN
 *   edit flip REGION SEED    flips one random bit of some frame's header, meta, payload or padding
 *   edit key 'KEY VALUE'     adds a line to every HEAD
 *   edit abort               an ABORT takes the place of the last END
 *   edit more                the last END announces another segment
 *   edit mask N              every IMAGE gets a group with a mask of its first N columns
 */
#include <stdbool.h>
#include <string.h>

#include "../wire.h"

static void put(const uint8_t *p, size_t n)
{
	fwrite(p, 1, n, stdout);
}

/* A copy of the frame with this text for metadata and no payload, of another kind; written. */
static void put_with_meta(const uint8_t *frame, unsigned kind, const char *meta, size_t meta_len)
{
	size_t room = (size_t)WIRE_ROOM(meta_len);
	uint8_t *copy = calloc(WIRE_HEADER + room + 64, 1);

	memcpy(copy, frame, WIRE_HEADER);
	wire_put(copy + 10, kind, 2);
	wire_put(copy + 40, meta_len, 4);
	memset(copy + WIRE_HEADER, '\n', room);
	memcpy(copy + WIRE_HEADER, meta, meta_len);
	wire_seal(copy);
	put(copy, (size_t)wire_length(copy));
	free(copy);
}

static void put_with_key(const uint8_t *frame, const char *line)
{
	size_t n = (size_t)wire_get(frame + 40, 4), more = strlen(line);
	char *meta = malloc(n + more + 1);

	memcpy(meta, frame + WIRE_HEADER, n);
	memcpy(meta + n, line, more);
	meta[n + more] = '\n';
	put_with_meta(frame, wire_kind(frame), meta, n + more + 1);
	free(meta);
}

/* The bytes of a region of a frame: where they begin and how many there are. */
static size_t region_of(const uint8_t *frame, const char *region, size_t *n)
{
	size_t meta = (size_t)wire_get(frame + 40, 4), room = (size_t)wire_meta_room(frame);
	size_t payload = (size_t)wire_get(frame + 32, 8), length = (size_t)wire_length(frame);

	*n = WIRE_HEADER;
	if (!strcmp(region, "header"))
		return 0;
	*n = meta;
	if (!strcmp(region, "meta"))
		return WIRE_HEADER;
	*n = payload;
	if (!strcmp(region, "payload"))
		return WIRE_HEADER + room;
	/* Padding of both, and what stands behind it. */
	*n = length - WIRE_HEADER - room - payload;
	return WIRE_HEADER + room + payload;
}

static void flip(uint8_t *all, const size_t *at, size_t frames, const char *region, uint64_t seed)
{
	uint64_t state = seed * 2654435761u + 1;

	for (;;) {
		uint8_t *frame = all + at[wire_random(&state) % frames];
		size_t n, first = region_of(frame, region, &n);

		if (n > 0) {
			uint64_t bit = wire_random(&state) % (8 * n);

			frame[first + bit / 8] ^= (uint8_t)(1 << bit % 8);
			return;
		}
	}
}

/* The image, then a frame of u8 that is 1 in its first columns; both with new numbers. */
static void put_masked(uint8_t *image, uint64_t columns, uint64_t seq)
{
	static const char meta[] = "role mask\n";
	uint64_t height = wire_get(image + 56, 8), width = wire_get(image + 64, 8);
	size_t room = (size_t)WIRE_ROOM(sizeof(meta) - 1);
	uint8_t *mask = calloc(WIRE_HEADER + room + (size_t)WIRE_ROOM(height * width + 8), 1);

	memcpy(mask, image, WIRE_HEADER);
	wire_put(image + 14, wire_get(image + 14, 2) & ~4u, 2);
	wire_put(image + 16, seq, 8);
	wire_seal(image);
	put(image, (size_t)wire_length(image));
	mask[12] = 1; /* u8 */
	wire_put(mask + 16, seq + 1, 8);
	wire_put(mask + 32, height * width, 8);
	wire_put(mask + 40, sizeof(meta) - 1, 4);
	wire_put(mask + 48, 1, 8);
	memset(mask + WIRE_HEADER, '\n', room);
	memcpy(mask + WIRE_HEADER, meta, sizeof(meta) - 1);
	for (uint64_t i = 0; i < height * width; i++)
		mask[WIRE_HEADER + room + i] = i % width < columns;
	wire_seal(mask);
	put(mask, (size_t)wire_length(mask));
	free(mask);
}

/* An END with this number of frames. */
static void put_end(uint8_t *end, uint64_t frames, uint64_t seq)
{
	char meta[40];

	wire_put(end + 16, seq, 8);
	put_with_meta(end, 0xff, meta,
		(size_t)snprintf(meta, sizeof(meta), "frames %llu\n", (unsigned long long)frames));
}

int main(int argc, char **argv)
{
	size_t n, frames = 0, *at = NULL;
	uint8_t *all = wire_read(stdin, &n);
	const char *verb = argc > 1 ? argv[1] : "";

	for (size_t p = 0; p + WIRE_HEADER <= n; p += (size_t)wire_length(all + p)) {
		at = realloc(at, (frames + 1) * sizeof(*at));
		at[frames++] = p;
	}
	if (frames > 0 && !strcmp(verb, "flip") && argc == 4) {
		flip(all, at, frames, argv[2], strtoull(argv[3], NULL, 10));
		put(all, n);
		return 0;
	}
	for (size_t i = 0; i < frames; i++) {
		uint8_t *frame = all + at[i];
		bool last = i + 1 == frames;

		if (!strcmp(verb, "list"))
			printf("%zu %llu 0x%x %llu %llu\n", at[i],
				(unsigned long long)wire_length(frame), wire_kind(frame),
				(unsigned long long)wire_get(frame + 40, 4),
				(unsigned long long)wire_get(frame + 32, 8));
		else if (!strcmp(verb, "mask") && wire_kind(frame) == 3)
			put_masked(frame, strtoull(argv[2], NULL, 10), 2 * i - 1);
		else if (!strcmp(verb, "mask") && last)
			put_end(frame, 2 * (i - 1), 2 * i - 1);
		else if (!strcmp(verb, "key") && wire_kind(frame) == 0)
			put_with_key(frame, argv[2]);
		else if (!strcmp(verb, "abort") && last)
			put_with_meta(frame, 0xfe, "tool edit\nreason test\ncode 70\n", 30);
		else if (!strcmp(verb, "more") && last)
			wire_put(frame + 14, wire_get(frame + 14, 2) | 8, 2), wire_seal(frame),
				put(frame, (size_t)wire_length(frame));
		else
			put(frame, (size_t)wire_length(frame));
	}
	free(all);
	free(at);
	return fflush(stdout) ? 74 : 0;
}
