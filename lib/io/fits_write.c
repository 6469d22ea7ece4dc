/* SPDX-License-Identifier: ISC */
#include "io/fits_write.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dtype.h"
#include "base/io.h"
#include "base/mem.h"
#include "io/fits_cards.h"
#include "io/fits_header.h"
#include "io/fits_rice.h"
#include "io/fits_sum.h"
#include "kern/kern.h"

#define PIECE ((size_t)1 << 17) /* pixels */
#define EMPTY_SUM "0000000000000000"

/* How a type stands in a file. */
struct storage {
	int bitpix;
	size_t size;
	bool offset; /* by BZERO at half the range */
};

static struct storage storage_of(unsigned dtype)
{
	int bits = (int)dtype_size(dtype) * 8;

	return (struct storage){
		.bitpix = dtype_float(dtype) ? -bits : bits,
		.size = dtype_size(dtype),
		.offset = dtype == DTYPE_I8 || dtype == DTYPE_U16 || dtype == DTYPE_U32 ||
			  dtype == DTYPE_U64,
	};
}

static void range_of(unsigned dtype, double *min, double *max)
{
	int bits = (int)dtype_size(dtype) * 8;
	bool is_signed =
		dtype == DTYPE_I8 || dtype == DTYPE_I16 || dtype == DTYPE_I32 || dtype == DTYPE_I64;

	*min = is_signed ? -ldexp(1, bits - 1) : 0;
	*max = ldexp(1, bits - is_signed) - 1;
}

static double value_at(const void *pixels, unsigned dtype, size_t i)
{
	switch (dtype) {
	case DTYPE_U8:
		return ((const uint8_t *)pixels)[i];
	case DTYPE_I8:
		return ((const int8_t *)pixels)[i];
	case DTYPE_U16:
		return ((const uint16_t *)pixels)[i];
	case DTYPE_I16:
		return ((const int16_t *)pixels)[i];
	case DTYPE_U32:
		return ((const uint32_t *)pixels)[i];
	case DTYPE_I32:
		return ((const int32_t *)pixels)[i];
	case DTYPE_U64:
		return (double)((const uint64_t *)pixels)[i];
	case DTYPE_I64:
		return (double)((const int64_t *)pixels)[i];
	case DTYPE_F32:
		return ((const float *)pixels)[i];
	default:
		return ((const double *)pixels)[i];
	}
}

static void store(void *out, unsigned dtype, size_t i, double v)
{
	switch (dtype) {
	case DTYPE_I8:
		((int8_t *)out)[i] = (int8_t)v;
		break;
	case DTYPE_I16:
		((int16_t *)out)[i] = (int16_t)v;
		break;
	case DTYPE_U32:
		((uint32_t *)out)[i] = (uint32_t)v;
		break;
	case DTYPE_I32:
		((int32_t *)out)[i] = (int32_t)v;
		break;
	default:
		((double *)out)[i] = v;
	}
}

/* Pixels first … first+n-1 in the target's type. */
static void convert(const struct fits_output *o, size_t first, size_t n, void *out)
{
	const char *in = (const char *)o->pixels + first * dtype_size(o->dtype);
	double min, max, mul = 1, div = 1;

	range_of(o->target, &min, &max);
	if (dtype_float(o->dtype) && !dtype_float(o->target)) {
		mul = max;
		div = o->full_scale;
	}
	if (o->target == DTYPE_U8 || o->target == DTYPE_U16 || o->target == DTYPE_F32) {
		const void *plane = in;

		kern()->pixels(
			out, &plane, 1, n, o->dtype, (unsigned)dtype_size(o->target) * 8, mul, div);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		double v = value_at(in, o->dtype, i);

		if (!dtype_float(o->target)) {
			v = floor(v * mul / div + 0.5);
			v = isnan(v) ? 0 : v < min ? min : v > max ? max : v;
		}
		store(out, o->target, i, v);
	}
}

/* Pixels as the file holds them: big-endian, unsigned ones less half their range. */
struct ordering {
	const struct fits_output *o;
	size_t first, count; /* of this round */
	uint8_t *out;
	void *scratch; /* a piece for each worker */
	uint64_t mask;
};

static void order_piece(void *arg, size_t piece, unsigned worker)
{
	const struct ordering *r = arg;
	size_t size = dtype_size(r->o->target), at = piece * PIECE;
	size_t n = r->count - at < PIECE ? r->count - at : PIECE;
	const void *in = (const char *)r->o->pixels + (r->first + at) * size;

	if (r->o->target != r->o->dtype) {
		void *converted = (char *)r->scratch + worker * PIECE * sizeof(double);

		convert(r->o, r->first + at, n, converted);
		in = converted;
	}
	kern()->swap_mask(r->out + at * size, in, n, size, r->mask);
}

