/* SPDX-License-Identifier: ISC */
#include "io/sigmf.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "base/num.h"

/* What the metadata of a frame may be: so many lines and bytes. */
#define PAIRS_MAX 32768
#define PAIR_BYTES_MAX (16 << 20)

/* Where a value is, for messages: "captures[3] core:frequency". */
struct place {
	const char *list; /* "global", "captures" … */
	size_t number;
	bool numbered;
	struct error *e;
};

static int wrong(const struct place *p, const char *key, const char *what)
{
	if (p->numbered)
		return fail(p->e, EXIT_DATA, "%s[%zu]: %s: %s", p->list, p->number, key, what);
	return fail(p->e, EXIT_DATA, "%s: %s: %s", p->list, key, what);
}

const char *sigmf_datatype(unsigned dtype)
{
	static const char *const complex_names[] = {[DTYPE_U8] = "cu8",
		[DTYPE_I8] = "ci8",
		[DTYPE_U16] = "cu16_le",
		[DTYPE_I16] = "ci16_le",
		[DTYPE_U32] = "cu32_le",
		[DTYPE_I32] = "ci32_le",
		[DTYPE_F32] = "cf32_le",
		[DTYPE_F64] = "cf64_le"};
	static const char *const real_names[] = {[DTYPE_U8] = "ru8",
		[DTYPE_I8] = "ri8",
		[DTYPE_U16] = "ru16_le",
		[DTYPE_I16] = "ri16_le",
		[DTYPE_U32] = "ru32_le",
		[DTYPE_I32] = "ri32_le",
		[DTYPE_F32] = "rf32_le",
		[DTYPE_F64] = "rf64_le"};
	unsigned real = dtype_real(dtype);

	if (real >= COUNT_OF(real_names))
		return NULL;
	return dtype_complex(dtype) ? complex_names[real] : real_names[real];
}

/*
 * Lists.
 */

void sigmf_add_pair(struct sigmf_pairs *p, const char *key, const char *value)
{
	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 8;
		p->pair = xrealloc(p->pair, p->room, sizeof(*p->pair));
	}
	p->pair[p->count++] = (struct sigmf_pair){xstrdup(key), xstrdup(value)};
}

bool sigmf_pairs_equal(const struct sigmf_pairs *a, const struct sigmf_pairs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->pair[i].key, b->pair[i].key) ||
			strcmp(a->pair[i].value, b->pair[i].value))
			return false;
	return true;
}

void sigmf_clear_pairs(struct sigmf_pairs *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->pair[i].key);
		free(p->pair[i].value);
	}
	free(p->pair);
	*p = (struct sigmf_pairs){0};
}

struct sigmf_capture *sigmf_add_capture(struct sigmf *m)
{
	struct sigmf_capture *c;

	if (m->captures == m->capture_room) {
		m->capture_room = m->capture_room ? 2 * m->capture_room : 8;
		m->capture = xrealloc(m->capture, m->capture_room, sizeof(*m->capture));
	}
	c = &m->capture[m->captures++];
	*c = (struct sigmf_capture){.freq_hz = NAN};
	return c;
}

struct sigmf_annotation *sigmf_add_annotation(struct sigmf *m)
{
	struct sigmf_annotation *a;

	if (m->annotations == m->annotation_room) {
		m->annotation_room = m->annotation_room ? 2 * m->annotation_room : 8;
		m->annotation = xrealloc(m->annotation, m->annotation_room, sizeof(*m->annotation));
	}
	a = &m->annotation[m->annotations++];
	*a = (struct sigmf_annotation){.count = -1, .low_hz = NAN, .high_hz = NAN};
	return a;
}

