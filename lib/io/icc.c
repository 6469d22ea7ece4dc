/* SPDX-License-Identifier: ISC */
#include "io/icc.h"

#include <math.h>
#include <string.h>

#define HEADER_SIZE 128
#define ENTRY_SIZE 12

/* Chromaticities (x, y) of IEC 61966-2-1: red, green, blue, and white (D65). */
static const double primaries[3][2] = {{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}};
static const double white[2] = {0.3127, 0.3290};

/* The white of the profile connection space. */
static const double d50[3] = {0.9642, 1, 0.8249};

/* X to the cone responses in which Bradford scales. */
static const double bradford[3][3] = {
	{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}};

struct profile {
	uint8_t *bytes;
	size_t size, tags;
};

static void put16(struct profile *p, unsigned v)
{
	p->bytes[p->size++] = (uint8_t)(v >> 8);
	p->bytes[p->size++] = (uint8_t)v;
}

static void put32(struct profile *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p, v & 0xffff);
}

static void put_word(struct profile *p, const char word[4])
{
	memcpy(p->bytes + p->size, word, 4);
	p->size += 4;
}

/* s15Fixed16Number */
static void put_fixed(struct profile *p, double v)
{
	put32(p, (uint32_t)(int32_t)floor(v * 65536 + 0.5));
}

static void put_fixeds(struct profile *p, const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_fixed(p, v[i]);
}

static void put_zeros(struct profile *p, size_t n)
{
	memset(p->bytes + p->size, 0, n);
	p->size += n;
}

/* Tags begin at multiples of 4; the table's entry is completed by end_tag(). */
static void begin_tag(struct profile *p, const char name[4], const char type[4])
{
	struct profile entry = {p->bytes, HEADER_SIZE + 4 + p->tags * ENTRY_SIZE, 0};

	put_zeros(p, -p->size & 3);
	put_word(&entry, name);
	put32(&entry, (uint32_t)p->size);
	put_word(p, type);
	put_zeros(p, 4);
}

static void end_tag(struct profile *p)
{
	struct profile entry = {p->bytes, HEADER_SIZE + 4 + p->tags * ENTRY_SIZE + 4, 0};
	const uint8_t *at = p->bytes + entry.size;
	size_t start = (size_t)at[2] << 8 | at[3];

	entry.size += 4;
	put32(&entry, (uint32_t)(p->size - start));
	p->tags++;
}

/* One text in American English, as UTF-16. */
static void text_tag(struct profile *p, const char name[4], const char *text)
{
	begin_tag(p, name, "mluc");
	put32(p, 1);
	put32(p, 12);
	put_word(p, "enUS");
	put32(p, 2 * (uint32_t)strlen(text));
	put32(p, 28);
	for (; *text; text++)
		put16(p, (unsigned char)*text);
	end_tag(p);
}

static void xyz_tag(struct profile *p, const char name[4], const double xyz[3])
{
	begin_tag(p, name, "XYZ ");
	put_fixeds(p, xyz, 3);
	end_tag(p);
}

/* Y = ((X + 0.055) / 1.055)^2.4 from X = 0.04045 on, X / 12.92 below: function type 3. */
static void curve_tag(struct profile *p, const char name[4])
{
	begin_tag(p, name, "para");
	put16(p, 3);
	put16(p, 0);
	put_fixeds(p, (const double[]){2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}, 5);
	end_tag(p);
}

static void multiply(double out[3], const double m[3][3], const double v[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
}

static void invert(double out[3][3], const double m[3][3])
{
	double determinant = 0;

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;

			out[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
		}
	for (int i = 0; i < 3; i++)
		determinant += m[0][i] * out[i][0];
	for (int i = 0; i < 9; i++)
		out[i / 3][i % 3] /= determinant;
}

static void xyz_of(double xyz[3], const double xy[2])
{
	xyz[0] = xy[0] / xy[1];
	xyz[1] = 1;
	xyz[2] = (1 - xy[0] - xy[1]) / xy[1];
}

/* The matrix that takes D65 to D50. */
static void adaptation(double out[3][3])
{
	double inverse[3][3], scaled[3][3], from[3], to[3], source[3];

	xyz_of(source, white);
	multiply(from, bradford, source);
	multiply(to, bradford, d50);
	for (int i = 0; i < 9; i++)
		scaled[i / 3][i % 3] = bradford[i / 3][i % 3] * to[i / 3] / from[i / 3];
	invert(inverse, bradford);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			out[i][j] = inverse[i][0] * scaled[0][j] + inverse[i][1] * scaled[1][j] +
				    inverse[i][2] * scaled[2][j];
}

/* The columns are scaled so that red, green and blue of 1 make white. */
static void colour_tags(struct profile *p, const double adapt[3][3])
{
	static const char *const xyz[] = {"rXYZ", "gXYZ", "bXYZ"}, *const trc[] = {
									   "rTRC", "gTRC", "bTRC"};
	double m[3][3], inverse[3][3], source[3], share[3];

	xyz_of(source, white);
	for (int c = 0; c < 3; c++) {
		double column[3];

		xyz_of(column, primaries[c]);
		for (int i = 0; i < 3; i++)
			m[i][c] = column[i];
	}
	invert(inverse, m);
	multiply(share, inverse, source);
	for (int c = 0; c < 3; c++) {
		double column[3] = {m[0][c] * share[c], m[1][c] * share[c], m[2][c] * share[c]};
		double adapted[3];

		multiply(adapted, adapt, column);
		xyz_tag(p, xyz[c], adapted);
		curve_tag(p, trc[c]);
	}
}

static void header(struct profile *p, unsigned planes, size_t size)
{
	put32(p, (uint32_t)size);
	put_zeros(p, 4);
	put32(p, 0x04300000);
	put_word(p, "mntr");
	put_word(p, planes == 3 ? "RGB " : "GRAY");
	put_word(p, "XYZ ");
	/* The date of the standard, as the profile has none of its own. */
	put16(p, 1999);
	put16(p, 10);
	put16(p, 18);
	put_zeros(p, 6);
	put_word(p, "acsp");
	put_zeros(p, 28);
	put_fixeds(p, d50, 3);
	put_zeros(p, HEADER_SIZE - p->size);
}

size_t icc_srgb(unsigned planes, uint8_t out[ICC_SIZE_MAX])
{
	size_t tags = planes == 3 ? 10 : 5;
	struct profile p = {out, HEADER_SIZE + 4 + tags * ENTRY_SIZE, 0}, start = {out, 0, 0};
	double adapt[3][3];

	adaptation(adapt);
	text_tag(&p, "desc", planes == 3 ? "sRGB" : "sRGB gray");
	text_tag(&p, "cprt", "No copyright");
	xyz_tag(&p, "wtpt", d50);
	begin_tag(&p, "chad", "sf32");
	put_fixeds(&p, &adapt[0][0], 9);
	end_tag(&p);
	if (planes == 3)
		colour_tags(&p, (const double(*)[3])adapt);
	else
		curve_tag(&p, "kTRC");
	put_zeros(&p, -p.size & 3);
	header(&start, planes, p.size);
	put32(&start, (uint32_t)tags);
	return p.size;
}
