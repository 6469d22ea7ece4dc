/* SPDX-License-Identifier: ISC */
#include "io/fits_sum.h"

#include <stdbool.h>
#include <string.h>

uint32_t fits_sum(uint32_t sum, const void *bytes, size_t n)
{
	const char *p = bytes;
	uint64_t total = 0;

	for (size_t i = 0; i < n; i += 4) {
		uint32_t word;

		memcpy(&word, p + i, 4);
		total += __builtin_bswap32(word);
	}
	total += sum;
	while (total >> 32)
		total = (total & UINT32_MAX) + (total >> 32);
	return (uint32_t)total;
}

void fits_sum_text(uint32_t sum, char out[FITS_SUM_TEXT])
{
	char plain[16];

	for (int i = 0; i < 4; i++) {
		int byte = (int)(~sum >> (24 - 8 * i) & 0xff), c[4];
		bool odd = true;

		for (int k = 0; k < 4; k++)
			c[k] = byte / 4 + '0' + (k == 0 ? byte % 4 : 0);
		while (odd) {
			odd = false;
			for (int k = 0; k < 4; k += 2)
				for (const char *p = ":;<=>?@[\\]^_`"; *p; p++)
					if (c[k] == *p || c[k + 1] == *p) {
						c[k]++;
						c[k + 1]--;
						odd = true;
					}
		}
		for (int k = 0; k < 4; k++)
			plain[4 * k + i] = (char)c[k];
	}
	for (int i = 0; i < 16; i++)
		out[(i + 1) % 16] = plain[i];
	out[16] = '\0';
}
