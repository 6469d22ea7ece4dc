/* SPDX-License-Identifier: ISC */
#include "plot/colormap.h"

/*
 * A map is a broken line through colour space: at entry `at` it has colour `rgb` (0xRRGGBB). The
 * knots are the fewest with which every entry stays within 1/255 of the original.
 */
struct knot {
	uint8_t at;
	uint32_t rgb;
};

/* clang-format off */
static const struct knot magma[] = {
	{0, 0x000004}, {2, 0x010106}, {12, 0x06051a}, {29, 0x19103f}, {42, 0x2c115f},
	{54, 0x400f74}, {66, 0x54137d}, {90, 0x792282}, {120, 0xaa337d}, {143, 0xcf4070},
	{159, 0xe55064}, {172, 0xf2645c}, {187, 0xfa7f5e}, {206, 0xfea36f}, {227, 0xfeca8d},
	{255, 0xfcfdbf},
};

static const struct knot viridis[] = {
	{0, 0x440154}, {17, 0x481a6c}, {35, 0x46307e}, {58, 0x3e4c8a}, {93, 0x2d708e},
	{129, 0x20928c}, {144, 0x1fa088}, {157, 0x25ac82}, {172, 0x38b977}, {184, 0x4ec36b},
	{203, 0x77d153}, {233, 0xc5e021}, {242, 0xdde318}, {248, 0xece51b}, {255, 0xfde725},
};

static const struct knot plasma[] = {
	{0, 0x0d0887}, {2, 0x130789}, {12, 0x2a0593}, {35, 0x5102a3}, {54, 0x6f00a8},
	{67, 0x8305a7}, {85, 0x9c179e}, {113, 0xbd3786}, {153, 0xe16462}, {188, 0xf79044},
	{216, 0xfeb82c}, {233, 0xfbd324}, {251, 0xf2f227}, {255, 0xf0f921},
};

static const struct knot inferno[] = {
	{0, 0x000004}, {6, 0x02020e}, {21, 0x110a30}, {35, 0x260c51}, {45, 0x380962},
	{58, 0x4d0d6c}, {80, 0x71196e}, {103, 0x952667}, {126, 0xb93556}, {150, 0xd94d3d},
	{172, 0xef6c23}, {194, 0xfa9207}, {201, 0xfc9f07}, {207, 0xfcaa0f}, {220, 0xfac42a},
	{232, 0xf5db4c}, {241, 0xf1ec6d}, {248, 0xf3f68a}, {255, 0xfcffa4},
};

static const struct knot cividis[] = {
	{0, 0x00224e}, {17, 0x002e6c}, {23, 0x013271}, {26, 0x0c3470}, {32, 0x1a386f},
	{47, 0x31436d}, {83, 0x555c6d}, {130, 0x7e7d78}, {162, 0x9d9576}, {195, 0xbfb06b},
	{224, 0xdec958}, {241, 0xf1d945}, {251, 0xfde334}, {255, 0xfee838},
};

static const struct knot turbo[] = {
	{0, 0x30123b}, {1, 0x321543}, {9, 0x3a2d79}, {17, 0x4143a7}, {25, 0x4559cb},
	{33, 0x476ee6}, {41, 0x4682f8}, {47, 0x4391fe}, {53, 0x3ba0fd}, {63, 0x2ab9ee},
	{74, 0x1ad2d2}, {82, 0x18e0bd}, {89, 0x20eaac}, {98, 0x38f491}, {112, 0x6dfe62},
	{123, 0x96fe44}, {132, 0xaffa37}, {141, 0xc6f034}, {154, 0xe3db38}, {165, 0xf5c53a},
	{175, 0xfdae35}, {188, 0xfd8a26}, {202, 0xf26014}, {213, 0xe4450a}, {226, 0xcc2b04},
	{241, 0xa71401}, {255, 0x7a0403},
};

static const struct knot jet[] = {
	{0, 0x000080}, {28, 0x0000ff}, {32, 0x0000ff}, {86, 0x00d8ff}, {89, 0x00e4f8},
	{96, 0x16ffe1}, {163, 0xeeff09}, {165, 0xf4f802}, {168, 0xfeed00}, {227, 0xff1300},
	{232, 0xe80000}, {255, 0x800000},
};

static const struct knot hot[] = {
	{0, 0x0b0000}, {93, 0xff0000}, {190, 0xfffe00}, {255, 0xffffff},
};

static const struct knot cool[] = {
	{0, 0x00ffff}, {255, 0xff00ff},
};

static const struct knot rainbow[] = {
	{0, 0x8000ff}, {8, 0x7019ff}, {40, 0x3079f7}, {64, 0x00b5eb}, {68, 0x08bee9},
	{85, 0x2adddd}, {99, 0x46efd1}, {113, 0x62fbc4}, {128, 0x80ffb4}, {144, 0xa0faa1},
	{158, 0xbced8f}, {175, 0xded579}, {191, 0xfeb562}, {198, 0xffa558}, {220, 0xff6b37},
	{255, 0xff0000},
};

static const struct knot gray[] = {
	{0, 0x000000}, {255, 0xffffff},
};

/* clang-format on */

static const struct knot *const maps[COLORMAP_COUNT] = {
	[COLORMAP_MAGMA] = magma,
	[COLORMAP_VIRIDIS] = viridis,
	[COLORMAP_PLASMA] = plasma,
	[COLORMAP_INFERNO] = inferno,
	[COLORMAP_CIVIDIS] = cividis,
	[COLORMAP_TURBO] = turbo,
	[COLORMAP_JET] = jet,
	[COLORMAP_HOT] = hot,
	[COLORMAP_COOL] = cool,
	[COLORMAP_RAINBOW] = rainbow,
	[COLORMAP_GRAY] = gray,
};

/* Between colours a and b of one channel, `step` of `steps` along the way, rounded. */
static uint8_t between(unsigned a, unsigned b, unsigned step, unsigned steps)
{
	return (uint8_t)((a * (steps - step) + b * step + steps / 2) / steps);
}

static void draw_line(struct colormap *map, const struct knot *a, const struct knot *b)
{
	unsigned steps = b->at - a->at;

	for (unsigned step = 0; step <= steps; step++)
		for (unsigned c = 0, shift = 16; c < 3; c++, shift -= 8)
			map->rgb[a->at + step][c] = between(
				a->rgb >> shift & 0xff, b->rgb >> shift & 0xff, step, steps);
}

void colormap_make(struct colormap *map, enum colormap_name name)
{
	for (const struct knot *k = maps[name]; k->at < COLORMAP_SIZE - 1; k++)
		draw_line(map, k, k + 1);
}

void colormap_apply(const struct colormap *map, const float *values, size_t count, float lo,
	float hi, uint8_t *red, uint8_t *green, uint8_t *blue)
{
	static const uint8_t no_data[3] = {COLORMAP_NO_DATA, COLORMAP_NO_DATA, COLORMAP_NO_DATA};
	float scale = COLORMAP_SIZE / (hi - lo);

	for (size_t i = 0; i < count; i++) {
		float position = (values[i] - lo) * scale;
		const uint8_t *rgb;

		if (position >= COLORMAP_SIZE - 1)
			rgb = map->rgb[COLORMAP_SIZE - 1];
		else if (position >= 0)
			rgb = map->rgb[(int)position];
		else if (position < 0)
			rgb = map->rgb[0];
		else
			rgb = no_data;
		red[i] = rgb[0];
		green[i] = rgb[1];
		blue[i] = rgb[2];
	}
}
