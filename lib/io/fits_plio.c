/* SPDX-License-Identifier: ISC */
#include "io/fits_plio.h"

#include <string.h>

static int16_t word_at(const uint8_t *list, size_t i)
{
	return (int16_t)(list[2 * i] << 8 | list[2 * i + 1]);
}

bool fits_plio_decode(int32_t *out, size_t n, const uint8_t *list, size_t bytes)
{
	size_t words = bytes / 2, at = 0, length, i;
	int64_t high = 1;

	if (words < 3)
		return false;
	if (word_at(list, 2) > 0) {
		length = (size_t)word_at(list, 2);
		i = 3;
	} else {
		if (words < 7)
			return false;
		length = ((size_t)(uint16_t)word_at(list, 4) << 15) +
			 (size_t)(uint16_t)word_at(list, 3);
		i = (size_t)(uint16_t)word_at(list, 1);
	}
	memset(out, 0, n * sizeof(*out));
	for (length = length < words ? length : words; i < length && at < n; i++) {
		int op = (uint16_t)word_at(list, i) >> 12;
		size_t data = (uint16_t)word_at(list, i) & 4095;

		switch (op) {
		case 0: /* zeros */
		case 4: /* high values */
		case 5: /* zeros, then one high value */
			if (data > n - at)
				return false;
			for (size_t k = 0; k < data; k++)
				out[at + k] =
					op == 4 || (op == 5 && k + 1 == data) ? (int32_t)high : 0;
			at += data;
			break;
		case 1: /* a new high value, in two words */
			if (++i >= length)
				return false;
			high = ((int64_t)(uint16_t)word_at(list, i) << 12) + (int64_t)data;
			break;
		case 2:
		case 6:
			high += (int64_t)data;
			break;
		case 3:
		case 7:
			high -= (int64_t)data;
			break;
		default:
			return false;
		}
		if (high > INT32_MAX || high < INT32_MIN)
			return false;
		if (op == 6 || op == 7)
			out[at++] = (int32_t)high;
	}
	return true;
}
