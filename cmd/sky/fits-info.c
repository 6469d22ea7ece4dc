/* SPDX-License-Identifier: ISC */
/*
 * fits-info: what FITS files hold: the cards of every HDU as they stand, statistics of every image,
 * with --classify what kind of frame it is and why. Out: text, or a JSON object for each file.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "image/file.h"
#include "io/fits.h"
#include "io/fits_class.h"
#include "sky/statistics.h"

#define BORDER 8 /* parts of a side that are its border */

struct options {
	bool json, classify, scrub;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "classify", OPT_FLAG, AT(classify), "", NULL, 0, 0, NULL, 0,
		"tell light, dark, flat, bias and stack apart, with the evidence"},
	{0, "json", OPT_FLAG, AT(json), "", NULL, 0, 0, NULL, 0, "one JSON object a file and line"},
	{0, "scrub", OPT_FLAG, AT(scrub), "", NULL, 0, 0, NULL, 0,
		"hide where and by whom: sites, observers, serial numbers"},
	OPTIONS_END,
};

struct info {
	const struct options *options;
	const char *path;
	struct str text;
};

/* Cards that tell where somebody lives, who it is, or which single instrument it was. */
static bool is_private(const char *card)
{
	static const char *const names[] = {"SITELAT", "SITELONG", "SITEELEV", "SITE-LAT",
		"SITE-LON", "SITENAME", "OBSLAT", "OBSLONG", "OBSALT", "OBSGEO-B", "OBSGEO-L",
		"OBSGEO-H", "OBSGEO-X", "OBSGEO-Y", "OBSGEO-Z", "LAT-OBS", "LONG-OBS", "ALT-OBS",
		"GEOLAT", "GEOLON", "LATITUDE", "LONGITUD", "OBSERVER", "OBSERVAT", "AUTHOR",
		"TELESCOP", "SERIAL", "SERIALNO", "CAMSN", "CAMID", "DETSER", "INSTSER", "OWNER",
		"USERNAME", "COPYRGHT", "HOSTNAME"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (fits_card_is(card, names[i]))
			return true;
	return false;
}

/* The card without blanks at its end; NUL as a question mark. */
static void card_text(
	const struct info *info, const char *card, bool hidden, char out[FITS_CARD + 16])
{
	size_t n = FITS_CARD;
	char name[FITS_NAME];

	if (info->options->scrub && hidden) {
		snprintf(out, FITS_CARD + 16, "%-8s= 'hidden'", fits_card_name(card, name));
		return;
	}
	while (n > 0 && card[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = card[i] ? card[i] : '?';
	out[n] = '\0';
}

static void print_cards(struct info *info, const struct fits_header *h)
{
	struct str *out = &info->text;
	char text[FITS_CARD + 16];
	bool hidden = false;

	str_add(out, info->options->json ? ",\"cards\":[" : "");
	for (size_t i = 0; i < h->count; i++) {
		if (!fits_card_is(fits_card(h, i), "CONTINUE"))
			hidden = is_private(fits_card(h, i));
		card_text(info, fits_card(h, i), hidden, text);
		if (info->options->json) {
			str_add(out, i ? "," : "");
			str_add_json(out, text);
		} else {
			str_add(out, "  ");
			str_add_escaped(out, text);
			str_add(out, "\n");
		}
	}
	str_add(out, info->options->json ? "]" : "");
}

static void add_number(struct info *info, const char *name, double v, const char *before)
{
	char number[NUMBER_TEXT];

	str_addf(&info->text, info->options->json ? "%s\"%s\":" : "%s%s ", before, name);
	if (info->options->json && !isfinite(v))
		str_add(&info->text, "null");
	else
		str_add(&info->text, format_f64(number, v));
}

static void print_plane(
	struct info *info, size_t image, size_t plane, const struct plane_statistics *s)
{
	const struct {
		const char *name;
		double v;
	} numbers[] = {{"missing", (double)s->missing}, {"min", s->min}, {"max", s->max},
		{"mean", s->mean}, {"sigma", s->sigma}, {"median", s->median}, {"mad", s->mad},
		{"noise", s->noise}};
	const char *comma = info->options->json ? "," : ", ";

	str_addf(&info->text,
		info->options->json ? "%s{\"image\":%zu,\"plane\":%zu,"
				    : "%s  image %zu plane %zu: ",
		info->options->json && (image || plane) ? "," : "", image, plane);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		add_number(info, numbers[i].name, numbers[i].v, i ? comma : "");
	str_add(&info->text, info->options->json ? "}" : "\n");
}

/* The median of the pixels of a rectangle. */
static double median_of(const float *v, size_t width, size_t x0, size_t x1, size_t y0, size_t y1)
{
	size_t w = x1 - x0, h = y1 - y0;
	float *part = xmalloc(w * h * sizeof(*part) + 1);
	double median;

	for (size_t y = 0; y < h; y++)
		memcpy(part + y * w, v + (y0 + y) * width + x0, w * sizeof(*part));
	median = median_f32(part, w * h, NULL);
	free(part);
	return median;
}

static void levels_of(const struct image *image, const float *v, const struct plane_statistics *s,
	struct fits_levels *l)
{
	size_t w = image->width, h = image->height, bw = (w + BORDER - 1) / BORDER;
	size_t bh = (h + BORDER - 1) / BORDER;

	*l = (struct fits_levels){.median = s->median,
		.noise = s->noise,
		.p999 = quantile_f32(v, w * h, 0.999, NULL),
		.centre = median_of(v, w, w / 2 - bw / 2, w / 2 - bw / 2 + bw, h / 2 - bh / 2,
			h / 2 - bh / 2 + bh),
		.full_scale = image->full_scale};
	l->edge =
		(median_of(v, w, 0, bw, 0, bh) + median_of(v, w, w - bw, w, 0, bh) +
			median_of(v, w, 0, bw, h - bh, h) + median_of(v, w, w - bw, w, h - bh, h)) /
		4;
}

static void print_verdict(struct info *info, const struct fits_verdict *v)
{
	struct str *out = &info->text;
	bool json = info->options->json;

	if (json)
		str_addf(out, ",\"class\":\"%s\",\"certain\":%s,\"evidence\":[",
			fits_kind_name[v->kind], v->certain ? "true" : "false");
	else
		str_addf(out, "  class %s%s\n", fits_kind_name[v->kind],
			v->certain ? "" : " (uncertain)");
	for (size_t i = 0; i < v->count; i++) {
		const struct fits_evidence *e = &v->evidence[i];

		str_addf(out,
			json ? "%s{\"for\":\"%s\",\"weight\":%g,\"text\":" : "%s    %-5s %+4.1f  ",
			json && i ? "," : "", fits_kind_name[e->kind], e->weight);
		if (json)
			str_add_json(out, e->text);
		else
			str_add_escaped(out, e->text);
		str_add(out, json ? "}" : "\n");
	}
	str_add(out, json ? "]" : "");
}

/* Statistics of the images of one HDU. */
static void print_images(struct info *info, const struct fits_header *h, size_t hdu)
{
	const struct image_file_options how = {.hdu = (int)hdu};
	struct fits_verdict verdict;
	struct plane_statistics s;
	struct fits_levels levels;
	const struct meta *meta;
	struct image_file *file;
	struct image image;
	struct error e;
	bool there, first = true;

	if (image_file_open(&file, info->path, &how, &e))
		die_with(&e);
	str_add(&info->text, info->options->json ? ",\"planes\":[" : "");
	for (size_t number = 0;; number++) {
		float *v;

		if (image_file_next(file, &image, &meta, &there, &e))
			die_with(&e);
		if (!there)
			break;
		v = image_f32_new(&image, NULL);
		for (size_t p = 0; p < image.planes; p++) {
			plane_statistics(
				v + p * image_plane(&image), image.width, image.height, NULL, &s);
			print_plane(info, number, p, &s);
			if (first)
				levels_of(&image, v, &s, &levels);
			first = false;
		}
		free(v);
	}
	str_add(&info->text, info->options->json ? "]" : "");
	image_file_close(file);
	if (info->options->classify) {
		fits_classify(h, base_name(info->path), &levels, &verdict);
		print_verdict(info, &verdict);
	}
}

static void print_hdu(struct info *info, const struct fits_hdu *u, size_t i)
{
	struct str *out = &info->text;
	struct fits_form form;

	if (info->options->json)
		str_addf(out, "%s{\"hdu\":%zu", i ? "," : "", i);
	else
		str_addf(out, "HDU %zu", i);
	if (u->image) {
		fits_form(u, false, &form);
		str_addf(out,
			info->options->json
				? ",\"type\":\"%s\",\"shape\":[%zu,%zu,%zu,%zu],\"compressed\":%s"
				: " %s [%zu][%zu][%zu][%zu]%s",
			dtype_name(form.dtype), form.images, form.planes, form.height, form.width,
			info->options->json ? u->compressed ? "true" : "false"
			: u->compressed	    ? " compressed"
					    : "");
	}
	str_add(out, info->options->json ? "" : "\n");
	print_cards(info, &u->header);
	if (u->image)
		print_images(info, &u->header, i);
	str_add(out, info->options->json ? "}" : "");
}

static void print_file(struct info *info)
{
	struct fits_file *file;
	struct error e;
	int fd = open(info->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		die(EXIT_NOINPUT, "%s: cannot open: %s", info->path, strerror(errno));
	if (fits_file_open(&file, fd, info->path, &e))
		die_with(&e);
	if (info->options->json) {
		str_add(&info->text, "{\"file\":");
		str_add_json(&info->text, base_name(info->path));
		str_add(&info->text, ",\"hdus\":[");
	} else {
		str_add_escaped(&info->text, base_name(info->path));
		str_add(&info->text, "\n");
	}
	for (size_t i = 0; i < fits_file_hdus(file)->count; i++)
		print_hdu(info, &fits_file_hdus(file)->hdu[i], i);
	str_add(&info->text, info->options->json ? "]}\n" : "");
	fits_file_close(file);
	close(fd);
}

static void run(struct filter *f)
{
	struct info info = {.options = f->options};

	f->sandbox = (struct sandbox){.read_paths = (const char *const *)f->operands,
		.read_count = (size_t)f->operand_count};
	harden(&f->sandbox);
	for (int i = 0; i < f->operand_count; i++) {
		info.path = f->operands[i];
		print_file(&info);
		print_text(&info.text);
		str_clear(&info.text);
	}
	str_free(&info.text);
}

static const struct command command = {
	.name = "fits-info",
	.summary = "tell what FITS files hold",
	.operands = "FILE ...",
	.operands_min = 1,
	.operands_max = -1,
	.example = "image.fits",
	.role = ROLE_TOOL,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
