/* SPDX-License-Identifier: ISC */
#include "io/fits_class.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

const char *const fits_kind_name[FITS_KINDS] = {"light", "dark", "flat", "bias", "stack"};

__attribute__((format(printf, 4, 5))) static void add(
	struct fits_verdict *v, enum fits_kind kind, double weight, const char *format, ...)
{
	struct fits_evidence *e = &v->evidence[v->count];
	char text[96];
	va_list ap;

	v->weight[kind] += weight;
	if (v->count == FITS_EVIDENCE_MAX)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	escape(e->text, sizeof(e->text), text, strlen(text));
	e->kind = kind;
	e->weight = weight;
	v->count++;
}

/* Whether a word stands in text, whatever its case, with no letter before it or behind it. */
static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strcasestr(p, word)); p++)
		if ((p == text || !isalpha((unsigned char)p[-1])) &&
			!(isalpha((unsigned char)p[n]) && tolower((unsigned char)p[n]) != 's'))
			return true;
	return false;
}

/* Words of cards and names, and what they say. Of flats' darks the flat comes later. */
static const struct {
	const char *word;
	enum fits_kind kind;
} words[] = {{"light", FITS_LIGHT}, {"object", FITS_LIGHT}, {"science", FITS_LIGHT},
	{"dark", FITS_DARK}, {"flat", FITS_FLAT}, {"skyflat", FITS_FLAT}, {"domeflat", FITS_FLAT},
	{"bias", FITS_BIAS}, {"offset", FITS_BIAS}, {"zero", FITS_BIAS}, {"stacked", FITS_STACK},
	{"stack", FITS_STACK}, {"integration", FITS_STACK}};

static void read_type(const struct fits_header *h, struct fits_verdict *v)
{
	static const char *const names[] = {"IMAGETYP", "FRAMETYP", "FRAME", "OBSTYPE"};
	struct str text = {0};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!fits_text(h, names[i], &text))
			continue;
		for (size_t k = 0; k < COUNT_OF(words); k++)
			if (has_word(text.p, words[k].word)) {
				add(v, words[k].kind, 3, "%s says %.40s", names[i], text.p);
				break;
			}
	}
	str_free(&text);
}

static void read_name(const char *name, struct fits_verdict *v)
{
	for (size_t k = 0; k < COUNT_OF(words); k++)
		if (strcmp(words[k].word, "object") != 0 && strcmp(words[k].word, "zero") != 0 &&
			has_word(name, words[k].word))
			add(v, words[k].kind, 2, "the file's name says %s", words[k].word);
}

static bool number(const struct fits_header *h, const char *name, double *value)
{
	struct error e;
	bool there;

	return !fits_f64(h, name, value, &there, &e) && there;
}

static void read_stack(const struct fits_header *h, struct fits_verdict *v)
{
	static const char *const counts[] = {"STACKCNT", "NCOMBINE", "NUMFRAME", "SNAPSHOT"};
	static const char *const exposures[] = {"EXPTIME", "EXPOSURE", "EXP"};
	double n, total, one;

	for (size_t i = 0; i < COUNT_OF(counts); i++)
		if (number(h, counts[i], &n) && n > 1) {
			add(v, FITS_STACK, 6, "%s is %.0f", counts[i], n);
			break;
		}
	if (!number(h, "TOTALEXP", &total) && !number(h, "LIVETIME", &total))
		return;
	for (size_t i = 0; i < COUNT_OF(exposures); i++)
		if (number(h, exposures[i], &one)) {
			if (total > 1.5 * one)
				add(v, FITS_STACK, 3, "the total exposure is %.4g times one",
					total / one);
			return;
		}
}

static void read_exposure(const struct fits_header *h, struct fits_verdict *v)
{
	static const char *const names[] = {"EXPTIME", "EXPOSURE", "EXP"};
	double s;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (number(h, names[i], &s)) {
			if (s >= 0 && s <= 0.001)
				add(v, FITS_BIAS, 2, "%s is %.4g s", names[i], s);
			else if (s >= 5) {
				add(v, FITS_LIGHT, 0.5, "%s is %.4g s", names[i], s);
				add(v, FITS_DARK, 0.5, "%s is %.4g s", names[i], s);
			} else {
				add(v, FITS_FLAT, 0.5, "%s is %.4g s", names[i], s);
			}
			return;
		}
}

static void read_cards(const struct fits_header *h, struct fits_verdict *v)
{
	struct str text = {0};

	if (fits_find(h, "CRVAL1") < h->count || fits_find(h, "OBJCTRA") < h->count ||
		fits_find(h, "RA") < h->count)
		add(v, FITS_LIGHT, 0.5, "it has a place on the sky");
	if (fits_text(h, "OBJECT", &text) && text.len > 0 && strcasecmp(text.p, "Unknown") &&
		strncasecmp(text.p, "flat", 4) && strncasecmp(text.p, "dark", 4) &&
		strncasecmp(text.p, "bias", 4))
		add(v, FITS_LIGHT, 0.5, "OBJECT is %.40s", text.p);
	str_free(&text);
}

/* Light falls off, stars stand out, darkness is level. */
static void read_levels(const struct fits_levels *l, struct fits_verdict *v)
{
	double level = l->median / l->full_scale, reach = (l->p999 - l->median) / l->noise;
	double fall = fabs(l->centre - l->edge) / l->median;

	if (!(l->noise > 0) || !(l->median > 0))
		return;
	if (level > 0.15 && level < 0.9)
		add(v, FITS_FLAT, 1.5, "the median is %.2g of full scale", level);
	if (level < 0.05 && fabs(l->centre - l->edge) < l->noise) {
		add(v, FITS_DARK, 1, "the median is %.2g of full scale and the field even", level);
		add(v, FITS_BIAS, 1, "the median is %.2g of full scale and the field even", level);
	}
	if (level > 0.1 && fall > 0.03 && fall < 0.9 && reach < 20)
		add(v, FITS_FLAT, 1, "the edge differs from the middle by %.2g of the median",
			fall);
	if (reach > 20 && level < 0.5)
		add(v, FITS_LIGHT, 1, "its brightest 0.1 %% lie %.3g sigma above the median",
			reach);
}

void fits_classify(const struct fits_header *h, const char *name, const struct fits_levels *levels,
	struct fits_verdict *v)
{
	*v = (struct fits_verdict){0};
	read_type(h, v);
	read_stack(h, v);
	read_exposure(h, v);
	read_cards(h, v);
	read_name(name, v);
	read_levels(levels, v);
	for (int k = 0; k < FITS_KINDS; k++)
		if (v->weight[k] > v->weight[v->kind])
			v->kind = (enum fits_kind)k;
	v->certain = v->weight[v->kind] > 0;
	for (int k = 0; k < FITS_KINDS; k++)
		if ((enum fits_kind)k != v->kind && v->weight[v->kind] < 2 * v->weight[k])
			v->certain = false;
}
