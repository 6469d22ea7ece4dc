/* SPDX-License-Identifier: ISC */
/*
 * Samples of many frames at the same pixels become one value each: columns are sorted by a network,
 * and what a rejection asks of a column (median, sums of samples drawn in to bounds) is then asked
 * of sorted ranks. Sums run outwards from a middle rank, so that partial sums made once serve every
 * pair of bounds: only the ranks beyond are looked at again. A lane's sums are made in the same
 * order whatever the other lanes hold.
 */
#include "kern/lanes.h"

#define WIDTH KERN_STACK_PIXELS
#define STEP 4	      /* ranks from one partial sum to the next */
#define SETTLED 5e-4f /* of a winsorised sigma */
#define TURNS_MAX 20

#define NETWORK(name) name##_floats
#define ROW vec
#define ROW_MIN vec_min
#define ROW_MAX vec_max
#define ROW_TOP vec_of(INFINITY)
#define ROW_STRIDE (WIDTH / LANES)
#include "kern/network.h"
#undef NETWORK
#undef ROW
#undef ROW_MIN
#undef ROW_MAX
#undef ROW_TOP
#undef ROW_STRIDE

#define NETWORK(name) name##_words
#define ROW words
#define ROW_MIN words_min
#define ROW_MAX words_max
#define ROW_TOP ((words)((words){0} - 1))
#define ROW_STRIDE (WIDTH / (2 * LANES))
#include "kern/network.h"

struct part {
	vec sum, square;
};

/* Sorted columns, one in each lane, as differences from its centre. */
struct columns {
	vec *v; /* [n] */
	vec centre;
	size_t n, middle;
	size_t down_parts, up_parts;
	struct part *down, *up; /* sums of the k * STEP ranks below and from the middle on */
};

/* The ranks from … to - 1 that are left in each lane, and their extremes in the lanes that count.
 */
struct ranks {
	ivec from, to, count_lanes;
	size_t from_least, from_most, to_least, to_most;
};

INLINE bool any(ivec mask)
{
	return lanes_of(mask) != 0;
}

static void find_extremes(struct ranks *r)
{
	int32_t from[LANES], to[LANES], counts[LANES];
	int32_t from_least = INT32_MAX, from_most = 0, to_least = INT32_MAX, to_most = 0;

	memcpy(from, &r->from, sizeof(from));
	memcpy(to, &r->to, sizeof(to));
	memcpy(counts, &r->count_lanes, sizeof(counts));
	for (unsigned l = 0; l < LANES; l++) {
		int32_t least = counts[l] ? from[l] : INT32_MAX, most = counts[l] ? from[l] : 0;
		int32_t to_low = counts[l] ? to[l] : INT32_MAX, to_high = counts[l] ? to[l] : 0;

		from_least = least < from_least ? least : from_least;
		from_most = most > from_most ? most : from_most;
		to_least = to_low < to_least ? to_low : to_least;
		to_most = to_high > to_most ? to_high : to_most;
	}
	r->from_least = (size_t)from_least;
	r->from_most = (size_t)from_most;
	r->to_least = (size_t)to_least;
	r->to_most = (size_t)to_most;
}

INLINE void add(struct part *p, vec x)
{
	p->sum += x;
	p->square += x * x;
}

/* A sample drawn in to the bounds. */
INLINE vec drawn_in(vec x, vec low, vec high)
{
	return vec_min(vec_max(x, low), high);
}

INLINE void add_of_ranks(struct part *p, const struct columns *c, size_t rank,
	const struct ranks *r, vec low, vec high)
{
	ivec i = ivec_of((int32_t)rank);

	add(p, vec_where((r->from <= i) & (i < r->to), drawn_in(c->v[rank], low, high)));
}

/* Whether the first k partial sums hold only samples within the bounds that are left. */
INLINE bool down_serves(const struct columns *c, size_t k, const struct ranks *r, vec low)
{
	size_t rank = c->middle - k * STEP;

	return rank >= r->from_most && !any(r->count_lanes & (c->v[rank] < low));
}

INLINE bool up_serves(const struct columns *c, size_t k, const struct ranks *r, vec high)
{
	size_t rank = c->middle + k * STEP - 1;

	return rank < r->to_least && !any(r->count_lanes & (c->v[rank] > high));
}

