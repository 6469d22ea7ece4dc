/* SPDX-License-Identifier: ISC */
/*
 * Loops over plain arrays, compiled once per instruction-set level and reached through a table.
 *
 * Every kernel gives the same bits at every level. Arrays of f32 and f64 are aligned to their
 * element; in and out do not overlap unless a kernel allows it. Lengths may be 0. NaN means "no
 * data" and is carried: whatever meets a NaN becomes NaN. Nothing here fails or allocates.
 */
#ifndef LEAT_KERN_KERN_H
#define LEAT_KERN_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dtype.h"

#define KERN_LEVELS 4

/* How a value joins the one that is there. */
enum kern_join { KERN_SET, KERN_ADD, KERN_MAX, KERN_MIN };

/* The lengths fft_power serves: powers of two in this range. */
#define KERN_FFT_MIN 64
#define KERN_FFT_MAX 65536

/* One transform of fft_power; the caller owns the arrays, which are 64-byte aligned. */
struct kern_fft {
	size_t n;	     /* KERN_FFT_MIN … KERN_FFT_MAX, a power of two */
	unsigned dtype;	     /* kern_fft_reads(dtype) */
	float zero, scale;   /* the signal is (x - zero) * scale * window */
	const float *window; /* n factors */
	const float *table;  /* kern_fft_table_size(n) floats made by fft_table */
};

/*
 * The values that count: low <= v <= high (so never NaN). Deviations are |(v - centre) - rest|,
 * centre + rest being a centre that need not be an f32.
 */
struct kern_window {
	float low, high, centre, rest;
};

/* bracket: what to look for, and what was found. */
struct kern_bracket {
	struct kern_window window;
	bool deviation; /* the values looked at are the deviations, else v itself */
	float low, high;
	size_t valid;		      /* values that count */
	size_t below, at_low, at_high; /* of them: < low, == low, == high */
	size_t kept;		      /* low < value < high */
};

/* Sums over samples of components I and Q. */
struct kern_iq_sums {
	size_t count, clipped; /* samples, and those with a component at a limit */
	double i, q, ii, qq, iq;
	float peak; /* greatest I^2 + Q^2 */
};

struct kern_moments {
	size_t count;	    /* values that are not NaN */
	double sum, square; /* of their v - shift, in 16 lanes */
	float min, max;	    /* inf and -inf of none */
};

struct kern_biweight {
	size_t count;	 /* values that count */
	double up, down; /* sums of d^2 (1 - u^2)^4 and (1 - u^2)(1 - 5 u^2) where |u| < 1 */
};

/* smooth and smooth_rows reach so far to each side. */
#define KERN_SMOOTH_RADIUS 4

/*
 * A star: background + amplitude (1 + wing q)^(-1 / wing), q = xx dx^2 + 2 xy dx dy + yy dy^2 > 0,
 * dx and dy from (x, y). That is Moffat's profile with beta = 1 / wing; wing 0 means its limit, the
 * Gaussian exp(-q).
 */
struct kern_profile {
	float amplitude, background, x, y, xx, xy, yy, wing;
};

#define KERN_PROFILE_PARAMETERS 8
#define KERN_PROFILE_SUMS 45

/*
 * Curves over u = clip((v - low) * scale), clip being to 0 … 1; all go from (0, 0) to (1, 1). a is
 * the shape.
 */
enum kern_curve_kind {
	KERN_CURVE_LINEAR,	/* u */
	KERN_CURVE_MTF,		/* (a-1) u / ((2a-1) u - a), 0 < a < 1 */
	KERN_CURVE_MTF_UNDO,	/* the same of 1-a */
	KERN_CURVE_ASINH,	/* asinh(a u) / asinh(a), 0 < a < 1e9 */
	KERN_CURVE_SINH,	/* sinh(u asinh(a)) / a: undoes it */
	KERN_CURVE_LOG,		/* log(1 + a u) / log(1 + a), 0 < a < 1e9 */
	KERN_CURVE_EXP,		/* ((1 + a)^u - 1) / a: undoes it */
	KERN_CURVE_SRGB_ENCODE, /* IEC 61966-2-1 */
	KERN_CURVE_SRGB_DECODE,
};

struct kern_curve {
	enum kern_curve_kind kind;
	float low, scale, shape;
	float out_low, out_scale; /* the result is out_low + out_scale * curve */
};

