/* SPDX-License-Identifier: ISC */
/*
 * qa-gate: is a stream good enough to go on with? In: any stream. Out: the same, every frame as it
 * came. The metadata of the data frames, the notes of END and the number of frames are held against
 * bounds; what is absent or no number is out of bounds. The verdict is the exit status, 1 for no.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stream/filter.h"

#define KEY_ROOM 80 /* of a valid key with a scope before it */

struct options {
	struct text_list min, max;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "min", OPT_LIST, AT(min), "", NULL, 0, 0, "KEY=NUMBER", 0,
		"least value of a key of the frames, of NAME.key in the notes, or of frames"},
	{0, "max", OPT_LIST, AT(max), "", NULL, 0, 0, "KEY=NUMBER", 0,
		"greatest value of the same"},
	OPTIONS_END,
};

enum subject {
	OF_FRAME, /* metadata that hold for a frame */
	OF_NOTES, /* NAME.key: notes of END */
	OF_COUNT, /* frames: how many the segment has */
};

struct check {
	enum subject of;
	char *key;
	const char *bound_text;
	double bound;
	bool is_max;
	bool told; /* the first failure is told, others are counted */
	bool ran;  /* OF_NOTES: the command stands in the history of the segment */
};

struct gate {
	struct check *check;
	size_t checks, of_frame;
	uint64_t all, failed; /* frames */
	/* of the segment */
	uint64_t frames;
	bool group_open;
};

/* A name with a dot before a key means a note; x. begins keys that commands invent. */
static enum subject subject_of(const char *key)
{
	const char *bare = key + (*key == '%' || *key == '~');

	if (!strcmp(key, "frames"))
		return OF_COUNT;
	return strchr(key, '.') && !starts_with(bare, "x.") ? OF_NOTES : OF_FRAME;
}

static void add_check(struct gate *g, const char *option, const char *text)
{
	const char *equals = strchr(text, '=');
	struct check c = {.is_max = !strcmp(option, "max")};

	if (!equals || !meta_key_valid(text, (size_t)(equals - text)) ||
		!parse_real(equals + 1, &c.bound))
		die(EXIT_USAGE, "--%s: '%s': must be KEY=NUMBER such as star_count=20", option,
			text);
	c.key = xstrndup(text, (size_t)(equals - text));
	c.bound_text = equals + 1;
	c.of = subject_of(c.key);
	g->of_frame += c.of == OF_FRAME;
	g->check = xrealloc(g->check, g->checks + 1, sizeof(*g->check));
	g->check[g->checks++] = c;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct gate *g = f->state = xcalloc(1, sizeof(*g));

	for (size_t i = 0; i < o->min.n; i++)
		add_check(g, "min", o->min.v[i]);
	for (size_t i = 0; i < o->max.n; i++)
		add_check(g, "max", o->max.v[i]);
	if (g->checks == 0)
		die(EXIT_USAGE, "nothing to check: --min or --max is needed");
}

/* Whether the history names the command that a check of notes is about. */
static bool has_run(const struct meta *meta, const char *key)
{
	size_t n = strcspn(key, ".");
	const char *line;

	for (size_t at = 0; (line = meta_next(meta, "history", &at));)
		if (!strncmp(line, key, n) && line[n] == ' ')
			return true;
	return false;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct gate *g = f->state;

	(void)out;
	g->frames = 0;
	for (size_t i = 0; i < g->checks; i++)
		g->check[i].ran = g->check[i].of == OF_NOTES && has_run(in, g->check[i].key);
}

/* The gate is shut. Whether this is the check's first failure, the one that is told. */
static bool shut(struct filter *f, struct check *c)
{
	bool first = !c->told;

	filter_no(f);
	c->told = true;
	return first;
}

/* Whether a value, in words and as a number (NaN = is none), is within the bound. */
static bool within(struct filter *f, struct check *c, const char *text, double v)
{
	if (c->is_max ? v <= c->bound : v >= c->bound)
		return true;
	if (!shut(f, c))
		return false;
	if (isnan(v))
		warn("%s: '%s' is not a number", c->key, text);
	else
		warn("%s: %s is %s %s", c->key, text, c->is_max ? "above --max" : "below --min",
			c->bound_text);
	return false;
}

