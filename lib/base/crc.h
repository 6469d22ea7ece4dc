/* SPDX-License-Identifier: ISC */
/* CRC32C (Castagnoli, reflected polynomial 0x82F63B78, as in iSCSI, RFC 3720). */
#ifndef LEAT_BASE_CRC_H
#define LEAT_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of the n bytes that follow those already in crc; begin with 0. "123456789": E3069283. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t n);

/* The same by a table, for tests and for CPUs without the instruction. */
uint32_t crc32c_table(uint32_t crc, const void *bytes, size_t n);

/* The CRC of a run whose first part has CRC a and whose second, of n bytes, has CRC b. */
uint32_t crc32c_join(uint32_t a, uint32_t b, uint64_t n);

#endif
