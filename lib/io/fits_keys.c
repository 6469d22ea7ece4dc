/* SPDX-License-Identifier: ISC */
#include "io/fits_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/utc.h"

/*
 * '#' stands for digits, a '?' at the end for the letter of an alternative WCS or nothing. What is
 * not here is plain.
 */
static const struct {
	const char *pattern;
	enum fits_scope scope;
} scopes[] = {
	{"SIMPLE", FITS_STRUCTURE},
	{"XTENSION", FITS_STRUCTURE},
	{"BITPIX", FITS_STRUCTURE},
	{"NAXIS", FITS_STRUCTURE},
	{"NAXIS#", FITS_STRUCTURE},
	{"EXTEND", FITS_STRUCTURE},
	{"PCOUNT", FITS_STRUCTURE},
	{"GCOUNT", FITS_STRUCTURE},
	{"GROUPS", FITS_STRUCTURE},
	{"BLOCKED", FITS_STRUCTURE},
	{"INHERIT", FITS_STRUCTURE},
	{"EXTVER", FITS_STRUCTURE},
	{"EXTLEVEL", FITS_STRUCTURE},
	{"CHECKSUM", FITS_STRUCTURE},
	{"DATASUM", FITS_STRUCTURE},
	{"LONGSTRN", FITS_STRUCTURE},
	{"END", FITS_STRUCTURE},
	{"TFIELDS", FITS_STRUCTURE},
	{"THEAP", FITS_STRUCTURE},
	{"TTYPE#", FITS_STRUCTURE},
	{"TFORM#", FITS_STRUCTURE},
	{"TUNIT#", FITS_STRUCTURE},
	{"TDIM#", FITS_STRUCTURE},
	{"TNULL#", FITS_STRUCTURE},
	{"TSCAL#", FITS_STRUCTURE},
	{"TZERO#", FITS_STRUCTURE},
	{"ZIMAGE", FITS_STRUCTURE},
	{"ZSIMPLE", FITS_STRUCTURE},
	{"ZTENSION", FITS_STRUCTURE},
	{"ZEXTEND", FITS_STRUCTURE},
	{"ZBLOCKED", FITS_STRUCTURE},
	{"ZBITPIX", FITS_STRUCTURE},
	{"ZNAXIS", FITS_STRUCTURE},
	{"ZNAXIS#", FITS_STRUCTURE},
	{"ZTILE#", FITS_STRUCTURE},
	{"ZPCOUNT", FITS_STRUCTURE},
	{"ZGCOUNT", FITS_STRUCTURE},
	{"ZCMPTYPE", FITS_STRUCTURE},
	{"ZNAME#", FITS_STRUCTURE},
	{"ZVAL#", FITS_STRUCTURE},
	{"ZQUANTIZ", FITS_STRUCTURE},
	{"ZDITHER0", FITS_STRUCTURE},
	{"ZMASKCMP", FITS_STRUCTURE},
	{"ZBLANK", FITS_STRUCTURE},
	{"ZSCALE", FITS_STRUCTURE},
	{"ZZERO", FITS_STRUCTURE},
	{"ZHECKSUM", FITS_STRUCTURE},
	{"ZDATASUM", FITS_STRUCTURE},
	{"BSCALE", FITS_SCALING},
	{"BZERO", FITS_SCALING},
	{"BLANK", FITS_SCALING},
	{"BUNIT", FITS_VALUES},
	{"DATAMIN", FITS_VALUES},
	{"DATAMAX", FITS_VALUES},
	{"CALSTAT", FITS_VALUES},
	{"PEDESTAL", FITS_VALUES},
	{"MIPS-HI", FITS_VALUES},
	{"MIPS-LO", FITS_VALUES},
	{"CBLACK", FITS_VALUES},
	{"CWHITE", FITS_VALUES},
	{"SATURATE", FITS_VALUES},
	{"WCSAXES?", FITS_GEOMETRY},
	{"WCSNAME?", FITS_GEOMETRY},
	{"CTYPE#?", FITS_GEOMETRY},
	{"CUNIT#?", FITS_GEOMETRY},
	{"CRVAL#?", FITS_GEOMETRY},
	{"CRPIX#?", FITS_GEOMETRY},
	{"CDELT#?", FITS_GEOMETRY},
	{"CRDER#?", FITS_GEOMETRY},
	{"CSYER#?", FITS_GEOMETRY},
	{"CNAME#?", FITS_GEOMETRY},
	{"CROTA#", FITS_GEOMETRY},
	{"SECPIX#", FITS_GEOMETRY},
	{"CD#_#?", FITS_GEOMETRY},
	{"PC#_#?", FITS_GEOMETRY},
	{"PC######", FITS_GEOMETRY},
	{"PV#_#?", FITS_GEOMETRY},
	{"PS#_#?", FITS_GEOMETRY},
	{"LONPOLE?", FITS_GEOMETRY},
	{"LATPOLE?", FITS_GEOMETRY},
	{"A_#_#", FITS_GEOMETRY},
	{"B_#_#", FITS_GEOMETRY},
	{"AP_#_#", FITS_GEOMETRY},
	{"BP_#_#", FITS_GEOMETRY},
	{"A_ORDER", FITS_GEOMETRY},
	{"B_ORDER", FITS_GEOMETRY},
	{"AP_ORDER", FITS_GEOMETRY},
	{"BP_ORDER", FITS_GEOMETRY},
	{"A_DMAX", FITS_GEOMETRY},
	{"B_DMAX", FITS_GEOMETRY},
	{"PLTSOLVD", FITS_GEOMETRY},
	{"LTV#", FITS_GEOMETRY},
	{"LTM#_#", FITS_GEOMETRY},
	{"DATASEC", FITS_GEOMETRY},
	{"TRIMSEC", FITS_GEOMETRY},
	{"BIASSEC", FITS_GEOMETRY},
	{"CCDSEC", FITS_GEOMETRY},
	{"DETSEC", FITS_GEOMETRY},
	{"AMPSEC", FITS_GEOMETRY},
	{"XORGSUBF", FITS_GEOMETRY},
	{"YORGSUBF", FITS_GEOMETRY},
	{"XBAYROFF", FITS_GEOMETRY},
	{"YBAYROFF", FITS_GEOMETRY},
	{"BAYOFFX", FITS_GEOMETRY},
	{"BAYOFFY", FITS_GEOMETRY},
	{"BAYERPAT", FITS_GEOMETRY},
	{"COLORTYP", FITS_GEOMETRY},
	{"ROWORDER", FITS_GEOMETRY},
};