/* The key itself or, if that is absent, the one of some scope that has values. */
static const char *key_in(const struct meta *meta, const char *key, char scoped[KEY_ROOM])
{
	static const char scopes[] = "%~";

	for (const char *scope = scopes; !meta_get(meta, key) && *scope; scope++) {
		snprintf(scoped, KEY_ROOM, "%c%s", *scope, key);
		if (meta_get(meta, scoped))
			return scoped;
	}
	return key;
}

/* Every value of the key, as one for each subchannel, must be within. */
static bool frame_passes(struct filter *f, struct check *c, const struct meta *meta)
{
	char scoped[KEY_ROOM];
	const char *key = key_in(meta, c->key, scoped), *text;
	size_t at = 0;
	double v;

	if (!meta_get(meta, key)) {
		if (shut(f, c))
			warn("%s: missing", c->key);
		return false;
	}
	while ((text = meta_next(meta, key, &at)))
		if (!within(f, c, text, parse_f64(text, true, &v) ? v : NAN))
			return false;
	return true;
}

/* Members of a group that are no science images, such as masks, are not checked. */
static bool is_checked(struct filter *f, const struct frame *frame)
{
	struct gate *g = f->state;
	bool member = g->group_open || frame->kind == KIND_IMAGE;

	g->group_open = member && !(frame->flags & FRAME_GROUP_LAST);
	return !member || is_science(f, frame);
}

static void gate(struct filter *f, const struct frame *frame)
{
	struct gate *g = f->state;
	bool passes = true;

	if (is_checked(f, frame)) {
		const struct meta *meta = filter_meta(f, frame);

		for (size_t i = 0; i < g->checks; i++)
			if (g->check[i].of == OF_FRAME && !frame_passes(f, &g->check[i], meta))
				passes = false;
		g->frames++;
		g->all++;
		g->failed += !passes;
	}
	filter_forward(f, frame);
}

/* The value in "NAME key=value", if that is what NAME.key is about, else NULL. */
static const char *note_value(const char *note, const char *key)
{
	size_t n = strcspn(key, "."), rest = strlen(key) - n - 1;

	if (strncmp(note, key, n) != 0 || note[n] != ' ' ||
		strncmp(note + n + 1, key + n + 1, rest) != 0 || note[n + 1 + rest] != '=')
		return NULL;
	return note + n + 1 + rest + 1;
}

/* Commands note what they count, and mostly say nothing of 0. */
static void check_notes(struct filter *f, struct check *c, const struct meta *end)
{
	char text[NUMBER_TEXT];
	const char *note, *value;
	double sum = 0, v;
	bool found = false;

	for (size_t at = 0; (note = meta_next(end, "note", &at));) {
		if (!(value = note_value(note, c->key)))
			continue;
		found = true;
		if (!parse_f64(value, true, &v) || isnan(v)) {
			within(f, c, value, NAN);
			return;
		}
		sum += v;
	}
	if (found || c->ran)
		within(f, c, format_f64(text, sum), sum);
	else if (shut(f, c))
		warn("%s: no such note, and the command is not in the history", c->key);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct gate *g = f->state;
	char text[NUMBER_TEXT];

	for (size_t i = 0; i < g->checks; i++) {
		struct check *c = &g->check[i];

		if (c->of == OF_NOTES)
			check_notes(f, c, meta);
		else if (c->of == OF_COUNT)
			within(f, c, format_f64(text, (double)g->frames), (double)g->frames);
	}
	if (g->of_frame > 0 && g->frames == 0) {
		warn("a segment in which no frame came");
		filter_no(f);
	}
}

static void finish(struct filter *f)
{
	struct gate *g = f->state;

	if (g->failed > 1)
		warn("%llu of %llu frames failed", (unsigned long long)g->failed,
			(unsigned long long)g->all);
}

static const struct command command = {
	.name = "qa-gate",
	.summary = "exit with 1 if metadata or notes of a stream are out of bounds",
	.operands = "",
	.example = "--min frames=0",
	.role = ROLE_FILTER,
	.in = KINDS_ALL,
	.out = KINDS_ALL,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = gate,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
