/* SPDX-License-Identifier: ISC */
#include "image/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/fits.h"
#include "io/fits_cards.h"
#include "stream/reader.h"

struct image_file {
	const char *path;
	struct image_file_options options;
	struct meta meta;
	/* FITS: the image to come. */
	struct fits *fits;
	size_t hdu;
	uint64_t number;
	void *pixels;
	size_t size;
	/* A stream. */
	int fd;
	struct reader *reader;
};

/* The same error with the file's name before it. */
static int at_file(const struct image_file *f, struct error *e)
{
	struct error inner = *e;

	return fail(e, inner.code, "%s: %s", f->path, inner.text);
}

static void add_key(void *arg, const char *key, const char *value)
{
	meta_add(arg, key, value);
}

static bool wanted(const struct image_file *f, size_t hdu)
{
	return f->options.hdu < 0 || hdu == (size_t)f->options.hdu;
}

/* Moves on to the next image there is; false after the last. */
static bool seek_image(struct image_file *f)
{
	for (; f->hdu < fits_hdu_count(f->fits); f->hdu++, f->number = 0)
		if (wanted(f, f->hdu) && f->number < fits_images(fits_hdu(f->fits, f->hdu)))
			return true;
	return false;
}

static int next_of_fits(struct image_file *f, struct image *image, bool *there, struct error *e)
{
	const struct fits_hdu *h;
	struct frame frame = {.kind = KIND_IMAGE, .ndim = 3};
	bool native = f->options.native;
	int code;

	*there = seek_image(f);
	if (!*there)
		return 0;
	h = fits_hdu(f->fits, f->hdu);
	frame.dtype = (uint8_t)fits_dtype(h, native);
	frame.dim[0] = fits_planes(h);
	frame.dim[1] = h->naxis > 1 ? h->axis[1] : 1;
	frame.dim[2] = h->axis[0];
	frame.payload_len = frame.dim[0] * frame.dim[1] * frame.dim[2] * dtype_size(frame.dtype);
	if (frame.payload_len > f->size) {
		free(f->pixels);
		f->pixels = xaligned(frame.payload_len, 1);
		f->size = frame.payload_len;
	}
	frame.payload = f->pixels;
	if ((code = fits_read(f->fits, f->hdu, f->number, native, f->pixels, f->options.pool, e)))
		return code;
	meta_clear(&f->meta);
	fits_cards_keys(h, native, add_key, &f->meta);
	f->number++;
	return image_of_frame(image, &frame, &f->meta, e);
}

static int next_of_stream(struct image_file *f, struct image *image, bool *there, struct error *e)
{
	struct meta own = {0};
	struct frame frame;
	size_t count;
	int code;

	do {
		if ((code = reader_lend(f->reader, &frame, 1, &count, e)))
			return code == EXIT_UPSTREAM ? fail(e, EXIT_DATA, "a stream cut short") : code;
		if (count && frame.kind == KIND_ABORT)
			return fail(e, EXIT_DATA, "a stream that was aborted");
	} while (count && frame.kind != KIND_IMAGE);
	*there = count > 0;
	if (!*there)
		return 0;
	if ((code = meta_parse(&own, frame.meta, frame.meta_len, e)))
		return code;
	meta_copy(&f->meta, reader_head(f->reader));
	meta_remove(&f->meta, "kinds");
	meta_remove(&f->meta, "expect_frames");
	meta_overlay(&f->meta, &own);
	meta_clear(&own);
	return image_of_frame(image, &frame, &f->meta, e);
}

static int open_stream(struct image_file *f, struct error *e)
{
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return fail(e, EXIT_NOINPUT, "cannot open: %s", strerror(errno));
	f->reader = reader_open(f->fd, f->path);
	return 0;
}

/* A stream begins with 0x89 "LEAT". */
static bool is_stream(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char start[5];
	bool is = fd >= 0 && pread(fd, start, 5, 0) == 5 && !memcmp(start, "\x89LEAT", 5);

	if (fd >= 0)
		close(fd);
	return is;
}

static int open_fits(struct image_file *f, struct error *e)
{
	int code = fits_open(&f->fits, f->path, e);

	if (code)
		return code;
	if (f->options.hdu >= (int)fits_hdu_count(f->fits))
		return fail(e, EXIT_DATA, "no HDU %d: there are %zu, counted from 0", f->options.hdu,
			fits_hdu_count(f->fits));
	for (size_t i = 0; i < fits_hdu_count(f->fits); i++)
		if (wanted(f, i) && fits_hdu(f->fits, i)->packed)
			return fail(e, EXIT_DATA, "HDU %zu: compressed: cannot be read yet", i);
	if (!seek_image(f))
		return fail(e, EXIT_DATA, "holds no image");
	return 0;
}

int image_file_open(struct image_file **file, const char *path,
	const struct image_file_options *options, struct error *e)
{
	struct image_file *f = *file = xcalloc(1, sizeof(*f));
	int code;

	f->path = path;
	f->options = *options;
	f->fd = -1;
	code = is_stream(path) ? open_stream(f, e) : open_fits(f, e);
	if (!code)
		return 0;
	at_file(f, e);
	image_file_close(f);
	*file = NULL;
	return code;
}

int image_file_next(struct image_file *f, struct image *image, const struct meta **meta, bool *there,
	struct error *e)
{
	int code = f->fits ? next_of_fits(f, image, there, e) : next_of_stream(f, image, there, e);

	*meta = &f->meta;
	return code ? at_file(f, e) : 0;
}

bool image_file_time(const struct image_file *f, struct utc *time)
{
	struct meta meta = {0};
	bool known;

	if (!f->fits)
		return false;
	fits_cards_keys(fits_hdu(f->fits, f->hdu), true, add_key, &meta);
	known = meta_utc(&meta, "time_start", time);
	meta_clear(&meta);
	return known;
}

void image_file_close(struct image_file *f)
{
	if (!f)
		return;
	fits_close(f->fits);
	reader_free(f->reader);
	if (f->fd >= 0)
		close(f->fd);
	meta_clear(&f->meta);
	free(f->pixels);
	free(f);
}

void image_file_one(const char *option, const char *path, struct pool *pool, struct image *image,
	struct meta *meta)
{
	struct image_file_options options = {.hdu = -1, .pool = pool};
	const struct meta *of_image;
	struct image next;
	struct image_file *f;
	struct error e;
	bool there, found = false;
	size_t size;
	void *pixels = NULL;

	if (image_file_open(&f, path, &options, &e))
		die(e.code, "%s: %s", option, e.text);
	for (;;) {
		if (image_file_next(f, &next, &of_image, &there, &e))
			die(e.code, "%s: %s", option, e.text);
		if (!there)
			break;
		if (next.role != IMAGE_SCIENCE)
			continue;
		if (found)
			die(EXIT_DATA, "%s: %s: holds more than one image", option, path);
		found = true;
		size = image_count(&next) * dtype_size(next.dtype);
		pixels = xaligned(size, 1);
		memcpy(pixels, next.pixels, size);
		*image = next;
		image->pixels = pixels;
		meta_copy(meta, of_image);
	}
	if (!found)
		die(EXIT_DATA, "%s: %s: holds no image", option, path);
	image_file_close(f);
}
