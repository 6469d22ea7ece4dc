/* SPDX-License-Identifier: ISC */
/* The sRGB profile: against the numbers of the ICC's own (sRGB2014). */
#include "io/icc.h"

#include <math.h>
#include <string.h>

#include "../test.h"

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static double fixed(const uint8_t *p)
{
	return (int32_t)get32(p) / 65536.0;
}

/* The tag's bytes, NULL if there is none or it does not lie within the profile. */
static const uint8_t *tag(const uint8_t *icc, size_t size, const char *name, size_t *length)
{
	for (uint32_t i = 0; i < get32(icc + 128); i++) {
		const uint8_t *entry = icc + 132 + 12 * i;

		if (memcmp(entry, name, 4))
			continue;
		*length = get32(entry + 8);
		if (get32(entry + 4) % 4 || get32(entry + 4) + *length > size)
			return NULL;
		return icc + get32(entry + 4);
	}
	return NULL;
}

static bool is_xyz(const uint8_t *icc, size_t size, const char *name, double x, double y, double z)
{
	const double wanted[] = {x, y, z};
	size_t n;
	const uint8_t *p = tag(icc, size, name, &n);
	bool right = p && n == 20 && !memcmp(p, "XYZ \0\0\0\0", 8);

	for (int i = 0; i < 3 && right; i++)
		right = fabs(fixed(p + 8 + 4 * i) - wanted[i]) <
			2.5e-4; /* as its white is rounded otherwise */
	return right;
}

/* The curve of the tag at v, by ISO 15076-1, 10.18, type 3. */
static double curve(const uint8_t *p, double v)
{
	double g = fixed(p + 12), a = fixed(p + 16), b = fixed(p + 20), c = fixed(p + 24);

	return v >= fixed(p + 28) ? pow(a * v + b, g) : c * v;
}

static bool is_srgb_curve(const uint8_t *icc, size_t size, const char *name)
{
	size_t n;
	const uint8_t *p = tag(icc, size, name, &n);
	bool right = p && n == 32 && !memcmp(p, "para\0\0\0\0\0\3\0\0", 12);

	for (int i = 0; i <= 255 && right; i++) {
		double v = i / 255.0;

		right = fabs(curve(p, v) -
				(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4))) < 3e-5;
	}
	return right;
}

static void test_header(const uint8_t *icc, size_t size, const char *space)
{
	size_t n;

	check(size <= ICC_SIZE_MAX && get32(icc) == size && size % 4 == 0, "%s: the size is said",
		space);
	check(get32(icc + 8) == 0x04300000 && !memcmp(icc + 12, "mntr", 4) &&
			!memcmp(icc + 16, space, 4) && !memcmp(icc + 20, "XYZ ", 4) &&
			!memcmp(icc + 36, "acsp", 4) &&
			is_xyz(icc, size, "wtpt", 0.9642, 1, 0.8249),
		"%s: a display of version 4.3 to XYZ", space);
	check(tag(icc, size, "desc", &n) && tag(icc, size, "cprt", &n) &&
			tag(icc, size, "chad", &n) && n == 44,
		"%s: description, copyright and adaptation are there", space);
}

int main(void)
{
	uint8_t icc[ICC_SIZE_MAX], again[ICC_SIZE_MAX];
	size_t size = icc_srgb(3, icc), n;
	const uint8_t *chad = tag(icc, size, "chad", &n);
	static const double adapted[] = {
		1.0479, 0.0229, -0.0502, 0.0296, 0.9905, -0.0171, -0.0092, 0.0151, 0.7517};
	bool right = chad != NULL;

	test_header(icc, size, "RGB ");
	check(is_xyz(icc, size, "rXYZ", 0.43607, 0.22249, 0.01392) &&
			is_xyz(icc, size, "gXYZ", 0.38515, 0.71687, 0.09708) &&
			is_xyz(icc, size, "bXYZ", 0.14307, 0.06061, 0.71410),
		"the primaries, adapted to D50");
	for (int i = 0; i < 9 && right; i++)
		right = fabs(fixed(chad + 8 + 4 * i) - adapted[i]) < 1e-4;
	check(right, "the adaptation is Bradford's from D65 to D50");
	check(is_srgb_curve(icc, size, "rTRC") && is_srgb_curve(icc, size, "gTRC") &&
			is_srgb_curve(icc, size, "bTRC"),
		"the curves are those of sRGB");
	check(icc_srgb(3, again) == size && !memcmp(icc, again, size), "the same bytes each time");
	size = icc_srgb(1, icc);
	test_header(icc, size, "GRAY");
	check(is_srgb_curve(icc, size, "kTRC") && !tag(icc, size, "rXYZ", &n),
		"gray has one curve and no colours");
	return done();
}
