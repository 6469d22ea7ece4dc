/* SPDX-License-Identifier: ISC */
#include "image/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/fits_keys.h"
#include "stream/reader.h"

#define MAGIC "\x89LEAT\r\n\x1a"

struct image_file {
	char *path;
	int fd;
	struct image_file_options options;
	struct meta meta;

	struct reader *reader; /* of a stream file */

	struct fits_file *fits;
	size_t hdu, number; /* of the next image */
	void *pixels;	    /* room for `room` bytes, used again for each image */
	size_t room;
};

/* Whether the HDU's images are asked for. */
static bool is_wanted(const struct image_file *f, size_t hdu)
{
	return fits_file_hdus(f->fits)->hdu[hdu].image &&
	       (f->options.hdu < 0 || (size_t)f->options.hdu == hdu);
}

size_t image_file_count(const struct image_file *f)
{
	struct fits_form form;
	size_t count = 0;

	for (size_t i = 0; f->fits && i < fits_file_hdus(f->fits)->count; i++)
		if (is_wanted(f, i)) {
			fits_form(&fits_file_hdus(f->fits)->hdu[i], f->options.native, &form);
			count += form.images;
		}
	return count;
}

static int open_fits(struct image_file *f, struct error *e)
{
	if (fits_file_open(&f->fits, f->fd, f->path, e))
		return e->code;
	if (image_file_count(f) > 0)
		return 0;
	if (f->options.hdu >= 0)
		return fail(e, EXIT_DATA, "%s: HDU %d: no image; the file has %zu HDUs", f->path,
			f->options.hdu, fits_file_hdus(f->fits)->count);
	return fail(e, EXIT_DATA, "%s: no image in it", f->path);
}

