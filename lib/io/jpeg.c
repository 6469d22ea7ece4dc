/* SPDX-License-Identifier: ISC */
#include "io/jpeg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "base/io.h"
#include "base/mem.h"
#include "io/icc.h"

#define BUFFER_SIZE ((size_t)1 << 18)
#define PIECE_SIZE ((size_t)1 << 22) /* bytes of rows made at a time */

/* What libjpeg's callbacks and the code between them need. */
struct job {
	struct jpeg_compress_struct jpeg; /* first: libjpeg's pointers to it are pointers to this */
	struct jpeg_destination_mgr destination;
	struct jpeg_error_mgr errors;
	jmp_buf escape;
	int fd, quality;
	const struct raster *raster;
	struct pool *pool;
	struct error *error;
	uint8_t *buffer, *rows;
};

_Noreturn static void on_error(j_common_ptr jpeg)
{
	struct job *job = (struct job *)(void *)jpeg;
	char text[JMSG_LENGTH_MAX];

	/* Writing has told its own reason before. */
	if (job->error->code == 0) {
		job->errors.format_message(jpeg, text);
		fail(job->error, EXIT_OS, "jpeg: %s", text);
	}
	longjmp(job->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
	(void)jpeg;
	(void)level;
}

static void on_start(j_compress_ptr jpeg)
{
	struct job *job = (struct job *)(void *)jpeg;

	job->destination.next_output_byte = job->buffer;
	job->destination.free_in_buffer = BUFFER_SIZE;
}

static void put(struct job *job, size_t n)
{
	if (write_whole(job->fd, job->buffer, n)) {
		raster_write_error("jpeg", errno, job->error);
		on_error((j_common_ptr)&job->jpeg);
	}
}

/* Whatever free_in_buffer says, the whole buffer is meant. */
static boolean on_full(j_compress_ptr jpeg)
{
	put((struct job *)(void *)jpeg, BUFFER_SIZE);
	on_start(jpeg);
	return TRUE;
}

static void on_end(j_compress_ptr jpeg)
{
	struct job *job = (struct job *)(void *)jpeg;

	put(job, BUFFER_SIZE - job->destination.free_in_buffer);
}

static void set_up(struct job *job)
{
	struct jpeg_compress_struct *jpeg = &job->jpeg;

	jpeg_create_compress(jpeg);
	job->destination = (struct jpeg_destination_mgr){
		.init_destination = on_start,
		.empty_output_buffer = on_full,
		.term_destination = on_end,
	};
	jpeg->dest = &job->destination;
	jpeg->image_width = (JDIMENSION)job->raster->width;
	jpeg->image_height = (JDIMENSION)job->raster->height;
	jpeg->input_components = (int)job->raster->planes;
	jpeg->in_color_space = job->raster->planes == 3 ? JCS_RGB : JCS_GRAYSCALE;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, job->quality, TRUE);
	jpeg->optimize_coding = TRUE;
	jpeg->dct_method = JDCT_ISLOW;
	jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor =
		job->raster->planes == 3 && job->quality < JPEG_QUALITY_FULL_COLOUR ? 2 : 1;
}

static void write_profile(struct job *job)
{
	uint8_t profile[ICC_SIZE_MAX];
	size_t size = icc_srgb(job->raster->planes, profile);

	jpeg_write_icc_profile(&job->jpeg, profile, (unsigned)size);
}

static void write_rows(struct job *job)
{
	const struct raster *r = job->raster;
	size_t step = raster_rows_in(r, PIECE_SIZE);

	for (size_t y = 0; y < r->height; y += step) {
		size_t count = r->height - y < step ? r->height - y : step;

		raster_fill(r, y, count, job->rows, job->pool);
		for (size_t k = 0; k < count; k++) {
			JSAMPROW line = job->rows + k * raster_row_size(r);

			jpeg_write_scanlines(&job->jpeg, &line, 1);
		}
	}
}

/* The only function libjpeg jumps back into; it has no variables to lose. */
static void run(struct job *job)
{
	if (setjmp(job->escape))
		return;
	set_up(job);
	jpeg_start_compress(&job->jpeg, TRUE);
	if (job->raster->srgb)
		write_profile(job);
	write_rows(job);
	jpeg_finish_compress(&job->jpeg);
}

int jpeg_encode(
	int fd, const struct raster *raster, int quality, struct pool *pool, struct error *e)
{
	struct job job = {.fd = fd, .quality = quality, .raster = raster, .pool = pool, .error = e};
	int code = raster_check(raster, "jpeg", JPEG_SIDE_MAX, e);

	if (code)
		return code;
	if (raster->bits != 8)
		return fail(e, EXIT_USAGE, "jpeg: %u bits: 8 are possible", raster->bits);
	if (quality < 1 || quality > 100)
		return fail(e, EXIT_USAGE, "jpeg: quality %d: 1 to 100 are possible", quality);
	e->code = 0;
	job.buffer = xmalloc(BUFFER_SIZE);
	job.rows = xaligned(raster_rows_in(raster, PIECE_SIZE), raster_row_size(raster));
	job.jpeg.err = jpeg_std_error(&job.errors);
	job.errors.error_exit = on_error;
	job.errors.emit_message = on_message;
	run(&job);
	jpeg_destroy_compress(&job.jpeg);
	free(job.rows);
	free(job.buffer);
	return e->code;
}
