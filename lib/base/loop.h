/* SPDX-License-Identifier: ISC */
#ifndef LEAT_BASE_LOOP_H
#define LEAT_BASE_LOOP_H

/*
 * Before a loop whose rounds do not depend on each other, though the compiler cannot see that its
 * arrays are apart, or the same: it may take several rounds at once.
 */
#ifdef __clang__
#define ROUNDS_APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define ROUNDS_APART _Pragma("GCC ivdep")
#endif

#endif
