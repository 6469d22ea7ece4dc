/* SPDX-License-Identifier: ISC */
#include "image/pile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "kern/kern.h"
#include "sky/normalize.h"
#include "stream/frame.h"

/* Strips of spooled frames take this part of the memory. */
#define STRIP_SHARE 8

/* Large frames begin at different offsets in their pages, or their lines would share cache sets. */
#define STAGGER 64
#define STAGGERS 61
#define STAGGER_FROM ((size_t)1 << 18) /* bytes */
#define OVERHEAD 512		       /* of a frame kept in memory, bytes */

/* Fewer faults for arrays of many pages, where the kernel gives large ones. */
static void madvise_huge(char *array, size_t bytes)
{
	uintptr_t page = 4096, first = round_up((uintptr_t)array, page);
	uintptr_t last = ((uintptr_t)array + bytes) / page * page;

	if (last > first)
		madvise((void *)first, last - first, MADV_HUGEPAGE);
}

/* Where an array of a frame is. */
struct place_of {
	char *memory;	 /* NULL: in the spool */
	uint64_t offset; /* there */
	size_t size;	 /* of an element; 0: there is none */
};

struct piled {
	unsigned dtype;
	struct place_of pixels, weights;
	void *held[2]; /* to be freed */
};

struct pile {
	struct spool *spool;
	uint64_t memory, kept, spooled;
	size_t planes, pixels; /* of a plane */
	struct piled *frame;
	struct pile_terms *terms; /* [frames][planes] */
	size_t count, size;
	bool weights;
};

struct pile *pile_new(struct spool *spool, uint64_t memory)
{
	struct pile *p = xcalloc(1, sizeof(*p));

	p->spool = spool;
	p->memory = memory;
	return p;
}

void pile_free(struct pile *p)
{
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < COUNT_OF(p->frame[i].held); k++)
			free(p->frame[i].held[k]);
	free(p->frame);
	free(p->terms);
	free(p);
}

size_t pile_count(const struct pile *p)
{
	return p->count;
}

bool pile_has_weights(const struct pile *p)
{
	return p->weights;
}

/* A mask or weight image as f32; free() it. */
static float *member_values(
	struct filter *f, const struct image *science, const struct image *member)
{
	if (member->height != science->height || member->width != science->width ||
		(member->planes != science->planes && member->planes != 1))
		die(EXIT_DATA, "a mask or weight of %zux%zux%zu beside an image of %zux%zux%zu",
			member->planes, member->height, member->width, science->planes,
			science->height, science->width);
	return image_f32_new(member, f->pool);
}

static void apply_mask(float *pixels, const float *mask, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pixels[i] = mask[i] == 0 ? pixels[i] : NAN;
}

static void apply_weights(float *pixels, float *weights, const float *by, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool counts = by[i] > 0 && by[i] < INFINITY;

		pixels[i] = counts ? pixels[i] : NAN;
		weights[i] = counts ? weights[i] * by[i] : 0;
	}
}

static void make_floats(struct pile_frame *frame, const struct image *science, struct pool *pool)
{
	if (frame->own)
		return;
	frame->pixels = frame->own = image_f32_new(science, pool);
	frame->dtype = DTYPE_F32;
}

static void apply_member(struct filter *f, struct pile_frame *frame, const struct image *science,
	const struct image *member)
{
	size_t plane = image_plane(science);
	float *values = member_values(f, science, member);

	make_floats(frame, science, f->pool);
	if (member->role == IMAGE_WEIGHT && !frame->weights) {
		frame->weights = xaligned(image_count(science), sizeof(*frame->weights));
		for (size_t i = 0; i < image_count(science); i++)
			frame->weights[i] = 1;
	}
	for (size_t k = 0; k < science->planes; k++) {
		float *pixels = frame->own + k * plane;
		const float *by = values + (member->planes == 1 ? 0 : k * plane);

		if (member->role == IMAGE_MASK)
			apply_mask(pixels, by, plane);
		else
			apply_weights(pixels, frame->weights + k * plane, by, plane);
	}
	free(values);
}

struct pile_frame pile_frame_of(
	struct filter *f, const struct image *science, const struct frame *group, size_t count)
{
	struct pile_frame frame = {.dtype = science->dtype, .pixels = science->pixels};
	struct image member;