/* How many partial sums serve, `guess` being near. */
INLINE size_t find_down(
	const struct columns *c, size_t guess, const struct ranks *r, vec low, vec high)
{
	size_t k = guess;

	if (c->middle == 0 || c->middle > r->to_least ||
		any(r->count_lanes & (c->v[c->middle - 1] > high)))
		return 0;
	while (k < c->down_parts && down_serves(c, k + 1, r, low))
		k++;
	while (k > 0 && !down_serves(c, k, r, low))
		k--;
	return k;
}

INLINE size_t find_up(
	const struct columns *c, size_t guess, const struct ranks *r, vec low, vec high)
{
	size_t k = guess;

	if (c->middle == c->n || c->middle < r->from_most ||
		any(r->count_lanes & (c->v[c->middle] < low)))
		return 0;
	while (k < c->up_parts && up_serves(c, k + 1, r, high))
		k++;
	while (k > 0 && !up_serves(c, k, r, high))
		k--;
	return k;
}

/*
 * Sums over the ranks that are left, of samples drawn in to the bounds. down_guess and up_guess
 * carry what is found from one call to the next.
 */
static struct part sums_within(const struct columns *c, const struct ranks *r, vec low, vec high,
	size_t *down_guess, size_t *up_guess)
{
	size_t k = *down_guess = find_down(c, *down_guess, r, low, high), i = c->middle - k * STEP;
	struct part down = c->down[k], up;

	if (k > 0)
		for (; i > r->from_most; i--)
			add(&down, vec_max(c->v[i - 1], low));
	for (; i > r->from_least; i--)
		add_of_ranks(&down, c, i - 1, r, low, high);
	k = *up_guess = find_up(c, *up_guess, r, low, high);
	i = c->middle + k * STEP;
	up = c->up[k];
	if (k > 0)
		for (; i < r->to_least; i++)
			add(&up, vec_min(c->v[i], high));
	for (; i < r->to_most; i++)
		add_of_ranks(&up, c, i, r, low, high);
	return (struct part){down.sum + up.sum, down.square + up.square};
}

/* The value of a rank in each lane, ranks lying in least … most. */
INLINE vec pick(const vec *v, ivec rank, size_t least, size_t most)
{
	vec value = v[least];

	for (size_t i = least + 1; i <= most; i++)
		value = vec_select(rank == ivec_of((int32_t)i), v[i], value);
	return value;
}

static vec median_of(const vec *v, const struct ranks *r)
{
	size_t least = (r->from_least + r->to_least - 1) / 2,
	       most = (r->from_most + r->to_most) / 2;
	ivec sum = r->from + r->to, first = (sum - 1) >> 1, second = sum >> 1;

	if (most >= r->to_most)
		most = r->to_most - 1;
	return 0.5f * (pick(v, first, least, most) + pick(v, second, least, most));
}

/* Standard deviation of count samples. */
INLINE vec deviation_of(struct part p, vec count)
{
	vec variance = (p.square - p.sum * (p.sum / count)) / (count - 1);

	return vec_sqrt(vec_max(variance, vec_of(0)));
}

static vec winsorised_sigma(
	const struct columns *c, const struct ranks *left, vec count, vec median, vec sigma)
{
	size_t down = c->down_parts, up = c->up_parts;
	struct ranks r = *left;

	for (int turn = 0; turn < TURNS_MAX; turn++) {
		vec reach = 1.5f * sigma;
		struct part p = sums_within(c, &r, median - reach, median + reach, &down, &up);
		vec next = 1.134f * deviation_of(p, count);
		ivec moving = vec_abs(next - sigma) > SETTLED * next;

		sigma = vec_select(r.count_lanes, next, sigma);
		r.count_lanes &= moving;
		if (!any(r.count_lanes))
			break;
	}
	return sigma;
}

/* 1.4826 times the median of the distances from the median; work: [n][WIDTH / LANES]. */
static vec mad_sigma(const struct columns *c, const struct ranks *r, vec median, vec *work)
{
	struct ranks first = *r;
	size_t stride = WIDTH / LANES;
	ivec count = r->to - r->from;
	vec low, high;

	for (size_t i = 0; i < c->n; i++) {
		ivec rank = ivec_of((int32_t)i);

		work[i * stride] = vec_select((r->from <= rank) & (rank < r->to),
			vec_abs(c->v[i] - median), vec_of(INFINITY));
	}
	sort_floats(work, c->n);
	low = high = vec_of(0);
	first.from = (count - 1) >> 1;
	first.to = count >> 1;
	for (size_t i = 0; i <= c->n / 2; i++) {
		ivec rank = ivec_of((int32_t)i);

		low = vec_select(rank == first.from, work[i * stride], low);
		high = vec_select(rank == first.to, work[i * stride], high);
	}
	return (1.4826f * 0.5f) * (low + high);
}

