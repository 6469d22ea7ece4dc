/* SPDX-License-Identifier: ISC */
#include "base/cpu.h"

/*
 * glibc has asked the CPU at start already. The compiler's own way asks again, and where each
 * question leaves a virtual machine that doubles the start-up of a small program.
 */
#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#include <stdbool.h>
#include <sys/platform/x86.h>

/* glibc's own x86_cpu_active() shifts a 1 into the sign. */
static bool active(unsigned feature)
{
	const struct cpuid_feature *leaf = __x86_get_cpuid_feature_leaf(feature / 128);

	return leaf->active_array[feature % 128 / 32] >> feature % 32 & 1;
}

#define HAS(glibc, gcc) active(x86_cpu_##glibc)
#elif defined(__x86_64__)
#define HAS(glibc, gcc) __builtin_cpu_supports(gcc)
#endif

int cpu_level(void)
{
#ifdef HAS
	if (!HAS(SSE4_2, "sse4.2") || !HAS(SSSE3, "ssse3") || !HAS(POPCNT, "popcnt") ||
		!HAS(CMPXCHG16B, "cmpxchg16b") || !HAS(LAHF64_SAHF64, "lahf_lm"))
		return 1;
	if (!HAS(AVX2, "avx2") || !HAS(FMA, "fma") || !HAS(BMI1, "bmi") || !HAS(BMI2, "bmi2") ||
		!HAS(F16C, "f16c") || !HAS(LZCNT, "lzcnt") || !HAS(MOVBE, "movbe"))
		return 2;
	if (!HAS(AVX512BW, "avx512bw") || !HAS(AVX512CD, "avx512cd") ||
		!HAS(AVX512DQ, "avx512dq") || !HAS(AVX512VL, "avx512vl"))
		return 3;
	return 4;
#else
	return 1;
#endif
}
