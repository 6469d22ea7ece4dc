/* SPDX-License-Identifier: ISC */
#include "io/fits.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "kern/kern.h"

#define PIECE ((size_t)1 << 17) /* values that a thread reads at a time */

struct fits {
	int fd;
	uint8_t *bytes; /* of a gzipped file, else NULL */
	uint64_t size;
	struct fits_hdu *hdu;
	size_t count;
};

static size_t read_at(void *arg, uint64_t offset, void *bytes, size_t n)
{
	const struct fits *f = arg;
	size_t got = 0;

	if (offset >= f->size)
		return 0;
	if (f->bytes) {
		got = f->size - offset < n ? f->size - offset : n;
		memcpy(bytes, f->bytes + offset, got);
		return got;
	}
	while (got < n) {
		ssize_t more = pread(f->fd, (char *)bytes + got, n - got, (off_t)(offset + got));

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			break;
		got += (size_t)more;
	}
	return got;
}

/* Memory grows with what has been unpacked, which deflate limits to 1032 times the file. */
static int unpack(struct fits *f, struct error *e)
{
	gzFile gz = gzdopen(dup(f->fd), "rb");
	size_t room = 0;
	int got = 0, code = 0;

	if (!gz)
		return fail(e, EXIT_OS, "gzip: %s", strerror(errno));
	gzbuffer(gz, 1 << 18);
	f->size = 0;
	do {
		f->size += (uint64_t)got;
		if (f->size + FITS_BLOCK > room) {
			room = room * 2 + (1 << 20);
			f->bytes = xrealloc(f->bytes, room, 1);
		}
		got = gzread(gz, f->bytes + f->size, (unsigned)(room - f->size < 1 << 30 ? room - f->size : 1 << 30));
	} while (got > 0);
	if (got < 0 || gzclose_r(gz) != Z_OK)
		code = fail(e, EXIT_DATA, "gzip: truncated or damaged");
	return code;
}

