/* SPDX-License-Identifier: ISC */
/* Metadata of any bytes: what is taken is written and taken again, equal. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "stream/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Values are read as numbers and times, too. */
static void read_value(const char *text)
{
	char number[NUMBER_TEXT], utc[UTC_TEXT];
	int64_t i;
	double v, back;
	struct utc t, again;
	struct rate rate;

	if (parse_i64(text, &i))
		require(parse_f64(text, false, &v));
	if (parse_f64(text, false, &v))
		require(parse_f64(format_f64(number, v), false, &back) && v == back);
	if (utc_parse(text, &t))
		require(utc_parse(utc_format(utc, t, -1), &again) && t.sec == again.sec &&
			t.nsec == again.nsec);
	if (parse_rate(text, &rate))
		require(rate.num > 0 && rate.den > 0);
	(void)parse_count(text, &i);
	(void)parse_duration(text, &i);
	(void)parse_frequency(text, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct meta m = {0}, back = {0};
	struct error e;
	struct str text = {0};

	if (meta_parse(&m, (const char *)data, size, &e) == 0) {
		meta_format(&m, &text);
		require(!meta_parse(&back, text.p ? text.p : "", text.len, &e) &&
			back.count == m.count);
		for (size_t i = 0; i < m.count; i++) {
			require(!strcmp(m.item[i].key, back.item[i].key));
			require(!strcmp(m.item[i].value, back.item[i].value));
			read_value(m.item[i].value);
		}
	}
	meta_clear(&m);
	meta_clear(&back);
	str_free(&text);
	return 0;
}
