/* SPDX-License-Identifier: ISC */
#include "base/place.h"

#include "base/err.h"
#include "base/num.h"

bool place_parse(const char *text, struct place *place)
{
	*place = (struct place){.kind = PLACE_NONE};
	if (*text == '+' && parse_duration(text + 1, &place->after_ns) && place->after_ns >= 0)
		place->kind = PLACE_AFTER;
	else if (parse_i64(text, &place->index) && place->index >= 0)
		place->kind = PLACE_INDEX;
	else if (utc_parse(text, &place->time))
		place->kind = PLACE_TIME;
	return place->kind != PLACE_NONE;
}

struct place place_option(const char *option, const char *text)
{
	struct place place = {.kind = PLACE_NONE};

	if (text && !place_parse(text, &place))
		die(EXIT_USAGE, "--%s: '%s': must be %s", option, text, PLACE_FORMS);
	return place;
}

int64_t place_index(const struct place *place, struct rate rate, struct utc time0, int64_t origin)
{
	int64_t after;

	switch (place->kind) {
	case PLACE_INDEX:
		return place->index;
	case PLACE_TIME:
		return utc_index_ceil(time0, place->time, rate);
	case PLACE_AFTER:
		after = ns_to_samples(place->after_ns, rate);
		return origin > INT64_MAX - after ? INT64_MAX : origin + after;
	default:
		return origin;
	}
}