int image_file_open(struct image_file **file, const char *path,
	const struct image_file_options *options, struct error *e)
{
	struct image_file *f = xcalloc(1, sizeof(*f));
	char magic[8];

	f->path = xstrdup(path);
	f->options = *options;
	e->code = 0;
	/* A FIFO would wait for its writer. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd < 0)
		fail(e, EXIT_NOINPUT, "%s: cannot open: %s", path, strerror(errno));
	else if (pread(f->fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		 !memcmp(magic, MAGIC, sizeof(magic)))
		f->reader = reader_open(f->fd, f->path);
	else
		open_fits(f, e);
	if (e->code) {
		image_file_close(f);
		return e->code;
	}
	*file = f;
	return 0;
}

static void add_key(void *arg, const char *key, const char *value)
{
	meta_add(arg, key, value);
}

/* full_scale and unit as the metadata says them, as for frames. */
static int describe(struct image_file *f, struct image *image, struct error *e)
{
	struct frame frame = {.ndim = 3,
		.dtype = (uint8_t)image->dtype,
		.dim = {image->planes, image->height, image->width},
		.payload = image->pixels};
	struct error inner;

	if (image_of_frame(image, &frame, &f->meta, &inner))
		return fail(e, inner.code, "%s: %s", f->path, inner.text);
	meta_set_f64(&f->meta, "full_scale", image->full_scale);
	return 0;
}

static int next_fits(struct image_file *f, struct image *image, bool *there, struct error *e)
{
	const struct fits_hdus *hdus = fits_file_hdus(f->fits);
	struct fits_form form;
	size_t bytes;

	*there = false;
	while (f->hdu < hdus->count && !is_wanted(f, f->hdu))
		f->hdu++;
	if (f->hdu == hdus->count)
		return 0;
	fits_form(&hdus->hdu[f->hdu], f->options.native, &form);
	bytes = form.planes * form.height * form.width * dtype_size(form.dtype);
	if (bytes > f->room) {
		free(f->pixels);
		f->pixels = xaligned(bytes, 1);
		f->room = bytes;
	}
	if (fits_file_read(
		    f->fits, f->hdu, f->number, f->options.native, f->pixels, f->options.pool, e))
		return e->code;
	meta_clear(&f->meta);
	fits_keys(&hdus->hdu[f->hdu], f->options.native, add_key, &f->meta);
	if (++f->number == form.images) {
		f->number = 0;
		f->hdu++;
	}
	*there = true;
	*image = (struct image){.planes = form.planes,
		.height = form.height,
		.width = form.width,
		.dtype = form.dtype,
		.pixels = f->pixels};
	return describe(f, image, e);
}

static int next_frame(struct image_file *f, struct image *image, bool *there, struct error *e)
{
	struct frame frame;
	struct error inner;
	struct meta own = {0};
	size_t count;

	*there = false;
	do {
		if (reader_lend(f->reader, &frame, 1, &count, &inner))
			return fail(e, EXIT_DATA, "%s: %s", f->path, inner.text);
		if (count == 0)
			return 0;
		if (frame.kind == KIND_ABORT)
			return fail(e, EXIT_DATA, "%s: a stream that was aborted", f->path);
	} while (frame.kind != KIND_IMAGE);
	if (meta_parse(&own, frame.meta, frame.meta_len, &inner))
		return fail(e, inner.code, "%s: %s", f->path, inner.text);
	meta_copy(&f->meta, reader_head(f->reader));
	meta_remove(&f->meta, "kinds");
	meta_remove(&f->meta, "expect_frames");
	meta_overlay(&f->meta, &own);
	meta_clear(&own);
	if (image_of_frame(image, &frame, &f->meta, &inner))
		return fail(e, inner.code, "%s: %s", f->path, inner.text);
	*there = true;
	return 0;
}

int image_file_next(struct image_file *f, struct image *image, const struct meta **meta,
	bool *there, struct error *e)
{
	*meta = &f->meta;
	return f->reader ? next_frame(f, image, there, e) : next_fits(f, image, there, e);
}

bool image_file_time(const struct image_file *f, struct utc *time)
{
	struct meta meta = {0};
	bool known = false;
	size_t hdu = 0;

	if (f->fits) {
		while (!is_wanted(f, hdu))
			hdu++;
		fits_keys(&fits_file_hdus(f->fits)->hdu[hdu], f->options.native, add_key, &meta);
		known = meta_utc(&meta, "time_start", time);
	}
	meta_clear(&meta);
	return known;
}

void image_file_close(struct image_file *f)
{
	if (!f)
		return;
	if (f->reader)
		reader_free(f->reader);
	fits_file_close(f->fits);
	if (f->fd >= 0)
		close(f->fd);
	meta_clear(&f->meta);
	free(f->pixels);
	free(f->path);
	free(f);
}

static void keep(
	struct image *image, struct meta *meta, const struct image *found, const struct meta *its)
{
	size_t bytes = image_count(found) * dtype_size(found->dtype);
	void *pixels = xaligned(bytes, 1);

	memcpy(pixels, found->pixels, bytes);
	*image = *found;
	image->pixels = pixels;
	meta_copy(meta, its);
}

void image_file_one(const char *option, const char *path, struct pool *pool, struct image *image,
	struct meta *meta)
{
	struct image_file_options options = {.hdu = -1, .pool = pool};
	const struct meta *its;
	struct image_file *f;
	struct image found;
	size_t science = 0;
	struct error e;
	bool there;

	if (image_file_open(&f, path, &options, &e))
		die(e.code, "%s: %s", option, e.text);
	*meta = (struct meta){0};
	for (;;) {
		if (image_file_next(f, &found, &its, &there, &e))
			die(e.code, "%s: %s", option, e.text);
		if (!there)
			break;
		if (found.role != IMAGE_SCIENCE)
			continue;
		if (science++ > 0)
			die(EXIT_DATA, "%s: %s: more than one image in it", option, path);
		keep(image, meta, &found, its);
	}
	if (science == 0)
		die(EXIT_DATA, "%s: %s: no science image in it", option, path);
	image_file_close(f);
}
