/* SPDX-License-Identifier: ISC */
/*
 * channel-combine: one colour image of images through several filters. In: IMAGE of one plane each,
 * named by `filter` or --names, and the files of --with. Out: one image of three planes, f32, each
 * an expression of the channels.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "image/channel_set.h"
#include "image/file.h"
#include "image/members.h"

struct options {
	const char *map, *names;
	struct text_list with;
	int match;
};

#define AT(member) offsetof(struct options, member)

enum { MATCH_NONE, MATCH_MAD };

static const struct option options[] = {
	{'m', "map", OPT_TEXT, AT(map), "", "RGB", 0, 0, "RGB|LRGB|HOO|SHO|R=..,G=..,B=..",
		OPT_OUTPUT, "which channels make red, green and blue"},
	{0, "names", OPT_TEXT, AT(names), "", NULL, 0, 0, "NAME,NAME...", OPT_OUTPUT,
		"names of the channels in the order they come"},
	{0, "with", OPT_LIST, AT(with), "", NULL, 0, 0, "NAME=FILE", OPT_OUTPUT | OPT_FILE,
		"a channel from a FITS or stream file"},
	{0, "match", OPT_ENUM, AT(match), "", "none", 0, 0, "none|mad", OPT_OUTPUT,
		"bring channels to the median and spread of ha, else of the map's first"},
	OPTIONS_END,
};

/* A map is an expression; LRGB takes its luminance from l afterwards. */
static const struct {
	const char *word, *expression;
	bool luminance;
} maps[] = {
	{"RGB", "R=r,G=g,B=b", false},
	{"LRGB", "R=r,G=g,B=b", true},
	{"HOO", "R=ha,G=oiii,B=oiii", false},
	{"SHO", "R=sii,G=ha,B=oiii", false},
};

struct combining {
	struct channel_set set;
	char (*names)[CHANNEL_NAME];
	size_t names_count;
	size_t images, dropped; /* of the segment: science images, other members */
};

static void read_name(const char *option, const char *text, char name[CHANNEL_NAME])
{
	if (!channel_name(text, name))
		die(EXIT_USAGE, "--%s: '%s': must be a name of 1 to %d letters and digits", option,
			text, CHANNEL_NAME - 1);
}

static void parse_map(struct combining *c, const char *text)
{
	struct error e;

	for (size_t i = 0; i < COUNT_OF(maps); i++)
		if (!strcasecmp(text, maps[i].word)) {
			text = maps[i].expression;
			c->set.luminance = maps[i].luminance;
			break;
		}
	if (!strchr(text, '='))
		die(EXIT_USAGE, "--map: '%s': must be RGB, LRGB, HOO, SHO or R=..,G=..,B=..", text);
	if (expression_parse(text, &c->set.map, &e))
		die(e.code, "--map: %s", e.text);
	if (c->set.luminance)
		strcpy(c->set.map.name[c->set.map.names++], "l");
}

static void parse_names(struct combining *c, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word;

	c->names = xcalloc(CHANNELS_MAX, sizeof(*c->names));
	while ((word = strsep(&rest, ","))) {
		if (c->names_count == CHANNELS_MAX)
			die(EXIT_USAGE, "--names: more than %d", CHANNELS_MAX);
		read_name("names", word, c->names[c->names_count]);
		for (size_t i = 0; i < c->names_count; i++)
			if (!strcmp(c->names[i], c->names[c->names_count]))
				die(EXIT_USAGE, "--names: '%s': %s twice", text, c->names[i]);
		c->names_count++;
	}
	free(copy);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct combining *c = f->state = xcalloc(1, sizeof(*c));
	bool given[EXPRESSION_NAMES + 1] = {false};
	size_t distinct = 0;

	parse_map(c, o->map);
	if (o->names)
		parse_names(c, o->names);
	for (size_t i = 0; i < o->with.n; i++) {
		char *text = xstrdup(o->with.v[i]), *equals = strchr(text, '=');
		char name[CHANNEL_NAME];
		int number;

		if (!equals || !equals[1])
			die(EXIT_USAGE, "--with: '%s': must be NAME=FILE", text);
		*equals = '\0';
		read_name("with", text, name);
		number = channel_number(&c->set, name);
		if (number < 0)
			die(EXIT_USAGE, "--with: '%s': the map does not use %s", o->with.v[i],
				name);
		if (given[number])
			die(EXIT_USAGE, "--with: '%s': %s twice", o->with.v[i], name);
		given[number] = true;
		distinct++;
		free(text);
	}
	if (c->set.map.names == 0)
		die(EXIT_USAGE, "--map: '%s': names no channel", o->map);
	if (distinct == c->set.map.names)
		filter_become_source(f);
}

