/* SPDX-License-Identifier: ISC */
/* lib/base/place. */
#include "../test.h"
#include "base/place.h"

int main(void)
{
	static const struct rate rate = {100000, 3};
	static const struct utc epoch;
	struct place p;

	check(place_parse("170000279850000", &p) &&
			place_index(&p, rate, epoch, 5) == 170000279850000,
		"an index is itself");
	check(place_parse("1970-01-01T00:00:00.0001Z", &p) && place_index(&p, rate, epoch, 5) == 4,
		"a time is the first sample not before it");
	check(place_parse("+1.5s", &p) && place_index(&p, rate, epoch, 5) == 50005,
		"a duration counts from the origin");
	check(place_parse("+300", &p) && place_index(&p, rate, epoch, INT64_MAX - 5) == INT64_MAX,
		"beyond the last index is the last index");
	check(!place_parse("-5", &p) && !place_parse("+-1s", &p) && !place_parse("", &p) &&
			!place_parse("noon", &p) && p.kind == PLACE_NONE,
		"anything else is refused");
	check(place_index(&p, rate, epoch, 7) == 7, "what was not said is the origin");
	return done();
}