void sigmf_free(struct sigmf *m)
{
	for (size_t i = 0; i < m->captures; i++) {
		sigmf_clear_pairs(&m->capture[i].head);
		sigmf_clear_pairs(&m->capture[i].frame);
		sigmf_clear_pairs(&m->capture[i].others);
	}
	for (size_t i = 0; i < m->annotations; i++) {
		free(m->annotation[i].label);
		free(m->annotation[i].comment);
		free(m->annotation[i].generator);
		free(m->annotation[i].others);
	}
	free(m->capture);
	free(m->annotation);
	free(m->dataset);
	free(m->sha512);
	sigmf_clear_pairs(&m->others);
	*m = (struct sigmf){0};
}

/*
 * Values.
 */

/* An integer; a real that is whole counts, as some writers make no difference. */
static int get_i64(
	const struct place *p, const json_t *object, const char *key, int64_t min, int64_t *v)
{
	const json_t *value = json_object_get(object, key);
	char what[120];

	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= min) {
		*v = json_integer_value(value);
		return 0;
	}
	if (json_is_real(value)) {
		double real = json_real_value(value);

		if (real == floor(real) && fabs(real) <= 0x1p53 && (int64_t)real >= min) {
			*v = (int64_t)real;
			return 0;
		}
	}
	snprintf(what, sizeof(what), "must be an integer from %lld to 9223372036854775807",
		(long long)min);
	return wrong(p, key, what);
}

static int get_real(const struct place *p, const json_t *object, const char *key, double *v)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_number(value))
		return wrong(p, key, "must be a number");
	*v = json_number_value(value);
	return 0;
}

/* A copy of a text, NULL if it is absent. */
static int get_text(const struct place *p, const json_t *object, const char *key, char **v)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return wrong(p, key, "must be a text");
	*v = xstrdup(json_string_value(value));
	return 0;
}

static char *dump(const json_t *value)
{
	/* Keys keep their order; reals get the digits that read back equal. */
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), *copy;

	copy = text ? xstrdup(text) : NULL;
	free(text);
	return copy;
}

/* Whether a key is one of a list of words, each ended by a space. */
static bool is_one_of(const char *words, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = words; n > 0 && (p = strstr(p, key)); p += n)
		if ((p == words || p[-1] == ' ') && p[n] == ' ')
			return true;
	return false;
}

/* Keys that have a place of their own. */
static const char own_keys[] =
	"core:datatype core:sample_rate core:version core:num_channels core:offset core:dataset "
	"core:metadata_only core:sha512 core:trailing_bytes core:sample_start core:global_index "
	"core:frequency core:datetime core:header_bytes leat:rate_num leat:rate_den leat:samples "
	"leat:head leat:frame leat:index ";

static const char own_annotation_keys[] =
	"core:sample_start core:sample_count core:freq_lower_edge core:freq_upper_edge core:label "
	"core:comment core:generator ";

static int take_other(const struct place *p, struct sigmf_pairs *others, const char *key,
	const json_t *value, size_t *bytes)
{
	char *text = dump(value);

	*bytes += strlen(key) + (text ? strlen(text) : 0);
	if (!text || others->count >= PAIRS_MAX || *bytes > PAIR_BYTES_MAX) {
		free(text);
		return wrong(p, "keys", "more of them than a stream can carry");
	}
	sigmf_add_pair(others, key, text);
	free(text);
	return 0;
}

/* What every writer says anew: ourselves as the recorder, and our extension as the only one. */
static bool is_ours(const char *key, const json_t *value)
{
	const json_t *only = json_array_get(value, 0);
	const char *name = json_string_value(json_object_get(only, "name"));
	const char *recorder = json_string_value(value);

	if (!strcmp(key, "core:recorder"))
		return recorder && starts_with(recorder, "leat ");
	return !strcmp(key, "core:extensions") && json_array_size(value) == 1 && name &&
	       !strcmp(name, "leat");
}

/* Keys that are not known here. */
static int get_others(const struct place *p, json_t *object, struct sigmf_pairs *others)
{
	const char *key;
	json_t *value;
	size_t bytes = 0;
	int code = 0;

	json_object_foreach(object, key,
		value) if (!code && !is_one_of(own_keys, key) && !is_ours(key, value)) code =
		take_other(p, others, key, value, &bytes);
	return code;
}

