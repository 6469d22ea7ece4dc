/* SPDX-License-Identifier: ISC */
/*
 * sky-gen: makes a synthetic night. Out: IMAGE, u16 or f32 adu: lights, darks, flats or biases of
 * one detector, and on demand tables of what is true of stars and frames. Every value is a function
 * of seed, frame and pixel.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/outfile.h"
#include "image/image.h"
#include "sky/synth.h"

#define PIXELS_TO_STAR 900
#define PIXELS_TO_HOT 1200
#define HOT_TO_COLD 50

struct options {
	int64_t width, height, planes, count, seed, stars, trails, cosmic, hot_pixels;
	int kind, type;
	double exposure, flux, fwhm, sky, nebula, gain, shift, rotation;
	const char *cfa, *filter, *object, *truth_stars, *truth_frames;
	struct text_list clouds;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "width", OPT_INT, AT(width), "px", "640", 8, 65536, NULL, OPT_OUTPUT, "of a frame"},
	{0, "height", OPT_INT, AT(height), "px", "480", 8, 65536, NULL, OPT_OUTPUT, "of a frame"},
	{0, "planes", OPT_INT, AT(planes), "", "1", 1, 3, NULL, OPT_OUTPUT,
		"1, or 3: red, green and blue"},
	{0, "count", OPT_INT, AT(count), "frames", "5", 1, 100000, NULL, OPT_OUTPUT, "how many"},
	{0, "seed", OPT_INT, AT(seed), "", "1", 0, 0, NULL, OPT_OUTPUT,
		"of the sky and the detector"},
	{0, "kind", OPT_ENUM, AT(kind), "", "light", 0, 0, "light|dark|flat|bias", OPT_OUTPUT,
		"of the frames"},
	{0, "type", OPT_ENUM, AT(type), "", "u16", 0, 0, "u16|f32", OPT_OUTPUT,
		"of the values; f32 is not rounded"},
	{0, "exposure", OPT_REAL, AT(exposure), "s", "0", 0, 1e6, NULL, OPT_OUTPUT,
		"for dark current; 0 = 300, of flats 2"},
	{0, "cfa", OPT_TEXT, AT(cfa), "", NULL, 0, 0, "RGGB|GRBG|GBRG|BGGR", OPT_OUTPUT,
		"a mosaic of these colours"},
	{0, "stars", OPT_INT, AT(stars), "", "-1", -1, 1e6, NULL, OPT_OUTPUT,
		"in the field and a margin; -1 = one to 900 px"},
	{0, "flux", OPT_REAL, AT(flux), "electrons", "250", 0, 1e6, NULL, OPT_OUTPUT,
		"of the faintest star"},
	{0, "fwhm", OPT_REAL, AT(fwhm), "px", "3", 1, 20, NULL, OPT_OUTPUT,
		"of stars in the first frame"},
	{0, "sky", OPT_REAL, AT(sky), "electrons/px", "250", 0, 1e5, NULL, OPT_OUTPUT,
		"brightness of the sky"},
	{0, "nebula", OPT_REAL, AT(nebula), "electrons/px", "60", 0, 1e5, NULL, OPT_OUTPUT,
		"brightness of the nebula"},
	{0, "gain", OPT_REAL, AT(gain), "adu/electron", "4", 0.01, 1000, NULL, OPT_OUTPUT,
		"of the camera"},
	{0, "shift", OPT_REAL, AT(shift), "px", "8", 0, 10000, NULL, OPT_OUTPUT,
		"the most a frame is shifted in x and in y"},
	{0, "rotation", OPT_REAL, AT(rotation), "deg", "0.2", 0, 180, NULL, OPT_OUTPUT,
		"the most a frame is turned"},
	{0, "trails", OPT_INT, AT(trails), "frames", "0", 0, 100000, NULL, OPT_OUTPUT,
		"frames that a satellite crosses"},
	{0, "cosmic", OPT_INT, AT(cosmic), "", "3", 0, 100000, NULL, OPT_OUTPUT,
		"cosmic rays to a frame"},
	{0, "hot-pixels", OPT_INT, AT(hot_pixels), "px", "-1", -1, 1e6, NULL, OPT_OUTPUT,
		"of the detector, and a fiftieth of them cold; -1 = one in 1200"},
	{0, "cloud", OPT_LIST, AT(clouds), "", NULL, 0, 0, "N", OPT_OUTPUT,
		"frame N, counted from 0, is cloudy"},
	{0, "filter", OPT_TEXT, AT(filter), "", NULL, 0, 0, "NAME,...", OPT_OUTPUT,
		"filters of the frames in turn; R and B change the colour of one plane"},
	{0, "object", OPT_TEXT, AT(object), "", "synthetic", 0, 0, "NAME", OPT_OUTPUT,
		"name of what is observed"},
	{0, "truth-stars", OPT_TEXT, AT(truth_stars), "", NULL, 0, 0, "FILE", 0,
		"write a table of the stars"},
	{0, "truth-frames", OPT_TEXT, AT(truth_frames), "", NULL, 0, 0, "FILE", 0,
		"write a table of the frames"},
	OPTIONS_END,
};

struct state {
	struct synth_options synth;
	const char *filter[16];
	size_t filters;
	int *colour;
	bool *cloudy;
};

static const char *const type_cards[] = {"IMAGETYP= 'Light   '", "IMAGETYP= 'Dark    '",
	"IMAGETYP= 'Flat    '", "IMAGETYP= 'Bias    '"};

static bool *cloudy_frames(const struct options *o)
{
	bool *cloudy = xcalloc((size_t)o->count, sizeof(*cloudy));
	int64_t n;

	for (size_t i = 0; i < o->clouds.n; i++) {
		if (!parse_i64(o->clouds.v[i], &n) || n < 0 || n >= o->count)
			die(EXIT_USAGE, "--cloud: '%s': must be 0 to %lld, one less than --count",
				o->clouds.v[i], (long long)o->count - 1);
		cloudy[n] = true;
	}
	return cloudy;
}

static void check_truth(struct filter *f)
{
	const struct options *o = f->options;
	const char *path[] = {o->truth_stars, o->truth_frames};
	const char *option[] = {"truth-stars", "truth-frames"};

	for (int i = 0; i < 2; i++) {
		char *folder;

		if (!path[i])
			continue;
		if (o->kind != SYNTH_LIGHT)
			die(EXIT_USAGE, "--%s: only lights have one", option[i]);
		outfile_check(path[i], false);
		folder = folder_of(path[i]);
		if (f->sandbox.write_beneath && strcmp(f->sandbox.write_beneath, folder) != 0)
			die(EXIT_USAGE, "--%s: %s: must be in the folder of --%s", option[i],
				path[i], option[0]);
		f->sandbox.write_beneath = folder;
	}
}

/* The filter of frame n, in f->state's words; NULL if there is none. */
static const char *filter_of(const struct state *s, size_t n)
{
	return s->filters ? s->filter[n % s->filters] : NULL;
}