/* The filters of PNG (ISO/IEC 15948, 9.2), with their numbers in the file. */
#define KERN_PNG_FILTERS 5
enum kern_png_filter {
	KERN_PNG_NONE,
	KERN_PNG_SUB,
	KERN_PNG_UP,
	KERN_PNG_AVERAGE,
	KERN_PNG_PAETH
};

/* A place in a plane is in units of 1 / KERN_PHASES px, the phase in the low bits. */
#define KERN_PHASES 2048

/*
 * The places of a row of pixels that a projective transform takes to another plane: pixel k is at
 * ((x + dx k) / w', (y + dy k) / w'), w' = w + dw k, and nowhere if w' <= 0; its area there is
 * area / w'^3. Where w is 1 and dw 0 nothing is divided.
 */
struct kern_line {
	double x, y, w, dx, dy, dw, area;
};

/* stack() makes so many neighbouring pixels at a time. */
#define KERN_STACK_PIXELS 32

/*
 * Which samples of a pixel go. With m the median and sd the standard deviation (n - 1) of those
 * that are left, below m - low * sigma and above m + high * sigma; again until none goes or at most
 * 3 are left. A pass that would take all takes none.
 */
enum kern_reject {
	KERN_REJECT_NONE,
	KERN_REJECT_SIGMA, /* sigma = sd */
	/*
	 * sigma = sd at first, then 1.134 times the sd of the samples drawn in to m -+ 1.5 sigma,
	 * until that changes it by at most 0.05 %, 20 times at most
	 */
	KERN_REJECT_WINSOR,
	KERN_REJECT_MAD,	/* sigma = 1.4826 times the median of |x - m| */
	KERN_REJECT_PERCENTILE, /* sigma = |m|; once */
	KERN_REJECT_MINMAX, /* the `low` lowest and the `high` highest, if more than these are there */
};

enum kern_combine {
	KERN_COMBINE_MEAN,
	KERN_COMBINE_MEDIAN,
	KERN_COMBINE_SUM,
	KERN_COMBINE_MIN,
	KERN_COMBINE_MAX,
};

/* A frame's samples: x becomes (x - base) * factor - offset; what is not finite is missing. */
struct kern_stack_row {
	const void *samples;
	unsigned dtype; /* DTYPE_U16 or DTYPE_F32 */
	float factor, offset;
	float weight;	      /* >= 0 */
	const float *weights; /* of each pixel, >= 0; NULL = 1 */
};

struct kern_stack {
	size_t n; /* frames, 1 … 2^24 */
	const struct kern_stack_row *row;
	const float *base; /* of each pixel; NULL = 0 */
	bool as_words;	   /* all rows are u16, base NULL, factors 1, offsets 0, not weighted */
	bool weighted;	   /* the mean is one by weight * weights, if not all of these are 0 */
	enum kern_reject reject; /* where there are 4 samples or more */
	enum kern_combine combine;
	float low, high; /* >= 0 */
};

struct kern_stacked {
	float value[KERN_STACK_PIXELS];				     /* NaN without a sample */
	int32_t valid[KERN_STACK_PIXELS];			     /* samples that were there */
	int32_t low[KERN_STACK_PIXELS], high[KERN_STACK_PIXELS]; /* of them rejected */
};

/* What is taken from raw values and what they are multiplied by: arrays as long as they, or NULL. */
struct kern_calibration {
	const float *base, *slope; /* slope only with base */
	const float *factor;
	float scale, shift, add;
};

/* How the colours of a mosaic (Bayer 1976) are found where they were not measured. */
enum kern_mosaic_method { KERN_MOSAIC_BILINEAR, KERN_MOSAIC_VNG, KERN_MOSAIC_RCD };

/* What methods look at around a tile, px, at most. */
#define KERN_MOSAIC_MARGIN 10
#define KERN_MOSAIC_PLANES 7 /* of a tile with its margins: the room mosaic() works in */
#define KERN_MOSAIC_BEYOND 16 /* floats behind a row that may be read, of any value */

/* A tile of a mosaic: red is at odd or even columns and rows, blue at the others. */
struct kern_mosaic {
	const float *in; /* the tile's first pixel, KERN_MOSAIC_MARGIN of them on all sides */
	float *out[3];	 /* of red, green, blue */
	ptrdiff_t in_stride, out_stride;
	int width, height; /* in_stride >= width + 2 KERN_MOSAIC_MARGIN + KERN_MOSAIC_BEYOND */
	unsigned red_x, red_y; /* 0 or 1 */
	float floor;	       /* > 0: differences below it count for nothing (RCD) */
};