static int open_file(struct fits *f, const char *path, struct error *e)
{
	uint8_t magic[2] = {0};
	struct stat st;

	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st))
		return fail(e, EXIT_NOINPUT, "cannot open: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(e, EXIT_NOINPUT, "cannot open: is not a regular file");
	f->size = (uint64_t)st.st_size;
	if (read_at(f, 0, magic, 2) == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return unpack(f, e);
	return 0;
}

int fits_open(struct fits **out, const char *path, struct error *e)
{
	struct fits *f = *out = xcalloc(1, sizeof(*f));
	int code = open_file(f, path, e);

	if (!code)
		code = fits_scan(read_at, f, f->size, &f->hdu, &f->count, e);
	if (code) {
		fits_close(f);
		*out = NULL;
	}
	return code;
}

void fits_close(struct fits *f)
{
	if (!f)
		return;
	fits_scan_free(f->hdu, f->count);
	if (f->fd >= 0)
		close(f->fd);
	free(f->bytes);
	free(f);
}

size_t fits_hdu_count(const struct fits *f)
{
	return f->count;
}

const struct fits_hdu *fits_hdu(const struct fits *f, size_t i)
{
	return &f->hdu[i];
}

/*
 * How numbers become values. The convention for types FITS lacks (standard, 4.4.2.5): BSCALE 1 and
 * BZERO at half the range mean unsigned integers, for BITPIX 8 signed ones.
 */
enum scaling { AS_IT_IS, FLIPPED, SCALED };

static enum scaling scaling_of(const struct fits_hdu *h, bool native)
{
	if (native)
		return AS_IT_IS;
	if (h->has_blank || h->bscale != 1)
		return SCALED;
	if (h->bzero == 0)
		return AS_IT_IS;
	if (h->bitpix > 0 && h->bzero == (h->bitpix == 8 ? -128 : ldexp(1, h->bitpix - 1)))
		return FLIPPED;
	return SCALED;
}

unsigned fits_dtype(const struct fits_hdu *h, bool native)
{
	enum scaling scaling = scaling_of(h, native);

	if (scaling == SCALED)
		return h->bitpix == 8 || h->bitpix == 16 || h->bitpix == -32 ? DTYPE_F32 : DTYPE_F64;
	switch (h->bitpix) {
	case 8:
		return scaling == FLIPPED ? DTYPE_I8 : DTYPE_U8;
	case 16:
		return scaling == FLIPPED ? DTYPE_U16 : DTYPE_I16;
	case 32:
		return scaling == FLIPPED ? DTYPE_U32 : DTYPE_I32;
	case 64:
		return scaling == FLIPPED ? DTYPE_U64 : DTYPE_I64;
	case -32:
		return DTYPE_F32;
	default:
		return DTYPE_F64;
	}
}

size_t fits_planes(const struct fits_hdu *h)
{
	return h->naxis == 3 && h->axis[2] == 3 ? 3 : 1;
}

static uint64_t width_of(const struct fits_hdu *h)
{
	return h->naxis > 0 ? h->axis[0] : 0;
}

static uint64_t height_of(const struct fits_hdu *h)
{
	return h->naxis > 1 ? h->axis[1] : h->naxis;
}

uint64_t fits_images(const struct fits_hdu *h)
{
	uint64_t count = h->image && width_of(h) > 0 && height_of(h) > 0;

	for (unsigned i = 2; i < h->naxis; i++)
		count *= h->axis[i];
	return count / fits_planes(h);
}

static double number_at(const void *raw, size_t k, int bitpix)
{
	switch (bitpix) {
	case 8:
		return ((const uint8_t *)raw)[k];
	case 16:
		return ((const int16_t *)raw)[k];
	case 32:
		return ((const int32_t *)raw)[k];
	case 64:
		return (double)((const int64_t *)raw)[k];
	case -32:
		return ((const float *)raw)[k];
	default:
		return ((const double *)raw)[k];
	}
}

static bool is_blank(const struct fits_hdu *h, const void *raw, size_t k)
{
	if (!h->has_blank)
		return false;
	return h->bitpix == 64 ? ((const int64_t *)raw)[k] == h->blank
			       : number_at(raw, k, h->bitpix) == (double)h->blank;
}

/* raw: numbers in native order. */
static void scale(const struct fits_hdu *h, const void *raw, void *out, size_t n)
{
	bool wide = fits_dtype(h, false) == DTYPE_F64;

	for (size_t k = 0; k < n; k++) {
		double v = is_blank(h, raw, k) ? NAN
					       : h->bzero + h->bscale * number_at(raw, k, h->bitpix);

		if (wide)
			((double *)out)[k] = v;
		else
			((float *)out)[k] = (float)v;
	}
}

struct reading {
	struct fits *f;
	const struct fits_hdu *h;
	enum scaling scaling;
	uint64_t offset; /* of the image, bytes */
	size_t count, size, out_size;
	char *out;
	_Atomic(bool) truncated;
};

static void read_piece(void *arg, size_t piece, unsigned worker)
{
	struct reading *r = arg;
	size_t first = piece * PIECE, n = r->count - first < PIECE ? r->count - first : PIECE;
	char *out = r->out + first * r->out_size, *raw = r->scaling == SCALED ? xmalloc(n * r->size) : out;

	(void)worker;
	if (read_at(r->f, r->offset + first * r->size, raw, n * r->size) < n * r->size) {
		r->truncated = true;
	} else if (r->scaling == FLIPPED) {
		kern()->swap_flip(raw, raw, n, r->size);
	} else if (r->size > 1) {
		kern()->swap(raw, raw, n, r->size);
	}
	if (r->scaling == SCALED) {
		if (!r->truncated)
			scale(r->h, raw, out, n);
		free(raw);
	}
}

int fits_read(struct fits *f, size_t i, uint64_t number, bool native, void *out, struct pool *pool,
	struct error *e)
{
	const struct fits_hdu *h = &f->hdu[i];
	struct reading r = {.f = f,
		.h = h,
		.scaling = scaling_of(h, native),
		.count = fits_planes(h) * height_of(h) * width_of(h),
		.size = (size_t)abs(h->bitpix) / 8,
		.out_size = dtype_size(fits_dtype(h, native)),
		.out = out};

	r.offset = h->data_offset + number * r.count * r.size;
	pool_run(pool, (r.count + PIECE - 1) / PIECE, read_piece, &r);
	return r.truncated ? fail(e, EXIT_DATA, "HDU %zu: truncated", i) : 0;
}
