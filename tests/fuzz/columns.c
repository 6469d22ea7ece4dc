/* SPDX-License-Identifier: ISC */
/*
 * Lists of columns: 8 bytes of rows, 8 of payload length, then metadata. What is taken must lie
 * within the payload, one column behind the other.
 */
#include <stdlib.h>
#include <string.h>

#include "stream/columns.h"

#include "../wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(64) char payload[1];
	struct frame f = {.kind = KIND_TABLE, .ndim = 1, .payload = payload};
	struct meta m = {0};
	struct column *columns;
	struct error e;
	size_t count;

	if (size < 16)
		return 0;
	f.dim[0] = wire_get(data, 8);
	f.payload_len = wire_get(data + 8, 8) / 4; /* no reader lends more */
	if (!meta_parse(&m, (const char *)data + 16, size - 16, &e) &&
		!columns_list(&f, &m, &columns, &count, &e)) {
		uint64_t at = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t begin = (uintptr_t)columns[i].values - (uintptr_t)payload;

			if (begin % 64 || begin < at ||
				columns[i].row_size * f.dim[0] > f.payload_len - begin)
				abort();
			at = begin + columns[i].row_size * f.dim[0];
		}
		if (at != f.payload_len)
			abort();
		free(columns);
	}
	meta_clear(&m);
	return 0;
}
