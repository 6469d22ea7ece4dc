/* SPDX-License-Identifier: ISC */
#include "stream/marks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "stream/columns.h"
#include "stream/reader.h"

/* The columns that count. */
struct roles {
	const struct column *index, *count, *start_s, *end_s;
	const struct column *low_hz, *high_hz, *freq_hz, *width_hz;
	const struct column *label, *comment, *generator, *others;
};

/* Exact for integers; 0 for what is no number. */
static int64_t integer_at(const struct column *c, size_t row)
{
	const void *p = (const char *)c->values + row * c->row_size;

	switch (c->dtype) {
	case DTYPE_U8:
		return *(const uint8_t *)p;
	case DTYPE_I8:
		return *(const int8_t *)p;
	case DTYPE_U16:
		return *(const uint16_t *)p;
	case DTYPE_I16:
		return *(const int16_t *)p;
	case DTYPE_U32:
		return *(const uint32_t *)p;
	case DTYPE_I32:
		return *(const int32_t *)p;
	case DTYPE_U64:
	case DTYPE_I64:
		return *(const int64_t *)p;
	default:
		return 0;
	}
}

static double number_at(const struct column *c, size_t row)
{
	const void *p = (const char *)c->values + row * c->row_size;

	if (c->dtype == DTYPE_F64)
		return *(const double *)p;
	if (c->dtype == DTYPE_F32)
		return *(const float *)p;
	return (double)integer_at(c, row);
}

/* To be freed; NULL if it is empty or absent. */
static char *text_at(const struct column *c, size_t row)
{
	const char *text = c ? (const char *)c->values + row * c->row_size : "";
	size_t n = c ? strnlen(text, (size_t)c->row_size) : 0;

	return n > 0 ? xstrndup(text, n) : NULL;
}

/* All other columns, as members of an object: what a detector measured. */
static char *members_at(
	const struct column *columns, size_t count, const uint8_t *taken, size_t row)
{
	struct str out = {0}, key = {0};
	char text[NUMBER_TEXT];

	for (size_t i = 0; i < count; i++) {
		const struct column *c = &columns[i];
		char *word = c->dtype ? NULL : text_at(c, row);
		bool integer = c->dtype && !dtype_float(c->dtype);

		if (taken[i] || dtype_complex(c->dtype) || c->elements != 1 ||
			(c->dtype ? !isfinite(number_at(c, row)) : !word)) {
			free(word);
			continue;
		}
		str_clear(&key);
		str_addf(&key, "leat:%s", c->name);
		str_add(&out, out.len ? ", " : "{");
		str_add_json(&out, key.p);
		str_add(&out, ": ");
		if (word)
			str_add_json(&out, word);
		else if (integer)
			str_addf(&out, "%lld", (long long)integer_at(c, row));
		else
			str_add(&out, format_f64(text, number_at(c, row)));
		free(word);
	}
	if (out.len)
		str_add(&out, "}");
	str_free(&key);
	return out.p;
}

static struct roles roles_of(const struct column *columns, size_t count, uint8_t *taken)
{
	struct roles r = {0};
	const struct {
		const char *name;
		const struct column **column;
		bool text;
	} known[] = {
		{"index", &r.index, false},
		{"count", &r.count, false},
		{"start_s", &r.start_s, false},
		{"end_s", &r.end_s, false},
		{"freq_low_hz", &r.low_hz, false},
		{"freq_high_hz", &r.high_hz, false},
		{"freq_hz", &r.freq_hz, false},
		{"width_hz", &r.width_hz, false},
		{"label", &r.label, true},
		{"comment", &r.comment, true},
		{"generator", &r.generator, true},
		{"others", &r.others, true},
	};

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < COUNT_OF(known); k++)
			if (!strcmp(columns[i].name, known[k].name) &&
				known[k].text == !columns[i].dtype && columns[i].elements == 1) {
				*known[k].column = &columns[i];
				taken[i] = 1;
			}
	return r;
}

static int64_t index_of(double time_s, struct rate rate)
{
	double index = nearbyint(time_s * rate_hz(rate));

	return index >= 0x1p63 ? INT64_MAX : index < -0x1p63 ? INT64_MIN : (int64_t)index;
}

static struct mark mark_of(const struct roles *r, size_t row, struct rate rate)
{
	struct mark m = {.low_hz = NAN, .high_hz = NAN};

	m.index = r->index ? integer_at(r->index, row) : index_of(number_at(r->start_s, row), rate);
	m.end = m.index;
	if (r->count && __builtin_add_overflow(m.index, integer_at(r->count, row), &m.end))
		m.end = INT64_MAX;
	else if (!r->count && r->end_s)
		m.end = index_of(number_at(r->end_s, row), rate);
	if (r->low_hz && r->high_hz) {
		m.low_hz = number_at(r->low_hz, row);
		m.high_hz = number_at(r->high_hz, row);
	} else if (r->freq_hz && r->width_hz) {
		m.low_hz = number_at(r->freq_hz, row) - number_at(r->width_hz, row) / 2;
		m.high_hz = number_at(r->freq_hz, row) + number_at(r->width_hz, row) / 2;
	}
	m.label = text_at(r->label, row);
	m.comment = text_at(r->comment, row);
	m.generator = text_at(r->generator, row);
	m.others = text_at(r->others, row);
	return m;
}

bool marks_add(struct marks *m, const struct frame *frame, const struct meta *meta, size_t segment)
{
	struct column *columns;
	struct rate rate = {0};
	struct roles r;
	struct error e;
	uint8_t *taken;
	size_t count;
	bool good;

	if (columns_list(frame, meta, &columns, &count, &e))
		die_with(&e);
	taken = xcalloc(count + 1, 1);
	r = roles_of(columns, count, taken);
	good = r.index || (r.start_s && meta_rate(meta, &rate));
	for (size_t row = 0; good && row < frame->dim[0]; row++) {
		struct mark *mark;

		if (m->count == m->room) {
			m->room = m->room ? 2 * m->room : 64;
			m->mark = xrealloc(m->mark, m->room, sizeof(*m->mark));
		}
		mark = &m->mark[m->count++];
		*mark = mark_of(&r, row, rate);
		mark->segment = segment;
		if (!r.others)
			mark->others = members_at(columns, count, taken, row);
	}
	free(taken);
	free(columns);
	return good;
}

void marks_read(struct marks *m, int fd, const char *name, size_t segment)
{
	struct reader *r = reader_open(fd, name);
	struct meta meta = {0}, own = {0};
	bool found = false;

	for (;;) {
		struct frame frame;
		struct error e;
		size_t count;

		if (reader_lend(r, &frame, 1, &count, &e))
			die(e.code, "%s: %s", name, e.text);
		if (count == 0)
			break;
		if (frame.kind == KIND_ABORT)
			die(EXIT_UPSTREAM, "%s: the stream was aborted", name);
		if (frame.kind != KIND_TABLE)
			continue;
		if (meta_parse(&own, frame.meta, frame.meta_len, &e))
			die(e.code, "%s: %s", name, e.text);
		meta_copy(&meta, reader_head(r));
		meta_overlay(&meta, &own);
		found = marks_add(m, &frame, &meta, segment) || found;
	}
	if (!found)
		die(EXIT_DATA, "%s: no TABLE with a column index or start_s", name);
	meta_clear(&meta);
	meta_clear(&own);
	reader_free(r);
}

void marks_free(struct marks *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->mark[i].label);
		free(m->mark[i].comment);
		free(m->mark[i].generator);
		free(m->mark[i].others);
	}
	free(m->mark);
	*m = (struct marks){0};
}
