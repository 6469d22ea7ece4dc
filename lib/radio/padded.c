/* SPDX-License-Identifier: ISC */
#include "radio/padded.h"

#include <stdlib.h>

#include "dsp/stft.h"
#include "kern/kern.h"

struct padded {
	size_t n, hop, idle, before;
	unsigned dtype, subchannels;
	padded_fn *take;
	void *arg;
	struct windows *windows;
	float *zeros, *converted;
	size_t converted_size; /* elements */

	bool in_run;
	int64_t from, to; /* of the run's samples */
};

static size_t float_size(const struct padded *p)
{
	return dtype_complex(p->dtype) ? 2 * sizeof(float) : sizeof(float);
}

struct padded *padded_new(size_t n, size_t hop, unsigned dtype, unsigned subchannels, size_t idle,
	padded_fn *take, void *arg)
{
	struct padded *p = xcalloc(1, sizeof(*p));

	p->n = n;
	p->hop = hop;
	p->idle = idle;
	p->before = stft_zeros_before(n, hop);
	p->dtype = dtype;
	p->subchannels = subchannels;
	p->take = take;
	p->arg = arg;
	p->windows = windows_new(n, hop, float_size(p) * subchannels);
	p->zeros = xcalloc(n * subchannels, float_size(p));
	return p;
}

void padded_free(struct padded *p)
{
	if (!p)
		return;
	windows_free(p->windows);
	free(p->zeros);
	free(p->converted);
	free(p);
}

static void feed(struct padded *p, int64_t index, size_t rows, const float *samples)
{
	struct frame frame = {.index = index, .dim = {rows}, .payload = samples};

	windows_feed(p->windows, &frame, 1);
	p->take(p->arg, p->windows);
}

void padded_end(struct padded *p)
{
	size_t after;

	if (!p->in_run)
		return;
	after = stft_zeros_after(p->n, p->hop, (uint64_t)(p->to - p->from), p->idle);
	feed(p, p->to, after, p->zeros);
	p->in_run = false;
	windows_end(p->windows);
	p->take(p->arg, p->windows);
}

static void begin_run(struct padded *p, int64_t index)
{
	if (index < INT64_MIN + (int64_t)p->before || index > INT64_MAX - (INT64_MAX >> 8))
		die(EXIT_DATA, "index %lld: the row runs beyond 64 bits", (long long)index);
	p->in_run = true;
	p->from = index;
	feed(p, index - (int64_t)p->before, p->before, p->zeros);
}

void padded_feed(struct padded *p, const struct frame *frame)
{
	size_t elements = (size_t)(frame->dim[0] * p->subchannels);

	if (frame->dim[0] == 0)
		return;
	if (frame->index != p->to)
		padded_end(p);
	if (!p->in_run)
		begin_run(p, frame->index);
	if (elements > p->converted_size) {
		free(p->converted);
		p->converted = xaligned(elements, float_size(p));
		p->converted_size = elements;
	}
	kern()->convert(p->converted, frame->payload, elements, p->dtype, 0, 1);
	p->to = frame->index + (int64_t)frame->dim[0];
	feed(p, frame->index, (size_t)frame->dim[0], p->converted);
}
