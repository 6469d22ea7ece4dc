/* SPDX-License-Identifier: ISC */
#include <math.h>

#include "dsp/spectrum.h"

#define TERMS_MAX 5

/* w = a0 - a1 cos(x) + a2 cos(2x) - … */
static const double cosine_sums[][TERMS_MAX] = {
	[WINDOW_HANN] = {0.5, 0.5},
	[WINDOW_RECT] = {1},
	[WINDOW_HAMMING] = {0.54, 0.46},
	[WINDOW_BLACKMAN] = {0.42, 0.5, 0.08},
	[WINDOW_BLACKMANHARRIS] = {0.35875, 0.48829, 0.14128, 0.01168},
	[WINDOW_FLATTOP] = {0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368},
};

static double cosine_sum(const double *a, double angle)
{
	double sum = a[0];

	for (int i = 1; i < TERMS_MAX; i++)
		sum += (i % 2 ? -a[i] : a[i]) * cos(i * angle);
	return sum;
}

/* I0(x) by its power series: all terms are positive, so nothing cancels. */
static double bessel_i0(double x)
{
	double term = 1, sum = 1;

	for (int k = 1; term > sum * 1e-17; k++) {
		term *= (x / 2 / k) * (x / 2 / k);
		sum += term;
	}
	return sum;
}

double window_kaiser(double u, double beta)
{
	return bessel_i0(beta * sqrt(1 - u * u)) / bessel_i0(beta);
}

void window_make(float *w, size_t n, enum window_kind kind, double parameter)
{
	for (size_t k = 0; k < n; k++) {
		size_t length = n - (kind == WINDOW_GAUSS_SYMMETRIC);
		double turn = (double)k / (double)n, from_middle = (double)k - (double)length / 2;

		if (kind == WINDOW_KAISER)
			w[k] = (float)window_kaiser(2 * turn - 1, parameter);
		else if (kind == WINDOW_GAUSS || kind == WINDOW_GAUSS_SYMMETRIC)
			w[k] = (float)exp(-from_middle * from_middle / (2 * parameter * parameter));
		else
			w[k] = (float)cosine_sum(cosine_sums[kind], 2 * M_PI * turn);
	}
}