bool sigmf_add_other(struct sigmf_pairs *p, const char *text)
{
	size_t n = strcspn(text, " ");
	char *key = xstrndup(text, n), *value;
	json_t *json =
		text[n] ? json_loads(text + n + 1, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL)
			: NULL;
	bool good = json && n > 0 && !is_one_of(own_keys, key);

	if (good && (value = dump(json))) {
		sigmf_add_pair(p, key, value);
		free(value);
	}
	json_decref(json);
	free(key);
	return good;
}

char *sigmf_object(const char *json)
{
	json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	const char *key;
	const json_t *value;
	bool good = json_object_size(object) > 0;
	char *text;

	if (good)
		json_object_foreach(object, key, value) good =
			good && !is_one_of(own_annotation_keys, key);
	text = good ? dump(object) : NULL;
	json_decref(object);
	return text;
}

/* leat:head and leat:frame: [[key, value], …]. */
static int get_pairs(
	const struct place *p, const json_t *object, const char *key, struct sigmf_pairs *pairs)
{
	const json_t *list = json_object_get(object, key), *item;
	size_t i, bytes = 0;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return wrong(p, key, "must be a list of pairs [key, value]");
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(json_array_get(item, 0));
		const char *value = json_string_value(json_array_get(item, 1));

		if (json_array_size(item) != 2 || !name || !value)
			return wrong(p, key, "must be a list of pairs [key, value]");
		bytes += strlen(name) + strlen(value);
		if (i >= PAIRS_MAX || bytes > PAIR_BYTES_MAX)
			return wrong(p, key, "more of them than a stream can carry");
		sigmf_add_pair(pairs, name, value);
	}
	return 0;
}

/* RFC 3339 in UTC; second 60 is the first of the next minute, as POSIX time has no such second. */
static int get_time(const struct place *p, const json_t *object, struct sigmf_capture *c)
{
	char *text = NULL, *dot;
	size_t digits;
	bool leap;
	int code = get_text(p, object, "core:datetime", &text);

	if (code || !text)
		return code;
	for (char *s = text; *s; s++)
		if (*s == 't' || *s == 'z')
			*s = (char)(*s - 'a' + 'A');
	leap = strlen(text) >= 19 && !memcmp(text + 16, ":60", 3);
	if (leap)
		memcpy(text + 16, ":59", 3);
	c->timed = utc_parse(text, &c->time);
	c->time.sec += leap;
	dot = strchr(text, '.');
	digits = dot ? strspn(dot + 1, "0123456789") : 0;
	for (c->precision_ns = 1000000000; digits > 0 && c->precision_ns > 1; digits--)
		c->precision_ns /= 10;
	free(text);
	if (!c->timed)
		return wrong(p, "core:datetime",
			"must be a time in UTC such as 2024-06-27T14:49:00.25Z");
	return 0;
}

/*
 * The three parts.
 */

static int get_datatype(struct sigmf *m, const struct place *p, const json_t *global)
{
	const char *name = json_string_value(json_object_get(global, "core:datatype")), *end;
	char element[16];
	int dtype = -1;

	if (!name)
		return wrong(p, "core:datatype", "missing, must be such as ci16_le");
	end = strchr(name, '_');
	m->big_endian = end && !strcmp(end, "_be");
	snprintf(element, sizeof(element), "%.*s", (int)(end ? end - name : 8), name);
	if ((*element == 'c' || *element == 'r') && (!end || m->big_endian || !strcmp(end, "_le")))
		dtype = dtype_parse(*element == 'r' ? element + 1 : element);
	if (dtype <= 0 || !sigmf_datatype((unsigned)dtype) || strlen(name) > 8)
		return fail(p->e, EXIT_DATA,
			"global: core:datatype: '%.40s': must be c or r and one of f64 f32 i32 i16 "
			"u32 u16 with _le or _be, i8 or u8",
			name);
	m->dtype = (unsigned)dtype;
	if (!end && dtype_size(dtype_real(m->dtype)) > 1)
		return fail(p->e, EXIT_DATA,
			"global: core:datatype: '%s': must say the order of bytes, %s_le or %s_be",
			name, name, name);
	return 0;
}