/* What amplitudes 0 and 1 are, in the values that come and in those that go. */
struct kern_levels {
	double zero, full_scale, to_zero, to_full_scale;
};

/* Counts of quantize(), which adds to them. */
struct kern_quantized {
	uint64_t clipped; /* saturation moved them by more than one step */
	uint64_t missing; /* NaN */
};

/* Planes of one shape, apart by `stride` values: rows of `width` to read, or a run to write. */
struct kern_planes {
	const float *v;
	float *out;
	size_t width, stride, count;
};

/* Floats that fir() takes at once: a row of taps is a multiple of it. */
#define KERN_FIR_LANES 16

/*
 * A filter that makes `up` samples of `down`: each of its `up` phases has a row of `row` floats, a
 * multiple of KERN_FIR_LANES. A row holds each tap once for real samples, twice for complex ones,
 * and zeros behind them.
 */
struct kern_fir {
	const float *taps;
	size_t row, up, down;
};

struct kern {
	int level;

	/*
	 * out[k] = (x[k * stride] - zero) * scale * window[k], k = 0 … n-1; window NULL means 1.
	 * x: elements of dtype, aligned to a component; out: n f32, or 2 n (re, im) if complex.
	 * Types of 32 bits and more, f32 excepted, are reckoned in f64 up to the window; make
	 * scale a power of two and it rounds nothing.
	 */
	void (*load)(float *out, const void *x, size_t n, unsigned dtype, size_t stride,
		double zero, double scale, const float *window);

	/* out[k] = (x[k] - zero) / full_scale; x and out as for load with stride 1. */
	void (*convert)(float *out, const void *x, size_t n, unsigned dtype, double zero,
		double full_scale);

	/*
	 * The same amplitudes in another type: out[k] = (x[k] - zero) * (to_full_scale /
	 * full_scale) + to_zero, reckoned in f64. To integers (`to` and dtype are real types) it is
	 * rounded, halves to even, and saturates; NaN becomes to_zero and counts as missing.
	 */
	void (*quantize)(void *out, unsigned to, const void *x, size_t n, unsigned dtype,
		const struct kern_levels *levels, struct kern_quantized *q);

	/* Reverses the bytes of n words of `size` 2, 4 or 8; in may be out, of any alignment. */
	void (*swap)(void *out, const void *in, size_t n, size_t size);

	/* The same, of size 1, 2, 4 or 8, then xor mask: the sign bit makes signed of unsigned. */
	void (*swap_mask)(void *out, const void *in, size_t n, size_t size, uint64_t mask);

	/*
	 * out[k] = zero + scale * x[k], reckoned in f64, NaN where x[k] == *blank (of integers;
	 * NULL: nowhere); to f32 or f64, from u8 i16 i32 i64 f32 f64, aligned to their elements.
	 */
	void (*physical)(void *out, unsigned to, const void *x, size_t n, unsigned dtype,
		double zero, double scale, const int64_t *blank);

	/* |x[k]|^2 of n complex f32 (re, im) joins acc[k]. */
	void (*power)(float *acc, const float *x, size_t n, enum kern_join join);

	/* x[k] joins acc[k], in f32. */
	void (*join)(float *acc, const float *x, size_t n, enum kern_join join);

	/* x[k] joins sum[k], in f64. */
	void (*collect)(double *sum, const float *x, size_t n, enum kern_join join);

	/*
	 * out[k] = 10 log10(x[k]), within 2e-5 dB; 0 gives -inf, inf inf, x < 0 and NaN give NaN.
	 * out may be x.
	 */
	void (*decibel)(float *out, const float *x, size_t n);

	/*
	 * Rows of `width` elements of dtype, aligned to a component. A row is fill if every
	 * component of it is the fill value of DigitalRF: the minimum of a signed type, 0 of an
	 * unsigned one, any NaN. Returns the first row >= start that is fill (find_fill) or is not
	 * (find_data); `rows` if there is none.
	 */
	size_t (*find_fill)(const void *x, size_t rows, size_t width, unsigned dtype, size_t start);
	size_t (*find_data)(const void *x, size_t rows, size_t width, unsigned dtype, size_t start);

	/* Counts v against b->low and b->high; those between go to kept (room for n), in order. */
	void (*bracket)(struct kern_bracket *b, float *kept, const float *v, size_t n);

	/* n < 2^31 */
	void (*moments)(struct kern_moments *m, const float *v, size_t n, double shift);