/* Takes the samples beyond the bounds out of lanes that count, but never all. */
static ivec take_out(const struct columns *c, struct ranks *r, vec low, vec high)
{
	ivec from = r->from, to = r->to, changed;

	for (size_t i = r->from_least; i < r->to_most; i++) {
		ivec below = r->count_lanes & (c->v[i] < low);

		if (!any(below))
			break;
		from = ivec_select(below & (from == ivec_of((int32_t)i)), from + 1, from);
	}
	for (size_t i = r->to_most; i > r->from_least; i--) {
		ivec above =
			r->count_lanes & ((c->v[i - 1] > high) | (r->to < ivec_of((int32_t)i)));

		if (!any(above))
			break;
		to = ivec_select(above & (to == ivec_of((int32_t)i)), to - 1, to);
	}
	changed = r->count_lanes & (from < to) & ((from != r->from) | (to != r->to));
	r->from = ivec_select(changed, from, r->from);
	r->to = ivec_select(changed, to, r->to);
	return changed;
}

static void reject_extremes(struct ranks *r, const struct kern_stack *s)
{
	ivec low = ivec_of((int32_t)s->low), high = ivec_of((int32_t)s->high);
	ivec enough = r->count_lanes & (r->to - r->from > low + high);

	r->from += low & enough;
	r->to -= high & enough;
}

static void reject_beyond(
	const struct columns *c, struct ranks *r, const struct kern_stack *s, vec *work)
{
	size_t down = c->down_parts, up = c->up_parts;
	bool once = s->reject == KERN_REJECT_PERCENTILE;

	while (any(r->count_lanes)) {
		vec count = vec_of_ints(r->to - r->from), everything = vec_of(INFINITY);
		vec median, sigma;
		ivec changed;

		find_extremes(r);
		median = median_of(c->v, r);
		if (s->reject == KERN_REJECT_PERCENTILE)
			sigma = vec_abs(c->centre + median);
		else if (s->reject == KERN_REJECT_MAD)
			sigma = mad_sigma(c, r, median, work);
		else
			sigma = deviation_of(
				sums_within(c, r, -everything, everything, &down, &up), count);
		if (s->reject == KERN_REJECT_WINSOR)
			sigma = winsorised_sigma(c, r, count, median, sigma);
		changed = take_out(c, r, median - s->low * sigma, median + s->high * sigma);
		if (once)
			break;
		r->count_lanes &= changed & (r->to - r->from > 3);
	}
}

/* How a group of pixels' work memory is divided. */
struct areas {
	float *rows;	  /* [n][WIDTH], the samples; or u16 */
	float *distances; /* [n][WIDTH] */
	vec *v;		  /* [n] */
	struct part *down, *up;
};

static struct areas divide(float *work, size_t n)
{
	struct areas a = {.rows = work, .distances = work + n * WIDTH};

	a.v = (vec *)(a.distances + n * WIDTH);
	a.down = (struct part *)(a.v + n);
	a.up = a.down + n / STEP + 1;
	return a;
}

INLINE vec sample_of(const struct areas *a, size_t rank, unsigned lane, bool as_words)
{
	return as_words ? vec_of_words((const uint16_t *)a->rows + rank * WIDTH + lane)
			: vec_load(a->rows + rank * WIDTH + lane);
}

/* The value of a rank in each lane, of the samples themselves. */
INLINE vec pick_sample(
	const struct areas *a, ivec rank, size_t least, size_t most, unsigned lane, bool as_words)
{
	vec value = sample_of(a, least, lane, as_words);

	for (size_t i = least + 1; i <= most; i++)
		value = vec_select(
			rank == ivec_of((int32_t)i), sample_of(a, i, lane, as_words), value);
	return value;
}

