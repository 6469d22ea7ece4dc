/* SPDX-License-Identifier: ISC */
/*
 * FITS files of any bytes: scanned, told as keys, every image read, twice where it has another form
 * natively. Large images are left out, as they only take time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/dtype.h"
#include "io/fits_class.h"
#include "io/fits_keys.h"

#define PIXELS_MAX (1 << 20)
#define IMAGES_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_key(void *arg, const char *key, const char *value)
{
	size_t *length = arg;

	*length += strlen(key) + strlen(value);
}

static void read_images(struct fits_file *file, size_t hdu, bool native)
{
	const struct fits_hdu *u = &fits_file_hdus(file)->hdu[hdu];
	size_t length = 0;
	struct fits_form form;
	struct error e;
	void *out;

	fits_keys(u, native, take_key, &length);
	fits_form(u, native, &form);
	if (u->pixels > PIXELS_MAX)
		return;
	out = aligned_alloc(64,
		(form.planes * form.height * form.width * dtype_size(form.dtype) + 63) / 64 * 64);
	for (size_t i = 0; i < form.images && i < IMAGES_MAX; i++)
		fits_file_read(file, hdu, i, native, out, NULL, &e);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fits", MFD_CLOEXEC);
	struct fits_levels none = {0};
	struct fits_verdict verdict;
	struct fits_file *file;
	struct error e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!fits_file_open(&file, fd, "fuzz.fits", &e)) {
		for (size_t i = 0; i < fits_file_hdus(file)->count; i++) {
			const struct fits_hdu *u = &fits_file_hdus(file)->hdu[i];

			fits_classify(&u->header, "fuzz.fits", &none, &verdict);
			if (!u->image)
				continue;
			read_images(file, i, false);
			read_images(file, i, true);
		}
		fits_file_close(file);
	}
	close(fd);
	return 0;
}