static bool matches(const char *pattern, const char *name)
{
	for (; *pattern; pattern++) {
		if (*pattern == '#') {
			if (*name < '0' || *name > '9')
				return false;
			name++;
			/* One '#' takes them all, further ones the same digits again. */
			while (pattern[1] != '#' && *name >= '0' && *name <= '9')
				name++;
		} else if (*pattern == '?') {
			return !*name || (*name >= 'A' && *name <= 'Z' && !name[1]);
		} else if (*pattern != *name++) {
			return false;
		}
	}
	return !*name;
}

enum fits_scope fits_card_scope(const char *card)
{
	char name[FITS_NAME];

	fits_card_name(card, name);
	for (size_t i = 0; i < COUNT_OF(scopes); i++)
		if (matches(scopes[i].pattern, name))
			return scopes[i].scope;
	return FITS_PLAIN;
}

/* The names a thing goes by, best first. */
#define ALIASES_MAX 8
static const struct {
	const char *key;
	enum { AS_TEXT, AS_NUMBER, AS_POSITIVE, AS_COUNT, AS_TIME } form;
	const char *name[ALIASES_MAX];
} typed[] = {
	{"object", AS_TEXT, {"OBJECT", "OBJNAME"}},
	{"filter", AS_TEXT, {"FILTER", "FILT-1"}},
	{"exposure_s", AS_POSITIVE, {"EXPTIME", "EXPOSURE", "EXP", "LIVETIME", "TOTALEXP"}},
	{"time_start", AS_TIME, {"DATE-OBS", "DATE-BEG"}},
	{"gain", AS_NUMBER, {"GAIN"}},
	{"temperature_c", AS_NUMBER, {"CCD-TEMP", "CCD_TEMP", "CCDTEMP", "TEMPERAT", "CAMTCCD"}},
	{"stack_count", AS_COUNT, {"STACKCNT", "NCOMBINE", "NUMFRAME", "SNAPSHOT"}},
	{"full_scale", AS_POSITIVE, {"FULLSCAL"}},
};

struct sorting {
	const struct fits_header *h;
	bool *moved; /* cards that a key says */
	struct str text;
	fits_key_fn *key;
	void *arg;
};

static void tell(struct sorting *s, const char *key, const char *value)
{
	s->key(s->arg, key, value);
}

/* A card and what continues it. */
static void move(struct sorting *s, size_t i)
{
	do
		s->moved[i++] = true;
	while (i < s->h->count && fits_card_is(fits_card(s->h, i), "CONTINUE"));
}

