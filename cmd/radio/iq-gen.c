/* SPDX-License-Identifier: ISC */
/*
 * iq-gen: makes test signals. Out: IQ of any element type, with gaps, retunes and bursts where
 * asked. Sample i has the same value however the stream is cut: tones have phase 0 at index 0, the
 * noise of a sample is a function of seed, subchannel and index.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/signal.h"
#include "stream/filter.h"

struct options {
	struct rate rate;
	double freq, noise, clip;
	int64_t seconds, seed, subchannels;
	struct text_list tones, chirps, bursts, gaps, retunes;
	const char *type, *time0;
	bool real;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'r', "rate", OPT_RATE, AT(rate), "samples/s", "1M", 0, 0, NULL, OPT_OUTPUT,
		"sample rate, a fraction such as 100000/3 allowed"},
	{'f', "freq", OPT_FREQUENCY, AT(freq), "Hz", "0", 0, 0, NULL, OPT_OUTPUT,
		"centre frequency"},
	{'t', "tone", OPT_LIST, AT(tones), "", NULL, 0, 0, "F[:AMP]", OPT_OUTPUT,
		"tone F Hz from the centre, amplitude 1 = full scale"},
	{0, "chirp", OPT_LIST, AT(chirps), "", NULL, 0, 0, "F0:F1[:AMP]", OPT_OUTPUT,
		"tone that drifts from F0 to F1 over the whole time"},
	{0, "burst", OPT_LIST, AT(bursts), "", NULL, 0, 0, "AT:LEN[:F[:AMP]]", OPT_OUTPUT,
		"tone from time AT for LEN"},
	{0, "noise", OPT_REAL, AT(noise), "full scale", "0", 0, 1e9, NULL, OPT_OUTPUT,
		"Gaussian noise, E|n|^2 = SIGMA^2"},
	{'s', "seconds", OPT_DURATION, AT(seconds), "s", "1", 0, 1e9, NULL, OPT_OUTPUT,
		"how long, gaps included"},
	{'g', "gap", OPT_LIST, AT(gaps), "", NULL, 0, 0, "AT:LEN", OPT_OUTPUT,
		"samples left out from time AT for LEN"},
	{0, "retune", OPT_LIST, AT(retunes), "", NULL, 0, 0, "AT:FREQ", OPT_OUTPUT,
		"new centre frequency from time AT on"},
	{0, "clip", OPT_REAL, AT(clip), "full scale", "0", 0, 1e9, NULL, OPT_OUTPUT,
		"limit each component to +-LEVEL; 0 = no limit but the type's"},
	{0, "seed", OPT_INT, AT(seed), "", "1", 0, 0, NULL, OPT_OUTPUT, "of the noise"},
	{0, "type", OPT_TEXT, AT(type), "", "ci16", 0, 0,
		"cu8|ci8|cu16|ci16|cu32|ci32|cu64|ci64|cf32|cf64", OPT_OUTPUT,
		"element type; without the c, real"},
	{0, "real", OPT_FLAG, AT(real), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"real samples, not complex"},
	{'c', "subchannels", OPT_INT, AT(subchannels), "", "1", 1, 1024, NULL, OPT_OUTPUT,
		"interleaved subchannels; they differ in their noise"},
	{0, "time0", OPT_TEXT, AT(time0), "", NULL, 0, 0, "TIME", OPT_OUTPUT, "UTC of index 0"},
	OPTIONS_END,
};

struct event {
	int64_t at, end; /* samples; of a retune only at */
	double value;	 /* of a retune: Hz */
};

struct generator {
	struct signal *signal;
	unsigned dtype;
	int64_t samples, position;
	size_t row_size;
	int64_t most; /* samples to a frame, which are cut at its multiples */
	struct event *gap, *retune;
	size_t gaps, retunes;
	double freq_hz;
	bool gap_before;
	struct utc time0;
	void *block;
};

/* Cuts "a:b:c" into at most `most` parts; the number of parts, 0 if there are more. */
static size_t cut(const char *text, char parts[][40], size_t most)
{
	for (size_t n = 0; n < most; n++) {
		size_t length = strcspn(text, ":");

		if (length == 0 || length >= 40)
			return 0;
		memcpy(parts[n], text, length);
		parts[n][length] = '\0';
		if (!text[length])
			return n + 1;
		text += length + 1;
	}
	return 0;
}

