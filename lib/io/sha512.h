/* SPDX-License-Identifier: ISC */
/* SHA-512 (FIPS 180-4), as SigMF sums its data with. */
#ifndef LEAT_IO_SHA512_H
#define LEAT_IO_SHA512_H

#include <stddef.h>

struct sha512;

struct sha512 *sha512_new(void);
void sha512_add(struct sha512 *s, const void *bytes, size_t n);

/* The sum in lower-case hexadecimal digits; s is freed. */
#define SHA512_TEXT 129
char *sha512_end(struct sha512 *s, char out[SHA512_TEXT]);

#endif
