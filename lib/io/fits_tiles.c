/* SPDX-License-Identifier: ISC */
#include "io/fits_parts.h"

int fits_decode_tiles(struct fits_file *file, const struct fits_hdu *hdu, uint64_t mask, void *out,
	struct pool *pool, struct error *e)
{
	(void)file;
	(void)hdu;
	(void)mask;
	(void)out;
	(void)pool;
	return fail(e, EXIT_DATA, "tile-compressed images are not read");
}
