/* SPDX-License-Identifier: ISC */
/*
 * A peer to measure against: what FFTW alone does on data in cache. Each thread turns 256 KiB of
 * ci16 again and again: Hann window, transform of 1024, |X|^2 added up; then the bare transform.
 * fftw_loop [THREADS [SECONDS]] prints two lines "name MS/s", all threads together, best of 5.
 *
 * cc -O3 -march=native -pthread fftw_loop.c -o fftw_loop -lfftw3f -lm
 */
#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N 1024
#define TRANSFORMS 64 /* of N samples of 4 bytes: 256 KiB */
#define THREADS_MAX 256
#define TURNS 5

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	fftwf_plan plan;
	const float *window;
	double seconds, spent;
	size_t samples;
	int bare;
	float checksum;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void spectrum(
	const struct worker *w, const int16_t *x, fftwf_complex *in, fftwf_complex *out, float *acc)
{
	for (size_t k = 0; k < N; k++) {
		in[k][0] = (float)x[2 * k] * w->window[k];
		in[k][1] = (float)x[2 * k + 1] * w->window[k];
	}
	fftwf_execute_dft(w->plan, in, out);
	for (size_t k = 0; k < N; k++)
		acc[k] += out[k][0] * out[k][0] + out[k][1] * out[k][1];
}

static void *run(void *arg)
{
	struct worker *w = arg;
	int16_t *x = fftwf_malloc(sizeof(*x) * 2 * N * TRANSFORMS);
	fftwf_complex *in = fftwf_malloc(sizeof(*in) * N), *out = fftwf_malloc(sizeof(*out) * N);
	float *acc = fftwf_malloc(sizeof(*acc) * N);
	uint32_t random = 1;
	double start;

	for (size_t k = 0; k < 2 * N * TRANSFORMS; k++) {
		random = random * 1664525 + 1013904223;
		x[k] = (int16_t)(random >> 20);
	}
	for (size_t k = 0; k < N; k++)
		acc[k] = in[k][0] = in[k][1] = 0;
	pthread_barrier_wait(w->start);
	start = now();
	w->samples = 0;
	do {
		for (size_t t = 0; t < TRANSFORMS; t++)
			if (w->bare)
				fftwf_execute_dft(w->plan, in, out);
			else
				spectrum(w, x + 2 * N * t, in, out, acc);
		w->samples += (size_t)N * TRANSFORMS;
		w->spent = now() - start;
	} while (w->spent < w->seconds);
	w->checksum = acc[1] + out[1][0];
	fftwf_free(x);
	fftwf_free(in);
	fftwf_free(out);
	fftwf_free(acc);
	return NULL;
}

/* The rate of all threads in millions of samples per second. */
static double turn(struct worker *w, unsigned threads)
{
	pthread_barrier_t start;
	double rate = 0;

	pthread_barrier_init(&start, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		w[i].start = &start;
		if (pthread_create(&w[i].thread, NULL, run, &w[i])) {
			fputs("fftw_loop: cannot start a thread\n", stderr);
			exit(71);
		}
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(w[i].thread, NULL);
		rate += (double)w[i].samples / w[i].spent * 1e-6;
	}
	pthread_barrier_destroy(&start);
	return rate;
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS_MAX];
	static float window[N];
	unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 2;
	double seconds = argc > 2 ? atof(argv[2]) : 0.5, best;
	fftwf_complex *in = fftwf_malloc(sizeof(*in) * N), *out = fftwf_malloc(sizeof(*out) * N);
	fftwf_plan plan = fftwf_plan_dft_1d(N, in, out, FFTW_FORWARD, FFTW_ESTIMATE);

	if (threads < 1 || threads > THREADS_MAX) {
		fputs("usage: fftw_loop [threads [seconds]]\n", stderr);
		return 64;
	}
	for (size_t k = 0; k < N; k++)
		window[k] = (float)(0.5 - 0.5 * cos(2 * M_PI * (double)k / N));
	for (int bare = 0; bare < 2; bare++) {
		best = 0;
		for (unsigned i = 0; i < threads; i++)
			workers[i] = (struct worker){
				.plan = plan, .window = window, .seconds = seconds, .bare = bare};
		for (int i = 0; i < TURNS; i++)
			best = fmax(best, turn(workers, threads));
		printf("%s\t%.0f\n", bare ? "fft" : "window-fft-power", best);
	}
	fftwf_destroy_plan(plan);
	fftwf_free(in);
	fftwf_free(out);
	return 0;
}