/* DATE-OBS as it is written now, as it was before 1998, and with the time in a card of its own. */
static bool parse_time(const struct fits_header *h, const char *date, struct utc *t)
{
	struct str time = {0}, whole = {0};
	bool right;

	if (strlen(date) == 8 && date[2] == '/' && date[5] == '/')
		str_addf(&whole, "19%.2s-%.2s-%.2s", date + 6, date + 3, date);
	else
		str_add(&whole, date);
	if (!strchr(whole.p, 'T') && (fits_text(h, "TIME-OBS", &time) || fits_text(h, "UT", &time)))
		str_addf(&whole, "T%s", time.p);
	right = utc_parse(whole.p, t);
	str_free(&time);
	str_free(&whole);
	return right;
}

/* What card i says, as a key of this form writes it; false if it cannot be said so. */
static bool typed_value(struct sorting *s, size_t i, int form, struct str *out)
{
	enum fits_value kind = fits_value(s->h, i, &s->text);
	char number[NUMBER_TEXT], time[UTC_TEXT];
	struct utc t;
	double v;

	str_clear(out);
	if (form == AS_TEXT) {
		str_add(out, s->text.p);
		return kind == FITS_TEXT && out->len > 0;
	}
	if (form == AS_TIME) {
		if (kind != FITS_TEXT || !parse_time(s->h, s->text.p, &t))
			return false;
		str_add(out, utc_format(time, t, -1));
		return true;
	}
	/* Some programs write numbers as strings. */
	if ((kind != FITS_NUMBER && kind != FITS_TEXT) || !fits_parse_f64(s->text.p, &v) ||
		(form == AS_POSITIVE && v < 0) ||
		(form == AS_COUNT && (v < 1 || v > 1e9 || v != (double)(int64_t)v)))
		return false;
	str_add(out, format_f64(number, v));
	return true;
}

static bool time_is_utc(const struct fits_header *h)
{
	struct str system = {0};
	bool is = !fits_text(h, "TIMESYS", &system) || !strcmp(system.p, "UTC");

	str_free(&system);
	return is;
}

/* The first of its names that can be said; others only if they say the same. */
static void tell_typed(struct sorting *s, const char *key, int form, const char *const *names)
{
	struct str value = {0}, other = {0};
	bool told = false;

	for (size_t n = 0; n < ALIASES_MAX && names[n]; n++)
		for (size_t i = 0; i < s->h->count; i++) {
			if (!fits_card_is(fits_card(s->h, i), names[n]) || s->moved[i])
				continue;
			if (!typed_value(s, i, form, told ? &other : &value) ||
				(told && strcmp(value.p, other.p)))
				continue;
			if (!told)
				tell(s, key, value.p);
			told = true;
			move(s, i);
		}
	str_free(&value);
	str_free(&other);
}

/* A stack's exposure is that of all its frames; EXPTIME then says one frame's. */
static bool is_stack(const struct fits_header *h)
{
	int64_t n;
	bool there;
	struct error e;

	return !fits_i64(h, "STACKCNT", &n, &there, &e) && there && n > 1;
}

static void all_typed(struct sorting *s)
{
	static const char *const stack_exposure[ALIASES_MAX] = {"LIVETIME", "TOTALEXP"};
	size_t i;

	for (size_t k = 0; k < COUNT_OF(typed); k++) {
		if (typed[k].form == AS_TIME && !time_is_utc(s->h))
			continue;
		if (!strcmp(typed[k].key, "exposure_s") && is_stack(s->h) &&
			(fits_find(s->h, "LIVETIME") < s->h->count ||
				fits_find(s->h, "TOTALEXP") < s->h->count)) {
			tell_typed(s, typed[k].key, typed[k].form, stack_exposure);
			if ((i = fits_find(s->h, "EXPTIME")) < s->h->count)
				move(s, i);
			continue;
		}
		tell_typed(s, typed[k].key, typed[k].form, typed[k].name);
	}
}

static bool take_text(struct sorting *s, const char *name, size_t *i)
{
	*i = fits_find(s->h, name);
	return *i < s->h->count && fits_value(s->h, *i, &s->text) == FITS_TEXT;
}

static int64_t offset(struct sorting *s, const char *name, const char *other)
{
	struct error e;
	int64_t v = 0;
	bool there;

	if (!fits_i64(s->h, name, &v, &there, &e) && !there &&
		fits_i64(s->h, other, &v, &there, &e))
		return 0;
	return v & 1;
}

static void swap(char *a, char *b)
{
	char c = *a;

	*a = *b;
	*b = c;
}

