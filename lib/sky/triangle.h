/* SPDX-License-Identifier: ISC */
/* Guesses of the similarity between two lists of points, by triangles; for match.c. */
#ifndef LEAT_SKY_TRIANGLE_H
#define LEAT_SKY_TRIANGLE_H

#include "sky/match.h"

/* Three pairs: from[i] of the one list may be to[i] of the other. */
struct triangle_guess {
	unsigned short from[3], to[3];
	unsigned votes; /* of its pairs, by all guesses */
};

/*
 * Guesses from the first `brightest` points of each list, those with most votes first; at most max.
 * Only similarities whose scale is within 1/scale_most … scale_most and that do not mirror.
 * Returns how many were written to guess.
 */
size_t triangle_guesses(const struct match_list *from, const struct match_list *to,
	size_t brightest, double scale_most, struct triangle_guess *guess, size_t max);

#endif
