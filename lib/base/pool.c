/* SPDX-License-Identifier: ISC */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Rounds follow each other closely: looking this often is cheaper than to sleep and be woken. */
#define LOOKS 2000

struct member {
	struct pool *pool;
	pthread_t thread;
	unsigned worker;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t start, end;
	unsigned threads;
	atomic_uint busy;
	atomic_ulong round; /* counts the calls of pool_run, so that each is seen once */
	bool leaving;
	pool_fn *fn;
	void *arg;
	size_t count;
	atomic_size_t next;
	struct member member[];
};

static void work(struct pool *p, unsigned worker)
{
	size_t i;

	while ((i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->count)
		p->fn(p->arg, i, worker);
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* Waits for a round other than `seen`; false if the pool is leaving. */
static bool next_round(struct pool *p, unsigned long *seen)
{
	bool stays;

	for (int i = 0; i < LOOKS && atomic_load(&p->round) == *seen; i++)
		relax();
	pthread_mutex_lock(&p->lock);
	while (atomic_load(&p->round) == *seen && !p->leaving)
		pthread_cond_wait(&p->start, &p->lock);
	stays = !p->leaving;
	*seen = atomic_load(&p->round);
	pthread_mutex_unlock(&p->lock);
	return stays;
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	struct pool *p = m->pool;
	unsigned long seen = 0;

	while (next_round(p, &seen)) {
		work(p, m->worker);
		pthread_mutex_lock(&p->lock);
		if (atomic_fetch_sub(&p->busy, 1) == 1)
			pthread_cond_signal(&p->end);
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

struct pool *pool_new(unsigned threads)
{
	struct pool *p;

	if (threads < 1)
		threads = 1;
	p = xcalloc(1, sizeof(*p) + threads * sizeof(p->member[0]));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->start, NULL);
	pthread_cond_init(&p->end, NULL);
	p->threads = threads;
	for (unsigned i = 1; i < threads; i++) {
		int e;

		p->member[i].pool = p;
		p->member[i].worker = i;
		e = pthread_create(&p->member[i].thread, NULL, member_main, &p->member[i]);
		if (e)
			die(EXIT_OS, "cannot start thread %u of %u: %s", i + 1, threads, strerror(e));
	}
	return p;
}

unsigned pool_threads(const struct pool *p)
{
	return p ? p->threads : 1;
}

void pool_run(struct pool *p, size_t count, pool_fn *fn, void *arg)
{
	bool alone;

	if (!p) {
		for (size_t i = 0; i < count; i++)
			fn(arg, i, 0);
		return;
	}
	alone = p->threads == 1 || count <= 1;
	p->fn = fn;
	p->arg = arg;
	p->count = count;
	atomic_store(&p->next, 0);
	if (!alone) {
		pthread_mutex_lock(&p->lock);
		atomic_store(&p->busy, p->threads - 1);
		atomic_fetch_add(&p->round, 1);
		pthread_cond_broadcast(&p->start);
		pthread_mutex_unlock(&p->lock);
	}
	work(p, 0);
	if (!alone) {
		for (int i = 0; i < LOOKS && atomic_load(&p->busy) > 0; i++)
			relax();
		pthread_mutex_lock(&p->lock);
		while (atomic_load(&p->busy) > 0)
			pthread_cond_wait(&p->end, &p->lock);
		pthread_mutex_unlock(&p->lock);
	}
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->leaving = true;
	pthread_cond_broadcast(&p->start);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 1; i < p->threads; i++)
		pthread_join(p->member[i].thread, NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->start);
	pthread_cond_destroy(&p->end);
	free(p);
}

unsigned cpu_count(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned)CPU_COUNT(&set);
}
