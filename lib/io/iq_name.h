/* SPDX-License-Identifier: ISC */
/*
 * What the name of a recording says of it. Recorders have their habits: gqrx, HDSDR, SDR#, SDRuno,
 * kiwirecorder, rtl_433, SatDump, SDR++, URH and others, and there are extensions such as .cu8 and
 * .cfile; the tables are in iq_name.c.
 */
#ifndef LEAT_IO_IQ_NAME_H
#define LEAT_IO_IQ_NAME_H

#include <stdbool.h>

#include "base/utc.h"

/* The type of elements in a raw file. */
struct iq_type {
	unsigned dtype; /* 0: unknown */
	bool big_endian;
};

/*
 * Reads the name of a type: those of leat (cu8 … cf64, u8 … f64) and those of others (cs16, sc16,
 * fc32, cfile, ri16 …), with _le or _be after it; s16le and s16be too. Case does not matter.
 */
bool iq_type_parse(const char *text, struct iq_type *type);

/* What can be told from a name; a part is known if its `has` is set, the type if it has a dtype. */
struct iq_name {
	struct iq_type type;
	bool has_rate, has_freq, has_time;
	struct rate rate;
	double freq_hz;
	struct utc time;  /* of the first sample */
	bool local_time;  /* there is a time, but of an unknown zone; has_time is not set */
	const char *form; /* the first form that said something, NULL if none did */
};

/* name: without folders. */
void iq_name_read(const char *name, struct iq_name *out);

#endif
