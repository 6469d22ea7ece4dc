/* SPDX-License-Identifier: ISC */
#include "kern/kern.h"

#include <stdlib.h>

#include "base/cpu.h"
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

int kern_best(void)
{
	return cpu_level();
}

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