static int write_bytes(int fd, const void *bytes, size_t n, struct error *e)
{
	if (write_whole(fd, bytes, n))
		return fail(e, EXIT_IO, "cannot write: %s", strerror(errno));
	return 0;
}

static int pad(int fd, uint64_t written, uint8_t fill, struct error *e)
{
	uint8_t bytes[FITS_BLOCK];
	size_t n = (size_t)(round_up(written, FITS_BLOCK) - written);

	memset(bytes, fill, n);
	return write_bytes(fd, bytes, n, e);
}

#define ROUND 16 /* pieces ordered at a time */

static int write_plain(
	int fd, const struct fits_output *o, struct pool *pool, uint32_t *sum, struct error *e)
{
	size_t count = o->planes * o->height * o->width, size = dtype_size(o->target);
	/* The sign bit of a word, where it lies when its bytes are swapped. */
	struct ordering r = {.o = o, .mask = storage_of(o->target).offset ? 0x80 : 0};
	int code = 0;

	r.out = xaligned(ROUND * PIECE, size);
	if (o->target != o->dtype)
		r.scratch = xaligned(pool_threads(pool) * PIECE, sizeof(double));
	for (r.first = 0; r.first < count && !code; r.first += r.count) {
		r.count = count - r.first < ROUND * PIECE ? count - r.first : ROUND * PIECE;
		pool_run(pool, (r.count + PIECE - 1) / PIECE, order_piece, &r);
		if (o->checksum) {
			size_t n = r.count * size;

			/* Only the last round may end within a word; the padding is zero. */
			while (n % 4)
				r.out[n++] = 0;
			*sum = fits_sum(*sum, r.out, n);
		}
		code = write_bytes(fd, r.out, r.count * size, e);
	}
	free(r.out);
	free(r.scratch);
	return code ? code : pad(fd, count * size, 0, e);
}

static void end_header(struct str *text)
{
	str_add(text, "END");
	while (text->len % FITS_BLOCK)
		str_add(text, " ");
}

static void add_axes(struct str *text, const struct fits_output *o, const char *prefix)
{
	const size_t axis[] = {o->width, o->height, o->planes};
	unsigned axes = o->planes > 1 ? 3 : 2;
	char name[16];

	snprintf(name, sizeof(name), "%sNAXIS", prefix);
	fits_add_integer(text, name, axes, NULL);
	for (unsigned i = 0; i < axes; i++) {
		snprintf(name, sizeof(name), "%sNAXIS%u", prefix, i + 1);
		fits_add_integer(text, name, (int64_t)axis[i], NULL);
	}
}

/* BZERO and what the caller wants to say. */
static void add_rest(struct str *text, const struct fits_output *o)
{
	struct storage s = storage_of(o->target);

	if (s.offset && s.size == 8) {
		/* No double of 20 characters says it. */
		str_addf(text, "%-80s", "BZERO   =  9223372036854775808 / values are unsigned");
		fits_add_integer(text, "BSCALE", 1, NULL);
	} else if (s.offset) {
		fits_add_integer(text, "BZERO", s.size == 1 ? -128 : INT64_C(1) << (s.size * 8 - 1),
			s.size == 1 ? "values are signed" : "values are unsigned");
		fits_add_integer(text, "BSCALE", 1, NULL);
	}
	str_add_bytes(text, o->cards, o->card_bytes);
}

static void plain_header(struct str *text, const struct fits_output *o)
{
	fits_add_logical(text, "SIMPLE", true, "FITS standard 4.0");
	fits_add_integer(text, "BITPIX", storage_of(o->target).bitpix, NULL);
	add_axes(text, o, "");
	add_rest(text, o);
}

