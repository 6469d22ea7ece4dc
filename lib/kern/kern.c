/* SPDX-License-Identifier: ISC */
#include "kern/kern.h"

#include <stdlib.h>

#include "kern/level.h"

#define MEMBER(name, level) .name = KERN_SYMBOL(name, level),
#define TABLE(number) [number] = {.level = number, KERN_NAMES(MEMBER, number)}

KERN_NAMES(KERN_DECLARE, 1)
#ifdef __x86_64__
KERN_NAMES(KERN_DECLARE, 2)
KERN_NAMES(KERN_DECLARE, 3)
KERN_NAMES(KERN_DECLARE, 4)
#endif

static const struct kern tables[] = {
	TABLE(1),
#ifdef __x86_64__
	TABLE(2),
	TABLE(3),
	TABLE(4),
#endif
};

#ifdef __x86_64__
int kern_best(void)
{
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
		return 1;
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
		!__builtin_cpu_supports("bmi2"))
		return 2;
	if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd") ||
		!__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
		return 3;
	return 4;
}
#else
int kern_best(void)
{
	return 1;
}
#endif

const struct kern *kern_level(int level)
{
	return level >= 1 && level <= kern_best() ? &tables[level] : NULL;
}

const struct kern *kern(void)
{
	static _Atomic(const struct kern *) chosen;
	const char *wanted;

	if (!chosen) {
		wanted = getenv("LEAT_CPU");
		chosen = wanted && *wanted && !wanted[1] ? kern_level(*wanted - '0') : NULL;
		if (!chosen)
			chosen = kern_level(kern_best());
	}
	return chosen;
}
