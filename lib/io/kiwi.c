/* SPDX-License-Identifier: ISC */
#include "io/kiwi.h"

#include "base/mem.h"

#define NS INT64_C(1000000000)
#define WEEK_S INT64_C(604800)
#define WEEK_NS (WEEK_S * NS)
#define GPS_EPOCH_S INT64_C(315964800) /* 1980-01-06 */
#define NEAR_S (12 * 3600)
#define HOUR_NS (3600 * NS)
#define NO_CLOCK 255
#define MISSING_MOST (INT64_C(1) << 50)
#define WHOLE 16 /* a sixteenth of a chunk off is still whole chunks */

static int64_t leap_seconds(int64_t utc_s)
{
	static const int64_t steps[] = {1341100800, 1435708800, 1483228800};
	int64_t leap = 15;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		leap += utc_s >= steps[i];
	return leap;
}

/* ns of a difference of two times of a week: the nearest. */
static int64_t nearest(int64_t ns)
{
	ns %= WEEK_NS;
	if (ns >= WEEK_NS / 2)
		ns -= WEEK_NS;
	else if (ns < -WEEK_NS / 2)
		ns += WEEK_NS;
	return ns;
}

bool kiwi_utc(int64_t week_ns, struct utc near, struct utc *time)
{
	int64_t leap = leap_seconds(near.sec), gps_s = near.sec - GPS_EPOCH_S + leap;
	int64_t off_ns = nearest(week_ns - ((gps_s % WEEK_S + WEEK_S) % WEEK_S * NS + near.nsec));
	int64_t nsec = near.nsec + off_ns % NS;

	time->sec = near.sec + off_ns / NS + (nsec >= NS) - (nsec < 0);
	time->nsec = (int32_t)(nsec + (nsec < 0 ? NS : 0) - (nsec >= NS ? NS : 0));
	return off_ns <= NEAR_S * NS && off_ns >= -NEAR_S * NS;
}

void kiwi_samples(struct kiwi_clock *c, int64_t samples)
{
	c->samples += samples;
	c->chunk += samples;
}

int64_t kiwi_missing(struct kiwi_clock *c, const struct wav_stamp *stamp)
{
	int64_t chunk = c->chunk, missing = 0, whole, late_ns;
	struct utc zero = {0}, expected = utc_after(zero, c->samples, c->rate);

	c->chunk = 0;
	if (!stamp->there || stamp->solution_age_s == NO_CLOCK)
		return 0;
	if (c->known && chunk > 0) {
		late_ns = nearest(stamp->ns - c->week_ns - utc_minus(expected, zero) % WEEK_NS);
		missing = ns_to_samples(late_ns, c->rate);
		if (missing <= -(chunk + 1) / 2 || late_ns > HOUR_NS || missing > MISSING_MOST)
			missing = -1;
		else if (missing < (chunk + 1) / 2)
			missing = 0;
		whole = (missing + chunk / 2) / chunk * chunk;
		if (missing > 0 && missing - whole <= chunk / WHOLE &&
			whole - missing <= chunk / WHOLE)
			missing = whole;
	}
	c->known = true;
	c->week_ns = stamp->ns;
	c->samples = 0;
	return missing;
}