static void read_filters(struct state *s, const char *text)
{
	char *rest = text ? xstrdup(text) : NULL, *word;

	while ((word = strsep(&rest, ","))) {
		if (!*word || s->filters == COUNT_OF(s->filter))
			die(EXIT_USAGE, "--filter: '%s': must be 1 to %zu names", text,
				COUNT_OF(s->filter));
		s->filter[s->filters++] = word;
	}
}

static int colour_of(const char *filter)
{
	if (filter && (!strcasecmp(filter, "r") || !strcasecmp(filter, "red")))
		return 0;
	return filter && (!strcasecmp(filter, "b") || !strcasecmp(filter, "blue")) ? 2 : 1;
}

static int *colours(const struct state *s, size_t count)
{
	int *colour = xcalloc(count, sizeof(*colour));

	for (size_t i = 0; i < count; i++)
		colour[i] = colour_of(filter_of(s, i));
	return colour;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *state = f->state = xcalloc(1, sizeof(*state));
	struct synth_options *s = &state->synth;
	int64_t pixels = o->width * o->height;

	if (o->planes == 2)
		die(EXIT_USAGE, "--planes: 2: must be 1 or 3");
	if (o->cfa && strcmp(o->cfa, "RGGB") != 0 && strcmp(o->cfa, "GRBG") != 0 &&
		strcmp(o->cfa, "GBRG") != 0 && strcmp(o->cfa, "BGGR") != 0)
		die(EXIT_USAGE, "--cfa: '%s': must be RGGB, GRBG, GBRG or BGGR", o->cfa);
	if (o->cfa && o->planes == 3)
		die(EXIT_USAGE, "--cfa, --planes 3: a mosaic has one plane");
	check_truth(f);
	read_filters(state, o->filter);
	state->colour = colours(state, (size_t)o->count);
	state->cloudy = cloudy_frames(o);
	*s = (struct synth_options){
		.width = (size_t)o->width,
		.height = (size_t)o->height,
		.planes = (size_t)o->planes,
		.colour = state->colour,
		.cfa = o->cfa,
		.kind = (enum synth_kind)o->kind,
		.count = (size_t)o->count,
		.seed = (uint64_t)o->seed,
		.exposure_s = o->kind == SYNTH_BIAS   ? 0
			      : o->exposure > 0	      ? o->exposure
			      : o->kind == SYNTH_FLAT ? 2
						      : 300,
		.stars = (size_t)(o->stars < 0 ? pixels / PIXELS_TO_STAR : o->stars),
		.flux = o->flux,
		.fwhm = o->fwhm,
		.sky = o->sky,
		.nebula = o->nebula,
		.gain = o->gain,
		.shift = o->shift,
		.rotation = o->rotation,
		.trails = (size_t)o->trails,
		.cosmic = (size_t)o->cosmic,
		.hot = (size_t)(o->hot_pixels < 0 ? pixels / PIXELS_TO_HOT : o->hot_pixels),
		.cloudy = state->cloudy,
	};
	s->cold = s->hot / HOT_TO_COLD;
}