static int get_rate(struct sigmf *m, const struct place *p, const json_t *global)
{
	double hz = NAN;
	int64_t num = 0, den = 0;
	char text[NUMBER_TEXT];
	int code;

	if ((code = get_real(p, global, "core:sample_rate", &hz)) ||
		(code = get_i64(p, global, "leat:rate_num", 1, &num)) ||
		(code = get_i64(p, global, "leat:rate_den", 1, &den)))
		return code;
	if (num && den) {
		m->rate = (struct rate){(uint64_t)num, (uint64_t)den};
		if (isnan(hz) || hz == rate_hz(m->rate))
			return 0;
		m->rate_edited = true;
	}
	if (isnan(hz))
		return 0;
	if (!(hz > 0 && hz < 1e18) || !parse_rate(format_f64(text, hz), &m->rate))
		return wrong(p, "core:sample_rate", "must be a number > 0 of samples per second");
	return 0;
}

/* An extension that is not optional and not known must be understood to read the samples. */
static int check_extensions(const struct place *p, const json_t *global)
{
	const json_t *list = json_object_get(global, "core:extensions"), *item;
	size_t i;

	if (!json_is_array(list))
		return 0;
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));

		if (!name || !json_is_false(json_object_get(item, "optional")) ||
			!strcmp(name, "leat") || !strcmp(name, "core"))
			continue;
		return fail(p->e, EXIT_DATA,
			"global: core:extensions: '%.60s': not optional, and not known here", name);
	}
	return 0;
}

static int get_global(struct sigmf *m, json_t *global, struct error *e)
{
	struct place p = {.list = "global", .e = e};
	char *version = NULL;
	int64_t channels = 1;
	int code;

	m->samples = -1;
	if (!json_is_object(global))
		return fail(e, EXIT_DATA, "global: missing, must be an object");
	if ((code = get_text(&p, global, "core:version", &version)))
		return code;
	if (version && !starts_with(version, "1.") && !starts_with(version, "0."))
		code = fail(
			e, EXIT_DATA, "global: core:version: '%.40s': must be 1.x or 0.x", version);
	free(version);
	if (code || (code = get_datatype(m, &p, global)) || (code = get_rate(m, &p, global)) ||
		(code = get_i64(&p, global, "core:num_channels", 1, &channels)) ||
		(code = get_i64(&p, global, "core:offset", 0, &m->offset)) ||
		(code = get_i64(&p, global, "core:trailing_bytes", 0, &m->trailing_bytes)) ||
		(code = get_i64(&p, global, "leat:samples", 0, &m->samples)) ||
		(code = get_text(&p, global, "core:dataset", &m->dataset)) ||
		(code = get_text(&p, global, "core:sha512", &m->sha512)) ||
		(code = check_extensions(&p, global)))
		return code;
	if (channels > SIGMF_CHANNELS_MAX)
		return wrong(&p, "core:num_channels", "must be at most 65536");
	m->channels = (uint64_t)channels;
	m->metadata_only = json_is_true(json_object_get(global, "core:metadata_only"));
	if (m->dataset && (!*m->dataset || strchr(m->dataset, '/') || *m->dataset == '.'))
		return wrong(&p, "core:dataset", "must be the name of a file in the same folder");
	return get_others(&p, global, &m->others);
}