static _Noreturn void wrong(const char *option, const char *text, const char *form)
{
	die(EXIT_USAGE, "--%s: '%s': must be %s", option, text, form);
}

static bool parse_time(const char *text, struct rate rate, int64_t *sample)
{
	int64_t ns;

	if (!parse_duration(text, &ns) || ns < 0)
		return false;
	*sample = ns_to_samples(ns, rate);
	return true;
}

static int64_t end_of(int64_t at, int64_t length)
{
	return length > INT64_MAX - at ? INT64_MAX : at + length;
}

static void add_tones(struct generator *g, const struct options *o)
{
	char part[4][40];

	for (size_t i = 0; i < o->tones.n; i++) {
		const char *text = o->tones.v[i];
		size_t n = cut(text, part, 2);
		struct signal_tone t = {.end = INT64_MAX, .amplitude = 1};

		if (n < 1 || !parse_frequency(part[0], &t.from_hz) ||
			(n > 1 && !parse_real(part[1], &t.amplitude)))
			wrong("tone", text, "F[:AMP], F in Hz from the centre");
		t.to_hz = t.from_hz;
		signal_add_tone(g->signal, &t);
	}
	for (size_t i = 0; i < o->chirps.n; i++) {
		const char *text = o->chirps.v[i];
		size_t n = cut(text, part, 3);
		struct signal_tone t = {.end = g->samples, .amplitude = 1};

		if (n < 2 || !parse_frequency(part[0], &t.from_hz) ||
			!parse_frequency(part[1], &t.to_hz) ||
			(n > 2 && !parse_real(part[2], &t.amplitude)))
			wrong("chirp", text, "F0:F1[:AMP], in Hz from the centre");
		signal_add_tone(g->signal, &t);
	}
	for (size_t i = 0; i < o->bursts.n; i++) {
		const char *text = o->bursts.v[i];
		size_t n = cut(text, part, 4);
		struct signal_tone t = {.amplitude = 1};

		if (n < 2 || !parse_time(part[0], o->rate, &t.begin) ||
			!parse_time(part[1], o->rate, &t.end) ||
			(n > 2 && !parse_frequency(part[2], &t.from_hz)) ||
			(n > 3 && !parse_real(part[3], &t.amplitude)))
			wrong("burst", text, "AT:LEN[:F[:AMP]], times such as 0.2s");
		t.to_hz = t.from_hz;
		t.end = end_of(t.begin, t.end);
		signal_add_tone(g->signal, &t);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void add_events(struct generator *g, const struct options *o)
{
	char part[2][40];

	g->gap = xcalloc(o->gaps.n + 1, sizeof(*g->gap));
	for (size_t i = 0; i < o->gaps.n; i++) {
		struct event *e = &g->gap[g->gaps++];

		if (cut(o->gaps.v[i], part, 2) != 2 || !parse_time(part[0], o->rate, &e->at) ||
			!parse_time(part[1], o->rate, &e->end))
			wrong("gap", o->gaps.v[i], "AT:LEN, times such as 0.2s");
		e->end = end_of(e->at, e->end);
	}
	g->retune = xcalloc(o->retunes.n + 1, sizeof(*g->retune));
	for (size_t i = 0; i < o->retunes.n; i++) {
		struct event *e = &g->retune[g->retunes++];

		if (cut(o->retunes.v[i], part, 2) != 2 || !parse_time(part[0], o->rate, &e->at) ||
			!parse_frequency(part[1], &e->value))
			wrong("retune", o->retunes.v[i], "AT:FREQ, such as 0.5s:1030MHz");
	}
	qsort(g->gap, g->gaps, sizeof(*g->gap), by_start);
	qsort(g->retune, g->retunes, sizeof(*g->retune), by_start);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct generator *g = f->state = xcalloc(1, sizeof(*g));
	int dtype = dtype_parse(o->type);

	if (dtype < 0)
		die(EXIT_USAGE, "--type: %s: must be one of %s", o->type,
			option_find(options, "type")->choices);
	if (o->time0 && !utc_parse(o->time0, &g->time0))
		die(EXIT_USAGE, "--time0: '%s': must be a time such as 2024-06-27T14:49:00Z",
			o->time0);
	g->dtype = o->real ? dtype_real((unsigned)dtype) : (unsigned)dtype;
	g->samples = ns_to_samples(o->seconds, o->rate);
	g->row_size = dtype_size(g->dtype) * (size_t)o->subchannels;
	g->most = FRAME_PAYLOAD_MAX / 4 / (int64_t)g->row_size;
	if (g->most > SIGNAL_BLOCK)
		g->most = SIGNAL_BLOCK;
	g->freq_hz = o->freq;
	g->signal = signal_new(
		g->dtype, (unsigned)o->subchannels, o->rate, o->noise, o->clip, (uint64_t)o->seed);
	add_tones(g, o);
	add_events(g, o);
	g->block = xaligned((size_t)g->most, g->row_size);
}

/* Takes the retunes that are due; true if the segment must end. */
static bool retuned(struct generator *g)
{
	bool due = false;

	for (; g->retunes > 0 && g->retune->at <= g->position; g->retune++, g->retunes--) {
		due = due || g->retune->value != g->freq_hz;
		g->freq_hz = g->retune->value;
	}
	return due;
}

static void skip_gaps(struct generator *g)
{
	for (; g->gaps > 0 && g->gap->at <= g->position; g->gap++, g->gaps--)
		if (g->gap->end > g->position) {
			g->position = g->gap->end;
			g->gap_before = true;
		}
}

/* The end of the samples that follow the position without an event. */
static int64_t stretch_end(const struct generator *g)
{
	int64_t end = g->samples;

	if (g->gaps > 0 && end > g->gap->at)
		end = g->gap->at;
	if (g->retunes > 0 && end > g->retune->at)
		end = g->retune->at;
	return end;
}

/* The end of what can be made in one frame from the position on. */
static int64_t piece_end(const struct generator *g)
{
	int64_t end = stretch_end(g), most = g->most - g->position % g->most;

	return end - g->position > most ? g->position + most : end;
}

/* How many frames the segment has from the position on; g is a copy that runs ahead. */
static uint64_t frames_ahead(struct generator g)
{
	uint64_t frames = 0;

	for (;;) {
		int64_t begin, end;

		skip_gaps(&g);
		if (g.position >= g.samples || retuned(&g))
			return frames;
		begin = g.position;
		end = stretch_end(&g);
		frames += (uint64_t)((end - 1) / g.most - begin / g.most + 1);
		g.position = end;
	}
}

static void begin_segment(struct filter *f)
{
	const struct options *o = f->options;
	struct generator *g = f->state;
	struct meta m = {0};
	char text[UTC_TEXT];

	meta_set_rate(&m, o->rate);
	for (int64_t c = 0; c < o->subchannels; c++) {
		char hz[NUMBER_TEXT];

		meta_add(&m, "freq_hz", format_f64(hz, g->freq_hz));
	}
	meta_set_f64(&m, "full_scale", dtype_full_scale(g->dtype));
	if (dtype_zero(g->dtype) != 0)
		meta_set_f64(&m, "zero", dtype_zero(g->dtype));
	meta_setf(&m, "expect_frames", "%llu", (unsigned long long)frames_ahead(*g));
	if (o->time0)
		meta_set(&m, "time0", utc_format(text, g->time0, -1));
	filter_head(f, &m);
	meta_clear(&m);
}

static void make_frame(struct filter *f)
{
	const struct options *o = f->options;
	struct generator *g = f->state;
	int64_t end = piece_end(g);
	struct frame out = {
		.kind = KIND_IQ,
		.dtype = (uint8_t)g->dtype,
		.ndim = 2,
		.dim = {(uint64_t)(end - g->position), (uint64_t)o->subchannels},
		.index = g->position,
		.flags = g->gap_before ? FRAME_DISCONTINUITY : 0,
		.payload = g->block,
	};

	out.payload_len = out.dim[0] * g->row_size;
	signal_make(g->signal, g->position, (size_t)out.dim[0], g->block);
	filter_put(f, &out);
	g->gap_before = false;
	g->position = end;
}

static void run(struct filter *f)
{
	struct generator *g = f->state;

	retuned(g);
	begin_segment(f);
	for (;;) {
		skip_gaps(g);
		if (g->position >= g->samples)
			break;
		if (retuned(g)) {
			filter_end(f, true);
			begin_segment(f);
			g->gap_before = false;
		}
		make_frame(f);
	}
}

static const struct command command = {
	.name = "iq-gen",
	.summary = "make test signals: tones, chirps, bursts, noise, with gaps and retunes",
	.operands = "",
	.example = "--seconds 100ms --tone 125k:0.5 --noise 0.01",
	.role = ROLE_SOURCE,
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = DTYPES_ALL,
	.unit_out = "none",
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