	if (science->dtype != DTYPE_U16 && science->dtype != DTYPE_F32)
		make_floats(&frame, science, f->pool);
	for (size_t i = 0; i < count; i++) {
		if (group[i].kind != KIND_IMAGE)
			continue;
		image_view(f, &group[i], &member);
		if (member.role == IMAGE_MASK || member.role == IMAGE_WEIGHT)
			apply_member(f, &frame, science, &member);
	}
	return frame;
}

void pile_frame_rows(
	const struct image *shape, const struct pile_frame *frame, size_t plane, float *out)
{
	size_t step = norm_row_step(shape->width, shape->height), size = dtype_size(frame->dtype);
	const char *pixels = (const char *)frame->pixels + plane * image_plane(shape) * size;

	for (size_t y = 0; y < shape->height; y += step, out += shape->width)
		kern()->convert(
			out, pixels + y * shape->width * size, shape->width, frame->dtype, 0, 1);
}

void pile_frame_drop(struct pile_frame *frame)
{
	free(frame->own);
	free(frame->weights);
	*frame = (struct pile_frame){0};
}

/*
 * How much may be kept: strips, the result, and a frame as it arrives, is copied and looked at,
 * stand beside it.
 */
static uint64_t room(const struct pile *p)
{
	uint64_t beside =
		p->memory / STRIP_SHARE + 4 * sizeof(float) * (uint64_t)p->planes * p->pixels;

	return p->memory > beside ? p->memory - beside : 0;
}

/* A copy with COMBINE_SLACK bytes behind it; *held is to be freed. */
static char *kept_copy(const struct pile *p, const void *array, size_t bytes, void **held)
{
	size_t before = bytes < STAGGER_FROM ? 0 : p->count % STAGGERS * STAGGER;
	char *copy = *held = xaligned(before + bytes + COMBINE_SLACK, 1);

	madvise_huge(copy, before + bytes);
	memcpy(copy + before, array, bytes);
	memset(copy + before + bytes, 0, COMBINE_SLACK);
	return copy + before;
}

static struct place_of put_away(struct pile *p, const void *array, size_t size, void **held)
{
	uint64_t bytes = (uint64_t)p->planes * p->pixels * size;
	struct place_of at = {.size = size, .offset = p->spooled};

	if (p->kept + bytes + OVERHEAD <= room(p)) {
		p->kept += bytes + OVERHEAD;
		at.memory = kept_copy(p, array, bytes, held);
	} else {
		spool_write(p->spool, p->spooled, array, bytes);
		p->spooled += round_up(bytes, FRAME_ALIGN);
	}
	return at;
}

struct pile_terms *pile_terms_of(struct pile *p, size_t i)
{
	return p->terms + i * p->planes;
}

void pile_add(struct pile *p, const struct image *shape, struct pile_frame *frame,
	const struct pile_terms *terms)
{
	struct piled *f;

	p->planes = shape->planes;
	p->pixels = image_plane(shape);
	if (p->count == p->size) {
		p->size = 2 * p->size + 16;
		p->frame = xrealloc(p->frame, p->size, sizeof(*p->frame));
		p->terms = xrealloc(p->terms, p->size * p->planes, sizeof(*p->terms));
	}
	memcpy(pile_terms_of(p, p->count), terms, p->planes * sizeof(*terms));
	f = &p->frame[p->count];
	*f = (struct piled){.dtype = frame->dtype};
	f->pixels = put_away(p, frame->pixels, dtype_size(frame->dtype), &f->held[0]);
	if (frame->weights)
		f->weights = put_away(p, frame->weights, sizeof(float), &f->held[1]);
	p->weights = p->weights || frame->weights;
	p->count++;
	pile_frame_drop(frame);
}

/* A strip of one plane, and where spooled arrays are read to. */
struct strip {
	struct pile *pile;
	struct kern_stack_row *row;
	size_t plane, first, pixels; /* first: of the plane */
	char *buffer;
	size_t *at; /* in the buffer, of each frame's two arrays */
};