static int get_captures(struct sigmf *m, const json_t *list, struct error *e)
{
	struct place p = {.list = "captures", .numbered = true, .e = e};
	int64_t before = m->offset;
	json_t *item;

	if (list && !json_is_array(list))
		return fail(e, EXIT_DATA, "captures: must be a list");
	json_array_foreach(list, p.number, item)
	{
		struct sigmf_capture *c = sigmf_add_capture(m);
		int code;

		if (!json_is_object(item))
			return wrong(&p, "capture", "must be an object");
		c->start = -1;
		if ((code = get_i64(&p, item, "core:sample_start", 0, &c->start)))
			return code;
		if (c->start < before)
			return wrong(&p, "core:sample_start",
				c->start < 0 ? "missing"
				: p.number   ? "smaller than that of the capture before"
					     : "smaller than core:offset");
		before = c->start;
		c->index = c->start;
		if ((code = get_i64(&p, item, "core:global_index", 0, &c->index)) ||
			(code = get_i64(&p, item, "leat:index", -INT64_MAX, &c->index)) ||
			(code = get_real(&p, item, "core:frequency", &c->freq_hz)) ||
			(code = get_time(&p, item, c)) ||
			(code = get_i64(&p, item, "core:header_bytes", 0, &c->header_bytes)) ||
			(code = get_pairs(&p, item, "leat:head", &c->head)) ||
			(code = get_pairs(&p, item, "leat:frame", &c->frame)) ||
			(code = get_others(&p, item, &c->others)))
			return code;
		c->begins = json_object_get(item, "leat:head");
	}
	return 0;
}

static int get_annotation(const struct place *p, json_t *item, struct sigmf_annotation *a)
{
	const char *key;
	json_t *others, *value;
	int code;

	a->start = -1;
	if ((code = get_i64(p, item, "core:sample_start", 0, &a->start)) ||
		(code = get_i64(p, item, "core:sample_count", 0, &a->count)) ||
		(code = get_real(p, item, "core:freq_lower_edge", &a->low_hz)) ||
		(code = get_real(p, item, "core:freq_upper_edge", &a->high_hz)) ||
		(code = get_text(p, item, "core:label", &a->label)) ||
		(code = get_text(p, item, "core:comment", &a->comment)) ||
		(code = get_text(p, item, "core:generator", &a->generator)))
		return code;
	if (a->start < 0)
		return wrong(p, "core:sample_start", "missing");
	others = json_object();
	json_object_foreach(item, key, value) if (!is_one_of(own_annotation_keys, key))
		json_object_set(others, key, value);
	if (json_object_size(others) > 0)
		a->others = dump(others);
	json_decref(others);
	return 0;
}

static int get_annotations(struct sigmf *m, const json_t *list, struct error *e)
{
	struct place p = {.list = "annotations", .numbered = true, .e = e};
	json_t *item;
	int code;

	if (list && !json_is_array(list))
		return fail(e, EXIT_DATA, "annotations: must be a list");
	json_array_foreach(list, p.number, item)
	{
		if (!json_is_object(item))
			return wrong(&p, "annotation", "must be an object");
		if ((code = get_annotation(&p, item, sigmf_add_annotation(m))))
			return code;
	}
	return 0;
}

int sigmf_parse(struct sigmf *m, const char *json, size_t n, struct error *e)
{
	json_error_t error;
	json_t *root;
	int code;

	*m = (struct sigmf){0};
	if (n > SIGMF_JSON_MAX)
		return fail(e, EXIT_DATA, "metadata: %zu bytes, at most %d are read", n,
			SIGMF_JSON_MAX);
	root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return fail(e, EXIT_DATA, "metadata: line %d: %s", error.line, error.text);
	if (!json_is_object(root))
		code = fail(e, EXIT_DATA, "metadata: must be an object");
	else if (!(code = get_global(m, json_object_get(root, "global"), e)) &&
		 !(code = get_captures(m, json_object_get(root, "captures"), e)))
		code = get_annotations(m, json_object_get(root, "annotations"), e);
	json_decref(root);
	return code;
}

/*
 * The data file.
 */

/* Samples without a capture stand for themselves: those before the first, or all. 1 if it is made.
 */
static size_t add_first(struct sigmf *m)
{
	if (m->captures > 0 && m->capture[0].start == m->offset)
		return 0;
	sigmf_add_capture(m);
	memmove(m->capture + 1, m->capture, (m->captures - 1) * sizeof(*m->capture));
	m->capture[0] =
		(struct sigmf_capture){.start = m->offset, .index = m->offset, .freq_hz = NAN};
	return 1;
}

