/* SPDX-License-Identifier: ISC */
#include "io/fits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "io/fits_parts.h"
#include "kern/kern.h"

#define PIECE ((size_t)1 << 18) /* bytes read and put in order at a time, in the cache */
#define GROWTH_FREE (64u << 20) /* packed data may always grow to so much, */
#define GROWTH_MAX 200		/* and to so many times its size */
#define GZIP_WINDOW (15 + 16)

int fits_file_bytes(void *arg, uint64_t offset, void *bytes, size_t n, struct error *e)
{
	const struct fits_file *f = arg;
	char *to = bytes;

	if (f->memory) {
		memcpy(bytes, f->memory + offset, n);
		return 0;
	}
	while (n > 0) {
		ssize_t got = pread(f->fd, to, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(e, EXIT_IO, "cannot read: %s", strerror(errno));
		if (got == 0)
			return fail(e, EXIT_DATA, "became shorter while it was read");
		to += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int fits_fail(const struct fits_file *file, size_t hdu, const struct error *inner, struct error *e)
{
	struct error copy = *inner;

	return fail(e, copy.code, "%s: HDU %zu: %s", file->path, hdu, copy.text);
}

/* Inflates until the stream ends or *out holds `most` bytes. */
static int inflate_all(struct fits_file *f, uint64_t most, struct error *e)
{
	size_t room = 1 << 20, used = 0;
	uint64_t at = 0;
	uint8_t *in = xmalloc(PIECE), *out = xmalloc(room);
	z_stream z = {0};
	int state = inflateInit2(&z, GZIP_WINDOW);

	e->code = state == Z_OK ? 0 : fail(e, EXIT_OS, "zlib cannot start");
	while (!e->code && state != Z_STREAM_END) {
		if (z.avail_in == 0) {
			size_t n = f->size - at < PIECE ? f->size - at : PIECE;

			if (n == 0)
				fail(e, EXIT_DATA, "cut short: gzip's end is missing");
			else
				fits_file_bytes(f, at, in, n, e);
			at += n;
			z.next_in = in;
			z.avail_in = (uInt)n;
		}
		if (used == room) {
			if (room >= most) {
				fail(e, EXIT_DATA,
					"unpacks to more than %d times its size: not read",
					GROWTH_MAX);
				break;
			}
			room *= 2;
			out = xrealloc(out, room, 1);
		}
		if (e->code)
			break;
		z.next_out = out + used;
		z.avail_out = room - used < (1u << 30) ? (uInt)(room - used) : 1u << 30;
		state = inflate(&z, Z_NO_FLUSH);
		used = (size_t)(z.next_out - out);
		if (state == Z_STREAM_END && z.avail_in + (f->size - at) > 18 && z.avail_in >= 2 &&
			z.next_in[0] == 0x1f && z.next_in[1] == 0x8b)
			state = inflateReset(&z); /* another member follows */
		else if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
			fail(e, EXIT_DATA, "damaged gzip data: %s", z.msg ? z.msg : "unknown");
	}
	inflateEnd(&z);
	free(in);
	f->memory = out;
	f->size = used;
	return e->code;
}

static int open_source(struct fits_file *f, struct error *e)
{
	uint8_t magic[2];
	struct stat st;

	if (fstat(f->fd, &st))
		return fail(e, EXIT_NOINPUT, "cannot read: %s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fail(e, EXIT_NOINPUT, "is a folder: name the files in it");
	if (!S_ISREG(st.st_mode))
		return fail(e, EXIT_NOINPUT, "not a regular file");
	f->size = (uint64_t)st.st_size;
	if (f->size < 2)
		return fail(e, EXIT_DATA, "not a FITS file");
	if (fits_file_bytes(f, 0, magic, 2, e))
		return e->code;
	if (magic[0] != 0x1f || magic[1] != 0x8b)
		return 0;
	return inflate_all(
		f, f->size * GROWTH_MAX > GROWTH_FREE ? f->size * GROWTH_MAX : GROWTH_FREE, e);
}

/* A packed image may be nearly nothing in the file, as an empty one is; but not without limit. */
static int check_growth(struct fits_file *f, struct error *e)
{
	for (size_t i = 0; i < f->hdus.count; i++) {
		const struct fits_hdu *hdu = &f->hdus.hdu[i];
		uint64_t bytes = hdu->pixels * (uint64_t)abs(hdu->bitpix) / 8;

		if (hdu->compressed && bytes > GROWTH_FREE && bytes / GROWTH_MAX > hdu->size)
			return fail(e, EXIT_DATA,
				"HDU %zu: unpacks to more than %d times its size: not read", i,
				GROWTH_MAX);
	}
	return 0;
}

int fits_file_open(struct fits_file **file, int fd, const char *path, struct error *e)
{
	struct fits_file *f = xcalloc(1, sizeof(*f));
	struct error inner = {0};

	f->path = xstrdup(path);
	f->fd = fd;
	if (open_source(f, &inner) || fits_scan(&f->hdus, f->size, fits_file_bytes, f, &inner) ||
		check_growth(f, &inner)) {
		fits_file_close(f);
		return fail(e, inner.code, "%s: %s", path, inner.text);
	}
	*file = f;
	return 0;
}

void fits_file_close(struct fits_file *f)
{
	if (!f)
		return;
	fits_hdus_free(&f->hdus);
	free(f->memory);
	free(f->decoded);
	free(f->path);
	free(f);
}

const struct fits_hdus *fits_file_hdus(const struct fits_file *f)
{
	return &f->hdus;
}

void fits_conversion(const struct fits_hdu *hdu, bool native, struct fits_conversion *c)
{
	unsigned bits = (unsigned)abs(hdu->bitpix);

	*c = (struct fits_conversion){.raw = hdu->bitpix == -64	  ? DTYPE_F64
					     : hdu->bitpix == -32 ? DTYPE_F32
					     : bits == 8	  ? DTYPE_U8
					     : bits == 16	  ? DTYPE_I16
					     : bits == 32	  ? DTYPE_I32
								  : DTYPE_I64};
	c->dtype = c->raw;
	if (native || (!hdu->scaled && !hdu->has_blank))
		return;
	if (hdu->bitpix > 0 && !hdu->has_blank && hdu->scale == 1 &&
		hdu->zero == (bits == 8 ? -128.0 : (double)(UINT64_C(1) << (bits - 1)))) {
		c->mask = UINT64_C(1) << (bits - 1);
		c->dtype = bits == 8	? DTYPE_I8
			   : bits == 16 ? DTYPE_U16
			   : bits == 32 ? DTYPE_U32
					: DTYPE_U64;
		return;
	}
	c->physical = true;
	c->dtype = bits <= 16 || hdu->bitpix == -32 ? DTYPE_F32 : DTYPE_F64;
}

void fits_form(const struct fits_hdu *hdu, bool native, struct fits_form *form)
{
	struct fits_conversion c;

	fits_conversion(hdu, native, &c);
	form->dtype = c.dtype;
	form->width = hdu->axis[0];
	form->height = hdu->axes > 1 ? hdu->axis[1] : 1;
	form->planes = hdu->axes > 2 && hdu->axis[2] == 3 ? 3 : 1;
	form->images = hdu->pixels / (form->width * form->height * form->planes);
}

/* One image on its way out of a file, in pieces. */
struct loading {
	struct fits_file *file;
	const struct fits_hdu *hdu;
	struct fits_conversion c;
	uint64_t first, count; /* pixels of the HDU */
	size_t step;	       /* pixels of a piece */
	const uint8_t *decoded;
	uint8_t *out, *scratch; /* a piece for each worker */
	struct error *error;	/* of each worker */
};

static void load_piece(void *arg, size_t piece, unsigned worker)
{
	struct loading *l = arg;
	size_t size = dtype_size(l->c.raw), at = piece * l->step;
	size_t n = l->count - at < l->step ? l->count - at : l->step;
	uint8_t *out = l->out + at * dtype_size(l->c.dtype);
	uint8_t *raw = l->c.physical ? l->scratch + worker * PIECE : out;
	uint64_t offset = (l->first + at) * size;
	const void *x = raw;

	if (l->error[worker].code)
		return;
	if (l->decoded) {
		x = l->decoded + offset;
		if (!l->c.physical)
			memcpy(out, x, n * size);
	} else if (l->file->memory) {
		kern()->swap_mask(raw, l->file->memory + l->hdu->data + offset, n, size, l->c.mask);
	} else {
		if (fits_file_bytes(
			    l->file, l->hdu->data + offset, raw, n * size, &l->error[worker]))
			return;
		kern()->swap_mask(raw, raw, n, size, l->c.mask);
	}
	if (l->c.physical)
		kern()->physical(out, l->c.dtype, x, n, l->c.raw, l->hdu->zero, l->hdu->scale,
			l->hdu->has_blank ? &l->hdu->blank : NULL);
}

static int decode(struct fits_file *f, size_t number, const struct fits_conversion *c,
	struct pool *pool, struct error *e)
{
	const struct fits_hdu *hdu = &f->hdus.hdu[number];

	if (f->decoded && f->decoded_hdu == number && f->decoded_mask == c->mask)
		return 0;
	free(f->decoded);
	f->decoded = NULL;
	f->decoded = xaligned(hdu->pixels, dtype_size(c->raw));
	f->decoded_hdu = number;
	f->decoded_mask = c->mask;
	if (!fits_decode_tiles(f, hdu, c->mask, f->decoded, pool, e))
		return 0;
	free(f->decoded);
	f->decoded = NULL;
	return e->code;
}

int fits_file_read(struct fits_file *f, size_t hdu, size_t number, bool native, void *out,
	struct pool *pool, struct error *e)
{
	struct loading l = {.file = f, .hdu = &f->hdus.hdu[hdu], .out = out};
	unsigned workers = pool_threads(pool);
	struct error inner = {0};
	struct fits_form form;

	fits_form(l.hdu, native, &form);
	fits_conversion(l.hdu, native, &l.c);
	l.count = form.planes * form.height * form.width;
	l.first = number * l.count;
	l.step = PIECE / dtype_size(l.c.raw);
	if (l.hdu->compressed) {
		if (decode(f, hdu, &l.c, pool, &inner))
			return fits_fail(f, hdu, &inner, e);
		l.decoded = f->decoded;
	}
	if (l.c.physical)
		l.scratch = xaligned(workers, PIECE);
	l.error = xcalloc(workers, sizeof(*l.error));
	pool_run(pool, (l.count + l.step - 1) / l.step, load_piece, &l);
	for (unsigned i = 0; i < workers && !inner.code; i++)
		inner = l.error[i];
	free(l.scratch);
	free(l.error);
	return inner.code ? fits_fail(f, hdu, &inner, e) : 0;
}
