/* SPDX-License-Identifier: ISC */
/* CRC32C: the vectors of RFC 3720 B.4, and all ways to the same sum against a bitwise one. */
#include "base/crc.h"

#include <string.h>

#include "../seed.h"
#include "../test.h"

static void known_vectors(void)
{
	uint8_t b[48];

	check(crc32c(0, "123456789", 9) == 0xe3069283, "\"123456789\" is E3069283");
	check(crc32c(0, "", 0) == 0, "nothing is 0");
	memset(b, 0, 32);
	check(crc32c(0, b, 32) == 0x8a9136aa, "32 zeros");
	memset(b, 0xff, 32);
	check(crc32c(0, b, 32) == 0x62a8ab43, "32 ones");
	for (uint8_t i = 0; i < 32; i++)
		b[i] = i;
	check(crc32c(0, b, 32) == 0x46dd794e, "32 ascending");
	for (uint8_t i = 0; i < 32; i++)
		b[i] = (uint8_t)(31 - i);
	check(crc32c(0, b, 32) == 0x113fdb5c, "32 descending");
	memcpy(b,
		"\x01\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\0\0\x04\0\0\0\0\x14\0\0\0\x18"
		"\x28\0\0\0\0\0\0\0\x02\0\0\0\0\0\0",
		48);
	check(crc32c(0, b, 48) == 0xd9963a56, "an iSCSI read command");
}

static void all_ways(void)
{
	static uint8_t b[70000];
	int table = 0, hardware = 0, parts = 0, joined = 0;

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)random64();
	for (int i = 0; i < 2000; i++) {
		size_t at = below(64), n = random_bits(16), cut = below(n + 1);
		const uint8_t *p = b + at;
		uint32_t truth = wire_crc(p, n), tail = crc32c(0, p + cut, n - cut);

		hardware += crc32c(0, p, n) != truth;
		table += crc32c_table(0, p, n) != truth;
		parts += crc32c(crc32c(0, p, cut), p + cut, n - cut) != truth;
		joined += crc32c_join(crc32c(0, p, cut), tail, n - cut) != truth;
	}
	check(!hardware, "by instruction, 2000 random lengths and alignments");
	check(!table, "by table");
	check(!parts, "in two parts");
	check(!joined, "two sums joined");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	known_vectors();
	all_ways();
	return done();
}