int sigmf_lay(struct sigmf *m, uint64_t data_size, struct error *e)
{
	uint64_t row = dtype_size(m->dtype) * m->channels, headers = 0, samples;
	uint64_t trailing = (uint64_t)m->trailing_bytes;
	size_t made = add_first(m);

	for (size_t i = 0; i < m->captures; i++)
		if (__builtin_add_overflow(headers, (uint64_t)m->capture[i].header_bytes, &headers))
			headers = UINT64_MAX;
	if (headers > data_size || trailing > data_size - headers)
		return fail(e, EXIT_DATA,
			"data: %llu bytes: fewer than core:header_bytes and core:trailing_bytes "
			"say",
			(unsigned long long)data_size);
	samples = (data_size - headers - trailing) / row;
	if (samples * row != data_size - headers - trailing)
		return fail(e, EXIT_DATA,
			"data: %llu bytes: no whole number of samples of %llu bytes",
			(unsigned long long)data_size, (unsigned long long)row);
	if (m->samples >= 0 && samples != (uint64_t)m->samples)
		return fail(e, EXIT_DATA, "data: %llu samples, the metadata say %lld: cut off?",
			(unsigned long long)samples, (long long)m->samples);
	headers = 0;
	for (size_t i = 0; i < m->captures; i++) {
		struct sigmf_capture *c = &m->capture[i];
		uint64_t first = (uint64_t)(c->start - m->offset), end = samples;

		if (i + 1 < m->captures)
			end = (uint64_t)(m->capture[i + 1].start - m->offset);
		if (first > samples || end > samples)
			return fail(e, EXIT_DATA,
				"captures[%zu]: core:sample_start: beyond the %llu samples of the "
				"data",
				(first > samples ? i : i + 1) - made, (unsigned long long)samples);
		c->samples = end - first;
		if (c->index > INT64_MAX - (int64_t)c->samples)
			return fail(e, EXIT_DATA,
				"captures[%zu]: core:global_index: %lld: too large", i - made,
				(long long)c->index);
		headers += (uint64_t)c->header_bytes;
		c->at = headers + first * row;
	}
	return 0;
}

/*
 * Writing.
 */

static void add_key(struct str *out, const char *separator, const char *key)
{
	str_add(out, separator);
	str_add_json(out, key);
	str_add(out, ": ");
}

static void add_text(struct str *out, const char *separator, const char *key, const char *value)
{
	if (!value)
		return;
	add_key(out, separator, key);
	str_add_json(out, value);
}

static void add_i64(struct str *out, const char *separator, const char *key, int64_t value)
{
	add_key(out, separator, key);
	str_addf(out, "%lld", (long long)value);
}

static void add_real(struct str *out, const char *separator, const char *key, double value)
{
	char text[NUMBER_TEXT];

	if (!isfinite(value))
		return;
	add_key(out, separator, key);
	str_add(out, format_f64(text, value));
}

static void add_pairs(
	struct str *out, const char *separator, const char *key, const struct sigmf_pairs *pairs)
{
	add_key(out, separator, key);
	str_add(out, "[");
	for (size_t i = 0; i < pairs->count; i++) {
		str_addf(out, "%s[", i ? ", " : "");
		str_add_json(out, pairs->pair[i].key);
		str_add(out, ", ");
		str_add_json(out, pairs->pair[i].value);
		str_add(out, "]");
	}
	str_add(out, "]");
}

/* The extensions that others say, less our own, and ours. */
static void add_extensions(struct str *out, const char *separator, const char *others)
{
	json_t *list = others ? json_loads(others, 0, NULL) : NULL, *item;
	size_t i;

	add_key(out, separator, "core:extensions");
	str_add(out, "[");
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		char *text;

		if (!name || !strcmp(name, "leat") || !(text = dump(item)))
			continue;
		str_addf(out, "%s, ", text);
		free(text);
	}
	str_add(out, "{\"name\": \"leat\", \"version\": \"1.0.0\", \"optional\": true}]");
	json_decref(list);
}

