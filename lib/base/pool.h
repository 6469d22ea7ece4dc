/* SPDX-License-Identifier: ISC */
/* A small pool of threads for loops over numbered pieces of work. */
#ifndef LEAT_BASE_POOL_H
#define LEAT_BASE_POOL_H

#include <stddef.h>

/* Where a pool is asked for, NULL is one of one thread, the caller. */
struct pool;

/* The work: piece `i`, done by thread `worker` (0 … threads-1; for per-thread scratch). */
typedef void pool_fn(void *arg, size_t i, unsigned worker);

/* Starts threads - 1 threads (the caller is the last one). Dies with EXIT_OS if it cannot. */
struct pool *pool_new(unsigned threads);

unsigned pool_threads(const struct pool *p);

/*
 * Runs fn for i = 0 … count-1, in any order, and returns when all are done. Results must not
 * depend on which worker ran what: reduce them afterwards in order of i.
 */
void pool_run(struct pool *p, size_t count, pool_fn *fn, void *arg);

void pool_free(struct pool *p);

/* The number of CPUs this process may run on. */
unsigned cpu_count(void);

#endif