static const void *fetch(const struct strip *s, const struct place_of *from, size_t at)
{
	uint64_t first = ((uint64_t)s->plane * s->pile->pixels + s->first) * from->size;

	if (from->size == 0)
		return NULL;
	if (from->memory)
		return from->memory + first;
	spool_read(s->pile->spool, from->offset + first, s->buffer + at, s->pixels * from->size);
	return s->buffer + at;
}

static void fetch_frame(void *arg, size_t i, unsigned worker)
{
	const struct strip *s = arg;
	const struct piled *f = &s->pile->frame[i];

	(void)worker;
	s->row[i].samples = fetch(s, &f->pixels, s->at[2 * i]);
	s->row[i].weights = fetch(s, &f->weights, s->at[2 * i + 1]);
}

static size_t spooled_size(const struct place_of *p)
{
	return p->memory ? 0 : p->size;
}

/* Divides the buffer for strips of so many pixels; returns its size. */
static size_t divide_buffer(const struct pile *p, size_t pixels, size_t *at)
{
	size_t end = 0;

	for (size_t i = 0; i < 2 * p->count; i++) {
		const struct piled *f = &p->frame[i / 2];
		size_t size = spooled_size(i % 2 ? &f->weights : &f->pixels);

		at[i] = end;
		if (size > 0)
			end += round_up(pixels * size + COMBINE_SLACK, STAGGER) + STAGGER;
	}
	return end;
}

static size_t strip_pixels(const struct pile *p)
{
	size_t each = 0, pixels;

	for (size_t i = 0; i < p->count; i++)
		each += spooled_size(&p->frame[i].pixels) + spooled_size(&p->frame[i].weights);
	if (each == 0)
		return p->pixels;
	pixels = (size_t)(p->memory / STRIP_SHARE) / each / COMBINE_STEP * COMBINE_STEP;
	return pixels < COMBINE_STEP ? COMBINE_STEP : pixels < p->pixels ? pixels : p->pixels;
}

void pile_combine(struct pile *p, const struct combine_strip *method, const float *base,
	float *out, uint16_t *rejected, struct combine_counts *counts, struct pool *pool)
{
	size_t step = strip_pixels(p);
	struct combine_strip c = *method;
	struct strip s = {.pile = p};

	c.frames = p->count;
	c.row = s.row = xcalloc(p->count, sizeof(*s.row));
	s.at = xcalloc(2 * p->count, sizeof(*s.at));
	s.buffer = xcalloc(divide_buffer(p, step, s.at) + 1, 1);
	*counts = (struct combine_counts){0};
	for (s.plane = 0; s.plane < p->planes; s.plane++) {
		for (size_t i = 0; i < p->count; i++) {
			const struct pile_terms *t = &pile_terms_of(p, i)[s.plane];

			s.row[i] = (struct kern_stack_row){.dtype = p->frame[i].dtype,
				.factor = t->factor,
				.offset = t->offset,
				.weight = t->weight};
		}
		for (s.first = 0; s.first < p->pixels; s.first += step) {
			size_t at = s.plane * p->pixels + s.first;

			s.pixels = p->pixels - s.first < step ? p->pixels - s.first : step;
			pool_run(pool, p->count, fetch_frame, &s);
			c.pixels = s.pixels;
			c.base = base ? base + at : NULL;
			combine(&c, out + at, rejected ? rejected + at : NULL, counts, pool);
		}
	}
	free(s.row);
	free(s.at);
	free(s.buffer);
}

void pile_result(struct pile *p, struct filter *f, const struct image *shape,
	const struct combine_strip *method, const float *base, uint16_t *rejected,
	struct image *result)
{
	float *out = xaligned(image_count(shape), sizeof(*out));
	struct combine_strip how = *method;
	struct combine_counts counts;

	how.weighted = how.combine == KERN_COMBINE_MEAN && (how.weighted || p->weights);
	pile_combine(p, &how, base, out, rejected, &counts, f->pool);
	*result = *shape;
	result->dtype = DTYPE_F32;
	result->pixels = out;
	if (how.combine == KERN_COMBINE_SUM)
		result->full_scale *= (double)p->count;
	filter_note(f, "samples", (int64_t)counts.samples);
	filter_note(f, "rejected_low", (int64_t)counts.low);
	filter_note(f, "rejected_high", (int64_t)counts.high);
}
