/* SPDX-License-Identifier: ISC */
#include "dsp/fft.h"

#include <fftw3.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

struct fft {
	fftwf_plan plan;
	bool real;
};

/* FFTW's planner is not safe to call from two threads. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

size_t fft_in_size(size_t n, bool real)
{
	return real ? n : 2 * n;
}

size_t fft_out_size(size_t n, bool real)
{
	return real ? 2 * (n / 2 + 1) : 2 * n;
}

int fft_new(struct fft **f, size_t n, bool real, struct error *e)
{
	float *in = xaligned(fft_in_size(n, real), sizeof(*in));
	float *out = xaligned(fft_out_size(n, real), sizeof(*out));
	fftwf_complex *to = (fftwf_complex *)out;
	fftwf_plan plan;

	pthread_mutex_lock(&planner);
	if (real)
		plan = fftwf_plan_dft_r2c_1d((int)n, in, to, FFTW_ESTIMATE);
	else
		plan = fftwf_plan_dft_1d(
			(int)n, (fftwf_complex *)in, to, FFTW_FORWARD, FFTW_ESTIMATE);
	pthread_mutex_unlock(&planner);
	free(in);
	free(out);
	if (!plan)
		return fail(e, EXIT_OS, "fft of %zu samples: no plan", n);
	*f = xmalloc(sizeof(**f));
	**f = (struct fft){plan, real};
	return 0;
}

void fft_free(struct fft *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&planner);
	fftwf_destroy_plan(f->plan);
	pthread_mutex_unlock(&planner);
	free(f);
}

void fft_run(const struct fft *f, float *in, float *out)
{
	if (f->real)
		fftwf_execute_dft_r2c(f->plan, in, (fftwf_complex *)out);
	else
		fftwf_execute_dft(f->plan, (fftwf_complex *)in, (fftwf_complex *)out);
}