INLINE vec median_sample(const struct areas *a, const struct ranks *r, unsigned lane, bool as_words)
{
	size_t least = (r->from_least + r->to_least - 1) / 2,
	       most = (r->from_most + r->to_most) / 2;
	ivec sum = r->from + r->to;

	if (most >= r->to_most)
		most = r->to_most - 1;
	return 0.5f * pick_sample(a, (sum - 1) >> 1, least, most, lane, as_words) +
	       0.5f * pick_sample(a, sum >> 1, least, most, lane, as_words);
}

INLINE void make_columns(struct columns *c, const struct areas *a, unsigned lane, bool as_words)
{
	struct part p = {vec_of(0), vec_of(0)};
	vec *v = a->v, centre = c->centre;
	size_t k, i;

	a->down[0] = a->up[0] = p;
	for (k = 0; k < c->down_parts; k++) {
		for (i = c->middle - k * STEP; i > c->middle - (k + 1) * STEP; i--)
			add(&p, v[i - 1] = sample_of(a, i - 1, lane, as_words) - centre);
		a->down[k + 1] = p;
	}
	for (i = c->middle - k * STEP; i > 0; i--)
		v[i - 1] = sample_of(a, i - 1, lane, as_words) - centre;
	p = a->up[0];
	for (k = 0; k < c->up_parts; k++) {
		for (i = c->middle + k * STEP; i < c->middle + (k + 1) * STEP; i++)
			add(&p, v[i] = sample_of(a, i, lane, as_words) - centre);
		a->up[k + 1] = p;
	}
	for (i = c->middle + k * STEP; i < c->n; i++)
		v[i] = sample_of(a, i, lane, as_words) - centre;
}

/* A row of samples as it is to be combined; what is not finite is missing: above all others. */
INLINE vec prepared(const struct kern_stack *s, const struct kern_stack_row *row, size_t at)
{
	vec x = row->dtype == DTYPE_U16 ? vec_of_words((const uint16_t *)row->samples + at)
					: vec_load((const float *)row->samples + at);

	if (s->base)
		x -= vec_load(s->base + at);
	x = x * row->factor - row->offset;
	return vec_select(vec_abs(x) < vec_of(INFINITY), x, vec_of(INFINITY));
}

/* The mean by weights of what lies between the samples of the outer ranks, as differences. */
static vec weighted_mean(const struct kern_stack *s, const struct columns *c, const struct ranks *r,
	size_t at, vec plain)
{
	vec low = pick(c->v, r->from, r->from_least, r->from_most);
	vec high = pick(c->v, r->to - 1, r->to_least - 1, r->to_most - 1);
	vec sum = vec_of(0), weights = vec_of(0);

	for (size_t k = 0; k < s->n; k++) {
		vec x = prepared(s, &s->row[k], at) - c->centre, w = vec_of(s->row[k].weight);
		ivec kept = (x >= low) & (x <= high);

		if (s->row[k].weights)
			w *= vec_load(s->row[k].weights + at);
		sum += vec_where(kept, w * x);
		weights += vec_where(kept, w);
	}
	return vec_select(weights > 0, sum / weights, plain);
}

INLINE vec combined(const struct kern_stack *s, const struct columns *c, const struct ranks *r,
	const struct areas *a, size_t at, unsigned lane, bool as_words)
{
	size_t down = c->down_parts, up = c->up_parts;
	vec everything = vec_of(INFINITY), count = vec_of_ints(r->to - r->from), mean;

	switch (s->combine) {
	case KERN_COMBINE_MIN:
		return pick_sample(a, r->from, r->from_least, r->from_most, lane, as_words);
	case KERN_COMBINE_MAX:
		return pick_sample(a, r->to - 1, r->to_least - 1, r->to_most - 1, lane, as_words);
	case KERN_COMBINE_MEDIAN:
		return median_sample(a, r, lane, as_words);
	case KERN_COMBINE_SUM:
		return sums_within(c, r, -everything, everything, &down, &up).sum +
		       c->centre * count;
	case KERN_COMBINE_MEAN:
		break;
	}
	mean = sums_within(c, r, -everything, everything, &down, &up).sum / count;
	if (s->weighted)
		mean = weighted_mean(s, c, r, at + lane, mean);
	return mean + c->centre;
}

