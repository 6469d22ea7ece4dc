/* SPDX-License-Identifier: ISC */
/* Which level of x86-64 the CPU has, and the system lets us use. */
#ifndef LEAT_BASE_CPU_H
#define LEAT_BASE_CPU_H

/* 2 (SSE4.2), 3 (AVX2, FMA) or 4 (AVX-512), as the psABI defines them; 1 for less and elsewhere. */
int cpu_level(void);

#endif
