/* SPDX-License-Identifier: ISC */
/* The pool: every piece once, whatever the number of threads and pieces. */
#include "base/pool.h"

#include <stdatomic.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"

struct work {
	atomic_uchar done[5000];
	atomic_uint wrong_worker;
	unsigned threads;
};

static void piece(void *arg, size_t i, unsigned worker)
{
	struct work *w = arg;

	atomic_fetch_add(&w->done[i], 1);
	if (worker >= w->threads)
		atomic_fetch_add(&w->wrong_worker, 1);
}

int main(int argc, char **argv)
{
	static struct work w;
	int missed = 0, wrong = 0;

	seed_from(argc, argv);
	for (unsigned threads = 0; threads <= 5; threads++) {
		struct pool *p = pool_new(threads);

		w.threads = pool_threads(p);
		for (int round = 0; round < 2000; round++) {
			size_t count = round % 50 ? below(9) : below(5000);

			memset(&w.done, 0, sizeof(w.done));
			pool_run(p, count, piece, &w);
			for (size_t i = 0; i < 5000 && (i < count + 8); i++)
				missed += w.done[i] != (i < count);
		}
		wrong += w.wrong_worker != 0;
		pool_free(p);
	}
	check(!missed, "12000 runs with 0 to 5 threads: every piece done once, none else");
	check(!wrong, "by workers of the pool");
	pool_free(NULL);
	check(cpu_count() >= 1, "there is a CPU");
	return done();
}