static void write_file(const char *path, struct str *text)
{
	struct outfile *out = outfile_open(path, false);

	outfile_write(out, text->p, text->len);
	outfile_commit(out);
	str_free(text);
}

static void write_stars(const char *path, const struct synth *s, size_t count)
{
	struct str text = {0};

	str_add(&text, "x,y,flux_r,flux_g,flux_b\n");
	for (size_t i = 0; i < count; i++) {
		const struct synth_star *t = synth_star(s, i);

		str_addf(&text, "%.4f,%.4f,%.1f,%.1f,%.1f\n", t->x, t->y, t->flux[0], t->flux[1],
			t->flux[2]);
	}
	write_file(path, &text);
}

static void write_frames(const char *path, const struct synth *s, size_t count)
{
	struct str text = {0};

	str_add(&text, "frame,dx,dy,rot_deg,fwhm,trans,sky_e,trail,trail_x,trail_y,trail_deg\n");
	for (size_t i = 0; i < count; i++) {
		const struct synth_frame *t = synth_frame(s, i);

		str_addf(&text, "%zu,%.4f,%.4f,%.5f,%.3f,%.4f,%.1f,%d,", i + 1, t->dx, t->dy,
			t->rotation, t->fwhm, t->transparency, t->sky, t->trail);
		if (t->trail)
			str_addf(&text, "%.2f,%.2f,%.4f", t->trail_x, t->trail_y, t->trail_angle);
		else
			str_add(&text, ",,");
		str_add(&text, "\n");
	}
	write_file(path, &text);
}

static bool has_filter(const struct options *o, const struct state *s)
{
	return s->filters > 0 && (o->kind == SYNTH_LIGHT || o->kind == SYNTH_FLAT);
}

static void begin(struct filter *f)
{
	const struct options *o = f->options;
	const struct state *state = f->state;
	const struct synth_options *s = &state->synth;
	struct meta m = {0};

	meta_setf(&m, "expect_frames", "%zu", s->count);
	meta_set(&m, "unit", "adu");
	meta_set_f64(&m, "full_scale", SYNTH_MAX);
	if (o->kind == SYNTH_LIGHT)
		meta_set(&m, "object", o->object);
	if (has_filter(o, state) && state->filters == 1)
		meta_set(&m, "filter", state->filter[0]);
	meta_set_f64(&m, "exposure_s", s->exposure_s);
	meta_set_f64(&m, "gain", s->gain);
	meta_set_f64(&m, "temperature_c", -10);
	meta_set(&m, "%row_order", "bottom-up");
	if (o->cfa)
		meta_set(&m, "%bayer", o->cfa);
	meta_add(&m, "fits.card", type_cards[o->kind]);
	meta_add(&m, "fits.card", "INSTRUME= 'sky-gen '");
	filter_head(f, &m);
	meta_clear(&m);
}

static void run(struct filter *f)
{
	static const struct rate second = {1, 1};
	const struct options *o = f->options;
	struct state *state = f->state;
	const struct synth_options *so = &state->synth;
	struct synth *s = synth_new(so, f->pool);
	struct image image = {.planes = so->planes,
		.height = so->height,
		.width = so->width,
		.dtype = o->type ? DTYPE_F32 : DTYPE_U16,
		.full_scale = SYNTH_MAX};
	void *pixels = xaligned(image_count(&image), dtype_size(image.dtype));
	struct utc dusk;

	utc_parse("2025-01-15T20:00:00Z", &dusk);
	image.pixels = pixels;
	begin(f);
	for (size_t i = 0; i < so->count; i++) {
		int64_t after_s = (int64_t)((double)i * so->exposure_s);
		char text[UTC_TEXT];
		struct meta own = {0};

		if (o->type)
			synth_make_f32(s, i, pixels, f->pool);
		else
			synth_make_u16(s, i, pixels, f->pool);
		meta_set(
			&own, "time_start", utc_format(text, utc_after(dusk, after_s, second), -1));
		if (has_filter(o, state) && state->filters > 1)
			meta_set(&own, "filter", filter_of(state, i));
		image_put_alone(f, (int64_t)i, &own, &image);
		meta_clear(&own);
	}
	filter_flush(f);
	if (o->truth_stars)
		write_stars(o->truth_stars, s, so->stars);
	if (o->truth_frames)
		write_frames(o->truth_frames, s, so->count);
	synth_free(s);
	free(state->cloudy);
	free(state->colour);
	free(pixels);
}

static const struct command command = {
	.name = "sky-gen",
	.summary = "make a synthetic night: lights, darks, flats, biases, and the truth of them",
	.operands = "",
	.example = "--width 96 --height 80 --count 3",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_out = "u16 f32",
	.unit_out = "adu",
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