static void rice_header(struct str *text, const struct fits_output *o, const struct fits_rice *r)
{
	char form[32];

	fits_add_text(text, "XTENSION", "BINTABLE", NULL);
	fits_add_integer(text, "BITPIX", 8, NULL);
	fits_add_integer(text, "NAXIS", 2, NULL);
	fits_add_integer(text, "NAXIS1", 8, NULL);
	fits_add_integer(text, "NAXIS2", (int64_t)r->tiles, NULL);
	fits_add_integer(text, "PCOUNT", (int64_t)r->heap_size, NULL);
	fits_add_integer(text, "GCOUNT", 1, NULL);
	fits_add_integer(text, "TFIELDS", 1, NULL);
	fits_add_text(text, "TTYPE1", "COMPRESSED_DATA", NULL);
	snprintf(form, sizeof(form), "1PB(%zu)", r->longest);
	fits_add_text(text, "TFORM1", form, NULL);
	fits_add_logical(text, "ZIMAGE", true, "an image in tiles");
	fits_add_logical(text, "ZSIMPLE", true, NULL);
	fits_add_integer(text, "ZBITPIX", storage_of(o->target).bitpix, NULL);
	add_axes(text, o, "Z");
	fits_add_integer(text, "ZTILE1", (int64_t)o->width, NULL);
	fits_add_integer(text, "ZTILE2", 1, NULL);
	if (o->planes > 1)
		fits_add_integer(text, "ZTILE3", 1, NULL);
	fits_add_text(text, "ZCMPTYPE", "RICE_1", NULL);
	fits_add_text(text, "ZNAME1", "BLOCKSIZE", NULL);
	fits_add_integer(text, "ZVAL1", FITS_RICE_BLOCK, NULL);
	fits_add_text(text, "ZNAME2", "BYTEPIX", NULL);
	fits_add_integer(text, "ZVAL2", (int64_t)storage_of(o->target).size, NULL);
	add_rest(text, o);
}

/* Adds the two sums, of data already summed, and END. */
static void sign_header(struct str *text, const struct fits_output *o, uint32_t data_sum)
{
	char number[16], code[FITS_SUM_TEXT];
	size_t at;

	if (!o->checksum) {
		end_header(text);
		return;
	}
	at = text->len;
	fits_add_text(text, "CHECKSUM", EMPTY_SUM, "of this HDU");
	snprintf(number, sizeof(number), "%u", data_sum);
	fits_add_text(text, "DATASUM", number, "of its data");
	end_header(text);
	fits_sum_text(fits_sum(data_sum, text->p, text->len), code);
	memcpy(text->p + at + 11, code, 16);
}

static int write_rice(int fd, const struct fits_output *o, struct pool *pool, struct error *e)
{
	struct fits_output first = {.checksum = o->checksum};
	struct str text = {0};
	struct fits_rice r;
	void *pixels = NULL;
	size_t count = o->planes * o->height * o->width;
	uint32_t sum = 0;
	int code;

	if (dtype_float(o->target) || dtype_size(o->target) > 4)
		return fail(e, EXIT_DATA, "rice: takes integers of 8, 16 and 32 bits, not %s",
			dtype_name(o->target));
	if (o->target != o->dtype) {
		pixels = xaligned(count, dtype_size(o->target));
		for (size_t at = 0; at < count; at += PIECE)
			convert(o, at, count - at < PIECE ? count - at : PIECE,
				(char *)pixels + at * dtype_size(o->target));
	}
	code = fits_rice_encode(&r, pixels ? pixels : o->pixels, o->planes * o->height, o->width,
		dtype_size(o->target), storage_of(o->target).offset, pool, e);
	free(pixels);
	if (code)
		return code;
	fits_add_logical(&text, "SIMPLE", true, "FITS standard 4.0");
	fits_add_integer(&text, "BITPIX", 8, NULL);
	fits_add_integer(&text, "NAXIS", 0, NULL);
	fits_add_logical(&text, "EXTEND", true, "the image is in the first extension");
	sign_header(&text, &first, 0);
	code = write_bytes(fd, text.p, text.len, e);
	str_clear(&text);
	rice_header(&text, o, &r);
	/* Rows and heap lie behind each other, with zeros up to the next word for the sum. */
	if (o->checksum)
		sum = fits_sum(0, r.bytes, round_up(r.size, 4));
	sign_header(&text, o, sum);
	if (!code)
		code = write_bytes(fd, text.p, text.len, e);
	if (!code)
		code = write_bytes(fd, r.bytes, r.size, e);
	if (!code)
		code = pad(fd, r.size, 0, e);
	str_free(&text);
	fits_rice_free(&r);
	return code;
}

int fits_write(int fd, const struct fits_output *o, struct pool *pool, struct error *e)
{
	struct str text = {0};
	uint32_t sum = 0;
	off_t start;
	size_t bare;
	int code;

	if (o->rice)
		return write_rice(fd, o, pool, e);
	start = lseek(fd, 0, SEEK_CUR);
	plain_header(&text, o);
	bare = text.len;
	sign_header(&text, o, 0);
	code = write_bytes(fd, text.p, text.len, e);
	if (!code)
		code = write_plain(fd, o, pool, &sum, e);
	/* The sums stand before what they sum. */
	if (!code && o->checksum) {
		text.len = bare;
		text.p[bare] = '\0';
		sign_header(&text, o, sum);
		if (start < 0 || pwrite(fd, text.p, text.len, start) != (ssize_t)text.len)
			code = fail(e, EXIT_IO, "cannot write: %s", strerror(errno));
	}
	str_free(&text);
	return code;
}