	/*
	 * Sums of n < 2^30 complex f32 (re, im), products added in f32 by 32 and then in f64; a
	 * component is at a limit if it is <= low < 0 or >= high > 0. A NaN makes NaN of the sums
	 * it goes into and is no peak; whether its sample counts as clipped is not said.
	 */
	void (*iq_sums)(struct kern_iq_sums *s, const float *x, size_t n, float low, float high);

	/* The sums of a biweight midvariance; u = deviation * reach. n < 2^31. */
	void (*biweight)(struct kern_biweight *b, const float *v, size_t n,
		const struct kern_window *window, float reach);

	/* out[i] = |2 v[i + 2] - v[i] - v[i + 4]|, i = 0 … n-5; NaN where one of the three is. */
	void (*third_difference)(float *out, const float *v, size_t n);

	/* A curve over n values, NaN carried; out may be v. */
	void (*curve)(float *out, const float *v, size_t n, const struct kern_curve *c);

	/*
	 * The same for three planes that shall keep their ratios: each u (only >= 0, here) is
	 * multiplied by curve(L) / L, L being their luminance 0.2126 r + 0.7152 g + 0.0722 b, and
	 * then clipped. Kinds ASINH and SINH, kind and shape those of c[0]. A NaN in one plane is
	 * one in all. out may be v.
	 */
	void (*colour_curve)(float *const out[3], const float *const v[3], size_t n,
		const struct kern_curve c[3]);

	/*
	 * Samples as files hold them, those of a pixel together: out[planes * k + p] is made of
	 * plane[p][k], k = 0 … n-1; planes 1 or 3, of a real dtype. bits 8 or 16: u8 or u16, round(x *
	 * mul / div) reckoned in f64 in this order, halves up, clipped, NaN 0. bits 32: f32, the
	 * values as they are.
	 */
	void (*pixels)(void *out, const void *const *plane, size_t planes, size_t n, unsigned dtype,
		unsigned bits, double mul, double div);

	/*
	 * What a PNG filter makes of n bytes x of a row, the first being a pixel's first; `above`
	 * is the row above, step the bytes of a pixel (1 … 8). The pixel left of the first counts
	 * as 0.
	 */
	void (*png_filter)(uint8_t *out, const uint8_t *x, const uint8_t *above, size_t n,
		size_t step, enum kern_png_filter filter);

	/* Fills the table of a transform of n samples (64-byte aligned). */
	void (*fft_table)(float *table, size_t n);

	/*
	 * |X[b]|^2 joins acc[b], X[b] = sum of signal[k] exp(-2 pi i b k / n), b = 0 … n-1. x: n
	 * samples of fft->dtype, aligned to a component. work: kern_fft_work_size(n) floats; acc:
	 * n. Stockham's radix-4 passes (Van Loan 1992, algorithm 1.7.2): the first one reads and
	 * windows the samples, the last one, of radix 4 or 8, makes the powers.
	 */
	void (*fft_power)(const struct kern_fft *fft, float *work, const void *x, float *acc,
		enum kern_join join);

	/* out[k] = v[k] - base[k], 0 where v is not finite. */
	void (*excess)(float *out, const float *v, const float *base, size_t n);

	/*
	 * Symmetric weighted sums: out[k] = weight[0] in[4 + k] + weight[1] (in[3 + k] + in[5 + k])
	 * + …, weight having KERN_SMOOTH_RADIUS + 1 values, in n + 2 KERN_SMOOTH_RADIUS; and the same
	 * across 2 KERN_SMOOTH_RADIUS + 1 rows of n.
	 */
	void (*smooth)(float *out, const float *in, const float *weight, size_t n);
	void (*smooth_rows)(float *out, const float *const row[2 * KERN_SMOOTH_RADIUS + 1],
		const float *weight, size_t n);

	/* The first k >= start with v[k] > limit[k], n if there is none. */
	size_t (*find_above)(const float *v, const float *limit, size_t n, size_t start);

	/*
	 * The pixels at … at + KERN_STACK_PIXELS - 1 of all rows. work: kern_stack_work_size(n)
	 * floats, 64-byte aligned. With weights, samples that equal the lowest or the highest one
	 * kept count as kept.
	 */
	void (*stack)(struct kern_stacked *out, const struct kern_stack *s, size_t at, float *work);

