/* SPDX-License-Identifier: ISC */
/*
 * Sums of planes as users write them: "0.8*sii + 0.2*ha", "max(ha, oiii)/2".
 *
 *     map     = letter "=" sum "," letter "=" sum "," letter "=" sum      letters R, G, B
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "/") factor }
 *     factor  = "-" factor | number | name | ("min" | "max") "(" sum "," sum ")" | "(" sum ")"
 *
 * Case counts for nothing, blanks neither. Every step is reckoned in f32; NaN is carried, and what
 * is divided by 0 is NaN.
 */
#ifndef LEAT_SKY_EXPRESSION_H
#define LEAT_SKY_EXPRESSION_H

#include <stddef.h>

#include "base/err.h"
#include "sky/channels.h"

/* Longer or deeper ones are refused. */
#define EXPRESSION_BYTES 2000
#define EXPRESSION_STEPS 256
#define EXPRESSION_DEPTH 16
#define EXPRESSION_NAMES 16

struct expression_step {
	char what; /* + - * / < (min) > (max) ! (negate) v (push a plane) c (push a constant) */
	unsigned char name;
	float constant;
};

/* In postfix order. */
struct expression {
	struct expression_step step[EXPRESSION_STEPS];
	size_t steps, depth;
};

/* Three of them and the planes they speak of, named by channel_name(). */
struct expression_map {
	struct expression plane[3];
	char name[EXPRESSION_NAMES][CHANNEL_NAME];
	size_t names;
};

/* 0, or EXIT_USAGE with *e, which says where. */
int expression_parse(const char *text, struct expression_map *map, struct error *e);

/* out[i] of plane[name][i], i = 0 … n-1; out is none of the planes. */
void expression_evaluate(
	const struct expression *x, const float *const *plane, size_t n, float *out);

#endif
