/* SPDX-License-Identifier: ISC */
/*
 * The plain functions of libcrypto rather than its EVP: these need no provider, read no
 * configuration file, which the sandbox would refuse, and link in a few kilobytes.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "io/sha512.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct sha512 {
	SHA512_CTX context;
};

struct sha512 *sha512_new(void)
{
	struct sha512 *s = xmalloc(sizeof(*s));

	SHA512_Init(&s->context);
	return s;
}

void sha512_add(struct sha512 *s, const void *bytes, size_t n)
{
	SHA512_Update(&s->context, bytes, n);
}

char *sha512_end(struct sha512 *s, char out[SHA512_TEXT])
{
	unsigned char sum[SHA512_DIGEST_LENGTH];

	SHA512_Final(sum, &s->context);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	free(s);
	return out;
}
