/* SPDX-License-Identifier: ISC */
/*
 * SigMF metadata of any bytes, laid over data of several sizes; what is well is written and read
 * again, and must then say the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "io/sigmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void walk(struct sigmf *m)
{
	uint64_t samples = 0;

	sigmf_find_segments(m);
	sigmf_sort_annotations(m);
	for (size_t i = 0, end; i < m->captures; i = end) {
		end = sigmf_segment_end(m, i);
		must(end > i && end <= m->captures);
		for (size_t k = i; k < end; k++)
			samples += m->capture[k].samples;
		must(sigmf_position(m, i, end, INT64_MIN) >= m->offset);
		must(sigmf_position(m, i, end, INT64_MAX) >= m->offset);
	}
	for (size_t i = 0; i < m->annotations; i++)
		if (m->annotation[i].start - m->offset >= 0 &&
			(uint64_t)(m->annotation[i].start - m->offset) < samples)
			sigmf_index(m, m->annotation[i].start);
}

static void write_again(struct sigmf *m)
{
	struct str text = {0};
	struct sigmf again;
	struct error e;

	if (m->rate.num > INT64_MAX || m->rate.den > INT64_MAX)
		return;
	sigmf_format(m, "fuzzer", &text);
	must(!sigmf_parse(&again, text.p, text.len, &e));
	must(again.dtype == m->dtype && again.captures == m->captures &&
		again.annotations == m->annotations && again.rate.num == m->rate.num &&
		again.rate.den == m->rate.den);
	for (size_t i = 0; i < m->captures; i++)
		must(sigmf_pairs_equal(&m->capture[i].head, &again.capture[i].head) &&
			sigmf_pairs_equal(&m->capture[i].others, &again.capture[i].others) &&
			m->capture[i].index == again.capture[i].index);
	sigmf_free(&again);
	str_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t sizes[] = {0, 4000, 3, UINT64_C(1) << 40};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct sigmf m;
		struct error e;

		if (!sigmf_parse(&m, (const char *)data, size, &e) &&
			!sigmf_lay(&m, sizes[i], &e)) {
			if (m.rate.num == 0) /* then the command asks for it */
				m.rate = (struct rate){48000, 1};
			walk(&m);
			write_again(&m);
		}
		sigmf_free(&m);
	}
	return 0;
}