/* Whether no sum is asked for. */
static bool only_ranks(const struct kern_stack *s)
{
	return (s->reject == KERN_REJECT_NONE || s->reject == KERN_REJECT_MINMAX) &&
	       s->combine != KERN_COMBINE_MEAN && s->combine != KERN_COMBINE_SUM;
}

/* One vector's width of a group, whose samples are sorted and counted in out->valid. */
INLINE void stack_lanes(struct kern_stacked *out, const struct kern_stack *s, size_t at,
	const struct areas *a, size_t middle, unsigned lane, bool as_words)
{
	struct columns c = {.v = a->v, .n = s->n, .middle = middle, .down = a->down, .up = a->up};
	struct ranks r = {.from = ivec_of(0)};
	ivec valid, there;
	vec value;

	memcpy(&valid, out->valid + lane, sizeof(valid));
	there = valid > 0;
	value = vec_of(NAN);
	if (any(there)) {
		r.to = valid;
		r.count_lanes = there;
		find_extremes(&r);
		c.centre = vec_where(there, median_sample(a, &r, lane, as_words));
		c.down_parts = middle / STEP;
		c.up_parts = (s->n - middle) / STEP;
		if (!only_ranks(s))
			make_columns(&c, a, lane, as_words);
		r.count_lanes = valid > 3;
		if (s->reject == KERN_REJECT_MINMAX)
			reject_extremes(&r, s);
		else if (s->reject != KERN_REJECT_NONE)
			reject_beyond(&c, &r, s, (vec *)a->distances);
		r.count_lanes = there;
		find_extremes(&r);
		value = vec_select(there, combined(s, &c, &r, a, at, lane, as_words), value);
	}
	r.to = valid - r.to;
	vec_store(out->value + lane, value);
	memcpy(out->low + lane, &r.from, sizeof(r.from));
	memcpy(out->high + lane, &r.to, sizeof(r.to));
}

/* Sorted u16 samples: all of them are there. */
static void load_words(
	struct kern_stacked *out, const struct kern_stack *s, size_t at, uint16_t *rows)
{
	for (size_t k = 0; k < s->n; k++) {
		const uint16_t *samples = (const uint16_t *)s->row[k].samples + at;

		memcpy(rows + k * WIDTH, samples, WIDTH * sizeof(*rows));
		__builtin_prefetch(samples + 512, 0, 2);
	}
	for (unsigned lane = 0; lane < WIDTH; lane += 2 * LANES)
		sort_words((words *)(rows + lane), s->n);
	for (unsigned i = 0; i < WIDTH; i++)
		out->valid[i] = (int32_t)s->n;
}

static void load_floats(
	struct kern_stacked *out, const struct kern_stack *s, size_t at, float *rows)
{
	for (unsigned lane = 0; lane < WIDTH; lane += LANES) {
		ivec valid = ivec_of(0);

		for (size_t k = 0; k < s->n; k++) {
			vec x = prepared(s, &s->row[k], at + lane);

			valid -= x < vec_of(INFINITY);
			vec_store(rows + k * WIDTH + lane, x);
		}
		sort_floats((vec *)(rows + lane), s->n);
		memcpy(out->valid + lane, &valid, sizeof(valid));
	}
	for (size_t k = 0; k < s->n; k++) {
		size_t size = s->row[k].dtype == DTYPE_U16 ? 2 : 4;

		__builtin_prefetch((const char *)s->row[k].samples + at * size + 1024, 0, 2);
		if (size == 4)
			__builtin_prefetch(
				(const char *)s->row[k].samples + at * size + 1088, 0, 2);
	}
}

void KERN(stack)(struct kern_stacked *out, const struct kern_stack *s, size_t at, float *work)
{
	struct areas a = divide(work, s->n);
	size_t least = SIZE_MAX, middle;

	if (s->as_words)
		load_words(out, s, at, (uint16_t *)a.rows);
	else
		load_floats(out, s, at, a.rows);
	for (unsigned i = 0; i < WIDTH; i++)
		if (out->valid[i] > 0 && (size_t)out->valid[i] < least)
			least = (size_t)out->valid[i];
	middle = least == SIZE_MAX ? 0 : (least + 1) / 2;
	for (unsigned lane = 0; lane < WIDTH; lane += LANES) {
		if (s->as_words)
			stack_lanes(out, s, at, &a, middle, lane, true);
		else
			stack_lanes(out, s, at, &a, middle, lane, false);
	}
}
