/* SPDX-License-Identifier: ISC */
/* The names of the kernels, one set per level. A new kernel is a member of struct kern, a line
 * here and a function called KERN(name). */
#ifndef LEAT_KERN_LEVEL_H
#define LEAT_KERN_LEVEL_H

#include "kern/kern.h"

#define KERN_NAMES(X, level)       \
	X(load, level)             \
	X(convert, level)          \
	X(quantize, level)         \
	X(swap, level)             \
	X(swap_mask, level)        \
	X(physical, level)         \
	X(power, level)            \
	X(join, level)             \
	X(collect, level)          \
	X(decibel, level)          \
	X(find_fill, level)        \
	X(find_data, level)        \
	X(bracket, level)          \
	X(moments, level)          \
	X(iq_sums, level)          \
	X(biweight, level)         \
	X(third_difference, level) \
	X(curve, level)            \
	X(colour_curve, level)     \
	X(pixels, level)           \
	X(png_filter, level)       \
	X(fft_table, level)        \
	X(fft_power, level)        \
	X(excess, level)           \
	X(smooth, level)           \
	X(smooth_rows, level)      \
	X(find_above, level)       \
	X(stack, level)            \
	X(profile, level)          \
	X(place, level)            \
	X(resample, level)         \
	X(bilinear, level)         \
	X(calibrate, level)        \
	X(mosaic, level)           \
	X(fir, level)              \
	X(fir_dense, level)        \
	X(mix, level)

#define KERN_SYMBOL(name, level) kern_##name##_v##level
#define KERN_DECLARE(name, level) \
	extern __typeof__(*((struct kern *)NULL)->name) KERN_SYMBOL(name, level);

#ifdef KERN_LEVEL
#define KERN_AT(name, level) KERN_SYMBOL(name, level)
#define KERN(name) KERN_AT(name, KERN_LEVEL)
#define KERN_DECLARE_AT(names, level) names(KERN_DECLARE, level)
KERN_DECLARE_AT(KERN_NAMES, KERN_LEVEL)
#endif

/* So that constant arguments choose the code. */
#define INLINE static inline __attribute__((always_inline))

#endif