static void read_files(struct filter *f)
{
	const struct options *o = f->options;
	struct combining *c = f->state;

	for (size_t i = 0; i < o->with.n; i++) {
		const char *path = strchr(o->with.v[i], '=') + 1;
		struct meta full = {0}, own = {0};
		char name[CHANNEL_NAME],
			*text = xstrndup(o->with.v[i], (size_t)(path - 1 - o->with.v[i]));
		struct image image;

		channel_name(text, name);
		image_file_one("--with", path, f->pool, &image, &full);
		meta_copy(&own, &full);
		meta_drop_scope(&own, '%');
		meta_drop_scope(&own, '~');
		channel_add(&c->set, name, &image, &own, &full, f->pool);
		free((void *)image.pixels);
		meta_clear(&own);
		meta_clear(&full);
		free(text);
	}
}

static void group(struct filter *f, const struct frame *frames, size_t count)
{
	struct combining *c = f->state;
	const struct frame *science = members_science(f, frames, count);
	char name[CHANNEL_NAME];
	struct image image;
	struct meta own = {0};

	c->dropped += count - 1;
	image_view(f, science, &image);
	if (c->names && c->images >= c->names_count)
		die(EXIT_DATA, "--names: more images than its %zu names", c->names_count);
	if (c->names) {
		strcpy(name, c->names[c->images]);
	} else {
		const char *filter = meta_get(filter_meta(f, science), "filter");

		if (!filter)
			die(EXIT_DATA,
				"an image without the name of its filter: --names must give it");
		if (!channel_name(filter, name))
			die(EXIT_DATA, "filter '%s': must have 1 to %d letters and digits", filter,
				CHANNEL_NAME - 1);
	}
	c->images++;
	filter_own_meta(f, science, &own);
	channel_add(&c->set, name, &image, &own, filter_meta(f, science), f->pool);
	meta_clear(&own);
}

static void combine(struct filter *f)
{
	const struct options *o = f->options;
	struct combining *c = f->state;

	if (c->names && c->images < c->names_count)
		die(EXIT_DATA, "--names: %zu names for %zu images: channel %s is missing",
			c->names_count, c->images, c->names[c->images]);
	channel_put(f, &c->set, o->match == MATCH_MAD);
	if (c->dropped > 0)
		filter_note(f, "dropped", (int64_t)c->dropped);
	channel_clear(&c->set);
	c->images = c->dropped = 0;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	(void)in;
	/* what the one image says of itself */
	meta_remove(out, "filter");
	meta_remove(out, "exposure_s");
	meta_remove(out, "time_start");
	meta_remove(out, "stack_count");
	read_files(f);
}

static void end(struct filter *f, const struct meta *end_meta)
{
	(void)end_meta;
	combine(f);
}

static void run(struct filter *f)
{
	struct meta out = {0};

	read_files(f);
	meta_set(&out, "expect_frames", "1");
	filter_head(f, &out);
	combine(f);
	meta_clear(&out);
}

static const struct command command = {
	.name = "channel-combine",
	.summary = "make one colour image of images through several filters",
	.operands = "",
	.example = "--map SHO --names sii,ha,oiii",
	.role = ROLE_FILTER,
	.groups = GROUPS_WHOLE,
	.in = KIND_BIT(KIND_IMAGE),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "u16 f32 u8 i8 i16 u32 i32 f64",
	.dtypes_out = "f32",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
	.parallel = true,
	.all_cpus = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.run = run,
	.head = head,
	.group = group,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