static void add_global(const struct sigmf *m, const char *recorder, struct str *out)
{
	const char *next = ",\n    ", *extensions = NULL;

	str_add(out, "{\n  \"global\": {");
	add_text(out, "\n    ", "core:datatype", sigmf_datatype(m->dtype));
	add_real(out, next, "core:sample_rate", rate_hz(m->rate));
	add_text(out, next, "core:version", "1.2.0");
	if (m->channels != 1)
		add_i64(out, next, "core:num_channels", (int64_t)m->channels);
	add_text(out, next, "core:sha512", m->sha512);
	for (size_t i = 0; i < m->others.count; i++) {
		const struct sigmf_pair *pair = &m->others.pair[i];

		if (!strcmp(pair->key, "core:extensions")) {
			extensions = pair->value;
			continue;
		}
		if (!strcmp(pair->key, "core:recorder"))
			recorder = NULL;
		add_key(out, next, pair->key);
		str_add(out, pair->value);
	}
	add_text(out, next, "core:recorder", recorder);
	add_extensions(out, next, extensions);
	add_i64(out, next, "leat:rate_num", (int64_t)m->rate.num);
	add_i64(out, next, "leat:rate_den", (int64_t)m->rate.den);
	if (m->samples >= 0)
		add_i64(out, next, "leat:samples", m->samples);
	str_add(out, "\n  },\n");
}

static void add_capture(const struct sigmf_capture *c, struct str *out)
{
	char time[UTC_TEXT];

	add_i64(out, "    {", "core:sample_start", c->start);
	add_i64(out, ", ", c->index < 0 ? "leat:index" : "core:global_index", c->index);
	add_real(out, ", ", "core:frequency", c->freq_hz);
	if (c->timed)
		add_text(out, ", ", "core:datetime", utc_format(time, c->time, -1));
	for (size_t i = 0; i < c->others.count; i++) {
		add_key(out, ", ", c->others.pair[i].key);
		str_add(out, c->others.pair[i].value);
	}
	if (c->begins)
		add_pairs(out, ",\n     ", "leat:head", &c->head);
	if (c->frame.count > 0)
		add_pairs(out, ",\n     ", "leat:frame", &c->frame);
	str_add(out, "}");
}

static void add_annotation(const struct sigmf_annotation *a, struct str *out)
{
	add_i64(out, "    {", "core:sample_start", a->start);
	if (a->count >= 0)
		add_i64(out, ", ", "core:sample_count", a->count);
	if (isfinite(a->low_hz) && isfinite(a->high_hz)) {
		add_real(out, ", ", "core:freq_lower_edge", a->low_hz);
		add_real(out, ", ", "core:freq_upper_edge", a->high_hz);
	}
	add_text(out, ", ", "core:label", a->label);
	add_text(out, ", ", "core:comment", a->comment);
	add_text(out, ", ", "core:generator", a->generator);
	if (a->others) {
		/* Its members, without the braces. */
		str_add(out, ", ");
		str_add_bytes(out, a->others + 1, strlen(a->others) - 2);
	}
	str_add(out, "}");
}

void sigmf_format(const struct sigmf *m, const char *recorder, struct str *out)
{
	add_global(m, recorder, out);
	str_add(out, "  \"captures\": [\n");
	for (size_t i = 0; i < m->captures; i++) {
		add_capture(&m->capture[i], out);
		str_add(out, i + 1 < m->captures ? ",\n" : "\n");
	}
	str_add(out, "  ],\n  \"annotations\": [\n");
	for (size_t i = 0; i < m->annotations; i++) {
		add_annotation(&m->annotation[i], out);
		str_add(out, i + 1 < m->annotations ? ",\n" : "\n");
	}
	str_add(out, "  ]\n}\n");
}
