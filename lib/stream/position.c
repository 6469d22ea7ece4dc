/* SPDX-License-Identifier: ISC */
#include "stream/position.h"

#include "base/err.h"
#include "base/num.h"

struct position position_parse(const char *option, const char *text)
{
	struct position p = {.form = POSITION_NONE};

	if (!text)
		return p;
	if (*text == '+' && parse_duration(text + 1, &p.after_ns) && p.after_ns >= 0)
		p.form = POSITION_AFTER;
	else if (*text != '+' && parse_i64(text, &p.index))
		p.form = POSITION_INDEX;
	else if (utc_parse(text, &p.time))
		p.form = POSITION_TIME;
	else
		die(EXIT_USAGE, "--%s: '%s': must be a sample index, a time such as "
			"2024-06-27T14:49:00.5Z, or a duration such as +1.5s", option, text);
	return p;
}

int64_t position_index(const char *option, const struct position *p, int64_t origin,
	const struct utc *time0, struct rate rate)
{
	int64_t index = p->index;

	if (p->form == POSITION_TIME) {
		if (!time0)
			die(EXIT_DATA, "--%s: a time, but the stream does not know its time0", option);
		index = utc_index_ceil(*time0, p->time, rate);
	} else if (p->form == POSITION_AFTER &&
		__builtin_add_overflow(origin, ns_to_samples(p->after_ns, rate), &index)) {
		index = INT64_MAX;
	}
	return index;
}