static void swap_rows(char pattern[4])
{
	swap(&pattern[0], &pattern[2]);
	swap(&pattern[1], &pattern[3]);
}

/*
 * The pattern is that of the picture's upper left corner, which a file that says it is bottom-up
 * has in its last row; offsets count from there. Of one that does not say it is that of its first.
 */
static void tell_bayer(struct sorting *s, const struct fits_form *form, bool says_bottom_up)
{
	static const char *const offsets[] = {"XBAYROFF", "YBAYROFF", "BAYOFFX", "BAYOFFY"};
	char pattern[5];
	size_t i, at;

	if (form->planes != 1 || !take_text(s, "BAYERPAT", &i) || s->text.len != 4 ||
		strspn(s->text.p, "RGB") != 4)
		return;
	memcpy(pattern, s->text.p, 5);
	if (offset(s, "XBAYROFF", "BAYOFFX")) {
		swap(&pattern[0], &pattern[1]);
		swap(&pattern[2], &pattern[3]);
	}
	if (offset(s, "YBAYROFF", "BAYOFFY"))
		swap_rows(pattern);
	if (says_bottom_up && form->height % 2 == 0)
		swap_rows(pattern);
	tell(s, "%bayer", pattern);
	move(s, i);
	for (size_t k = 0; k < COUNT_OF(offsets); k++)
		if ((at = fits_find(s->h, offsets[k])) < s->h->count)
			move(s, at);
}

static void tell_geometry(struct sorting *s, const struct fits_form *form)
{
	bool top_down = false, bottom_up = false;
	size_t i;

	if (take_text(s, "ROWORDER", &i)) {
		top_down = !strcasecmp(s->text.p, "TOP-DOWN");
		bottom_up = !strcasecmp(s->text.p, "BOTTOM-UP");
		if (top_down || bottom_up)
			move(s, i);
	}
	tell(s, "%row_order", top_down ? "top-down" : "bottom-up");
	tell_bayer(s, form, bottom_up);
}

static void tell_unit(struct sorting *s)
{
	bool display, adu;
	size_t i;

	if (!take_text(s, "BUNIT", &i)) {
		tell(s, "unit", "adu");
		return;
	}
	display = !strcmp(s->text.p, "display");
	adu = !strcasecmp(s->text.p, "adu");
	tell(s, "unit", display ? "display" : "adu");
	if (display || adu)
		move(s, i);
}

static bool is_blank(const char *card)
{
	for (size_t i = 0; i < FITS_CARD; i++)
		if (card[i] != ' ')
			return false;
	return true;
}

/* The card, without blanks at its end, NUL as a question mark. */
static void tell_card(struct sorting *s, const char *key, const char *card)
{
	size_t n = FITS_CARD;

	while (n > 0 && card[n - 1] == ' ')
		n--;
	str_clear(&s->text);
	for (size_t i = 0; i < n; i++)
		str_add_bytes(&s->text, card[i] ? &card[i] : "?", 1);
	tell(s, key, s->text.p);
}

static void tell_cards(struct sorting *s, bool native)
{
	static const char *const keys[] = {
		[FITS_PLAIN] = "fits.card",
		[FITS_GEOMETRY] = "%fits.card",
		[FITS_VALUES] = "~fits.card",
		[FITS_SCALING] = "~fits.card",
	};
	enum fits_scope scope = FITS_PLAIN;

	for (size_t i = 0; i < s->h->count; i++) {
		const char *card = fits_card(s->h, i);

		if (s->moved[i] || is_blank(card))
			continue;
		if (!fits_card_is(card, "CONTINUE"))
			scope = fits_card_scope(card);
		if (scope == FITS_STRUCTURE || (scope == FITS_SCALING && !native))
			continue;
		tell_card(s, keys[scope], card);
	}
}

void fits_keys(const struct fits_hdu *hdu, bool native, fits_key_fn *key, void *arg)
{
	struct sorting s = {.h = &hdu->header, .key = key, .arg = arg};
	struct fits_form form;
	size_t name;

	fits_form(hdu, native, &form);
	s.moved = xcalloc(hdu->header.count + 1, sizeof(*s.moved));
	all_typed(&s);
	tell_unit(&s);
	tell_geometry(&s, &form);
	if (hdu->compressed && take_text(&s, "EXTNAME", &name) &&
		!strcmp(s.text.p, "COMPRESSED_IMAGE"))
		move(&s, name);
	tell_cards(&s, native);
	free(s.moved);
	str_free(&s.text);
}