	/*
	 * What a least-squares step needs: with a profile's derivatives by its 8 parameters, in the
	 * order of struct kern_profile, as vectors 0 … 7 over n pixels at (x, y), and the residual
	 * value - profile as vector 8, all times weight (0 or 1): the scalar products of vectors
	 * (0, 0), (0, 1) … (0, 8), (1, 1) … (8, 8). n: a multiple of 16; work: 9 n values, that
	 * hold the vectors afterwards. The profile is right to 1e-6 of its amplitude.
	 */
	void (*profile)(float *sums, float *work, const float *x, const float *y,
		const float *value, const float *weight, size_t n, const struct kern_profile *p);

	/*
	 * Places x[k], y[k] of pixels k = 0 … n-1 < 2^20, rounded; what is beyond 1e9 units or NaN
	 * becomes that far outside. area[k] is written unless the line is not bent (w 1, dw 0).
	 */
	void (*place)(int32_t *x, int32_t *y, float *area, size_t n, const struct kern_line *line);

	/*
	 * Values of planes at n places, by weights of 8 columns and `rows` (4, 6 or 8) rows.
	 * table[phase][8] are weights of the pixels -3 … 4 from the place's whole part, of rows the
	 * middle ones; all of them must be in the plane. No value is below the least of the 4 x 4
	 * pixels around the place. A NaN among the 8 x rows pixels gives NaN, whatever its weight.
	 */
	void (*resample)(const struct kern_planes *to, const struct kern_planes *from,
		const int32_t *x, const int32_t *y, size_t n, const float *table, size_t rows);

	/* The same, linear between the pixels 0 and 1 from the whole part. */
	void (*bilinear)(float *out, const float *plane, size_t width, const int32_t *x,
		const int32_t *y, size_t n);

	/*
	 * v = (v + shift - (base + scale slope)) factor + add, over n < 2^32 values; returns how
	 * many were below 0 before `add` came.
	 */
	size_t (*calibrate)(float *v, size_t n, const struct kern_calibration *c);

	/*
	 * All colours of a tile. What was measured stays. NaN grows as far as a method looks. work:
	 * KERN_MOSAIC_PLANES times (height + 2 KERN_MOSAIC_MARGIN) * in_stride floats, of RCD only.
	 */
	void (*mosaic)(const struct kern_mosaic *m, enum kern_mosaic_method method, float *work);

	/*
	 * out[k] = sum over j of row[j] x[i + j], where i is the whole part of (phase + k down) / up
	 * and the row that of the phase left over; `row` floats from each i on are read. parts: 1 for
	 * real samples, 2 for complex ones.
	 */
	void (*fir)(float *out, const float *x, size_t n, size_t parts, const struct kern_fir *f,
		size_t phase);

	/* out[k] = sum over j < length of taps[j] x[k + j], every tap once, added in order. */
	void (*fir_dense)(float *out, const float *x, size_t n, size_t parts, const float *taps,
		size_t length);

	/* out[k] = x[k] (table[k] (re + i im)), complex; x of `parts`, out may be a complex x. */
	void (*mix)(float *out, const float *x, size_t n, size_t parts, const float *table,
		float re, float im);
};

/*
 * The table of the level LEAT_CPU (1 … 4) asks for, if there is such a level here, else of the best
 * one. Chosen at the first call; a command refuses a bad LEAT_CPU by asking kern_level() itself.
 */
const struct kern *kern(void);

/* Levels: 1 any CPU, 2 … 4 x86-64-v2 … v4. NULL if this CPU or build lacks it. */
const struct kern *kern_level(int level);
int kern_best(void);

static inline bool kern_fft_serves(size_t n)
{
	return n >= KERN_FFT_MIN && n <= KERN_FFT_MAX && (n & (n - 1)) == 0;
}

/* Element types fft_power reads; others pass through load first, as cf32. */
static inline bool kern_fft_reads(unsigned dtype)
{
	return dtype == (DTYPE_COMPLEX | DTYPE_U8) || dtype == (DTYPE_COMPLEX | DTYPE_I8) ||
	       dtype == (DTYPE_COMPLEX | DTYPE_I16) || dtype == (DTYPE_COMPLEX | DTYPE_F32);
}

static inline size_t kern_fft_table_size(size_t n)
{
	return 3 * n + n / 8;
}

static inline size_t kern_stack_work_size(size_t n)
{
	return 3 * KERN_STACK_PIXELS * n + 8 * KERN_STACK_PIXELS;
}

static inline size_t kern_fft_work_size(size_t n)
{
	return 4 * n;
}

#endif
