/* SPDX-License-Identifier: ISC */
/*
 * Filterbank files of any bytes: the header, in one piece and in two, then rows to numbers and back.
 * A header that was read is written as it was, and what rows of 8 bits and more hold comes back.
 */
#include <stdlib.h>
#include <string.h>

#include "io/fil.h"

#define NUMBERS_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void convert(const struct fil_form *form, const uint8_t *rows, size_t bytes)
{
	uint64_t row_bytes = fil_row_bytes(form), numbers = form->channels * form->ifs;
	size_t count = bytes / row_bytes;
	struct fil_losses losses = {0};
	float *floats;
	uint8_t *again;

	if (count == 0 || numbers > NUMBERS_MAX / count)
		return;
	floats = malloc(count * numbers * sizeof(*floats));
	again = malloc(count * row_bytes);
	fil_decode(form, rows, count, floats);
	if (form->bits >= 8) {
		fil_encode(form, floats, count, 1, again, &losses);
		if (memcmp(again, rows, count * row_bytes) != 0 || losses.clipped || losses.nans ||
			losses.zeros)
			abort();
	}
	free(floats);
	free(again);
}

/* Names without an entry twice, and texts without a NUL, are the same again. */
static void format(const struct fil_header *h, const uint8_t *data, size_t length)
{
	struct fil_header again = {0};
	struct str text = {0};
	struct error e;
	size_t n;

	fil_format(h, &text);
	if (text.len > length || (text.len == length && memcmp(text.p, data, length) != 0))
		abort();
	if (fil_parse(&again, (const uint8_t *)text.p, text.len, &n, &e) || n != text.len ||
		again.count != h->count)
		abort();
	fil_free(&again);
	str_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fil_header h = {0};
	struct fil_form form;
	struct error e;
	struct utc t;
	size_t length, half;

	if (!fil_parse(&h, data, size / 2, &half, &e) && half > size / 2)
		abort();
	if (!fil_parse(&h, data, size, &length, &e) && length > 0) {
		if (length > size)
			abort();
		format(&h, data, length);
		if (!fil_form_of(&h, &form, &e)) {
			fil_time(form.tstart_mjd, &t);
			convert(&form, data + length, size - length);
		}
	}
	fil_free(&h);
	return 0;
}
