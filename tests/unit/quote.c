/* SPDX-License-Identifier: ISC */
/*
 * What comes from outside reaches the commands of a compiled template byte by byte: random strings
 * of the bytes 1 to 255 as params, as paths of inputs, as output folder, in the template's name and
 * description; the script is run by bash, the Makefile by make, with commands that write down their
 * arguments. quote [SEED [STRINGS]]: so many strings at each place, 2000 by default.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "flow/script.h"

#define BATCH 50
#define LENGTH 60

static char folder[200]; /* all of this happens in */
static char *functions;

static const char backend[] = "backend: builtin\n"
			      "reader: \"fits-read --from0={list}\"\n"
			      "operations:\n"
			      "  show: {run: [show]}\n"
			      "  save: {run: [save], ext: txt}\n";

static const char template_head[] =
	"name: %s\ndescription: %s\ninputs:\n  image: {type: list}\nparams:\n"
	"  given: {type: text, default: x}\nsteps:\n";

static char *find(void *arg, const char *name, char **path, size_t *n)
{
	(void)arg;
	*path = xstrdup(name);
	*n = strlen(backend);
	return xstrdup(backend);
}

static void write_file(const char *name, const char *text, size_t n, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || close(fd)) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		exit(1);
	}
}

static char *read_file(const char *name, size_t *n)
{
	struct error e;
	char *text = file_read(name, 1 << 24, n, &e);

	if (!text)
		*n = 0;
	return text;
}

/* Any bytes but NUL, nasty ones often; without '/' if it is to be the name of a file. */
static void random_string(char *text, size_t longest, bool name)
{
	static const char nasty[] =
		"'\"\\$`!*?[]{}()<>|&;#~ \t\n\r-=%^,:@+\x01\x1b\x7f\x80\xff\xc3\xa9";
	size_t n = 1 + below(longest);

	for (size_t i = 0; i < n; i++) {
		text[i] = below(2) ? nasty[below(sizeof(nasty) - 1)] : (char)(1 + below(255));
		if (name && text[i] == '/')
			text[i] = '_';
	}
	text[n] = '\0';
	if (name && (!strcmp(text, ".") || !strcmp(text, "..")))
		text[0] = '_';
}

/* A double-quoted scalar of YAML; the bytes of text that is UTF-8. */
static void add_yaml(struct str *s, const char *text)
{
	str_add(s, "\"");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		str_addf(s, "\\x%02X", *c);
	str_add(s, "\"");
}

/* What the escapes of add_yaml come to: U+0001 to U+00FF. */
static void utf8_of(const char *text, char *out)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x80) {
			*out++ = (char)*c;
		} else {
			*out++ = (char)(0xc0 | *c >> 6);
			*out++ = (char)(0x80 | (*c & 0x3f));
		}
	}
	*out = '\0';
}

struct batch {
	char param[BATCH][LENGTH + 1];
	char yaml[BATCH][LENGTH + 1]; /* as params written in the template itself */
	char input[BATCH][LENGTH + 1];
	char out[LENGTH + 1];
};

/* Compiles a template of BATCH steps with these strings; the texts of both targets. */
static bool compile(const struct batch *b, const char *out, struct str *sh, struct str *mk)
{
	struct given given[BATCH], inputs[BATCH];
	struct str yaml = {0}, name = {0}, about = {0};
	struct problems p = {0};
	struct template_options how = {0};
	struct plan_options as = {.find = find, .describer = describer_new("/nonexistent")};
	struct script_options to = {.functions = functions, .out = out};
	struct backend_set *set = NULL;
	struct template t;
	struct plan plan;
	char words[BATCH][2][40], path[BATCH][PATH_MAX];
	bool good;

	describe_as(as.describer, "fits-read", "role\tsource\nout\tIMAGE\tany\tany\n");
	describe_as(as.describer, "show",
		"role\tfilter\nin\tIMAGE\tany\tany\nout\tIMAGE\tsame\tsame\n"
		"option\ttext\t\ttext\t\t\t\t\t\t\t\noption\tyaml\t\ttext\t\t\t\t\t\t\t\n"
		"option\tnumber\t\tint\t\t\t\t\t\t\t\n");
	describe_as(as.describer, "save", "role\tsink\nin\tIMAGE\tany\tany\n");
	add_yaml(&name, b->param[0]);
	add_yaml(&about, b->param[1]);
	str_addf(&yaml, template_head, name.p, about.p);
	for (int i = 0; i < BATCH; i++) {
		str_addf(&yaml,
			"  - {id: s%d, operation: show, params: {number: %d, text: x, yaml: ", i,
			i);
		add_yaml(&yaml, b->yaml[i]);
		str_add(&yaml, "}}\n");
		snprintf(words[i][0], sizeof(words[i][0]), "s%d.text", i);
		given[i] = (struct given){words[i][0], b->param[i], "--set"};
		snprintf(path[i], sizeof(path[i]), "%s/in/%s", folder, b->input[i]);
		inputs[i] = (struct given){(char[]){"image"}, path[i], "--input"};
		inputs[i].name = strcpy(words[i][1], "image");
	}
	str_add(&yaml, "  - operation: save\n");
	how.sets = (struct given_list){given, BATCH};
	as.inputs = (struct given_list){inputs, BATCH};
	template_read(&t, "t.yaml", yaml.p, yaml.len, &how, &p);
	plan_make(&plan, &t, &as, &set, &p);
	good = p.errors == 0;
	if (good) {
		script_write(&plan, &to, sh);
		makefile_write(&plan, &to, mk);
	} else {
		struct str said = {0};

		problems_text(&p, false, &said);
		printf("# %s\n", said.p);
		str_free(&said);
	}
	plan_free(&plan);
	backend_set_free(set);
	template_free(&t);
	problems_free(&p);
	describer_free(as.describer);
	str_free(&yaml);
	str_free(&name);
	str_free(&about);
	return good;
}

/* "--text=…" and the rest, as the stand-in for a step wrote them down. */
static bool has_argument(const char *got, size_t n, const char *option, const char *value)
{
	size_t length = strlen(option);

	for (const char *p = got; p < got + n; p += strlen(p) + 1)
		if (!strncmp(p, option, length))
			return !strcmp(p + length, value);
	return false;
}

/* Whether what the commands wrote down is what was given. */
static bool arrived(const struct batch *b)
{
	char name[PATH_MAX + 40], path[PATH_MAX], utf8[2 * LENGTH + 1];
	char *got, *at;
	size_t n;
	bool good = true;

	for (int i = 0; i < BATCH; i++) {
		snprintf(name, sizeof(name), "%s/said/%d", folder, i);
		got = read_file(name, &n);
		utf8_of(b->yaml[i], utf8);
		good = good && got && has_argument(got, n, "--text=", b->param[i]) &&
		       has_argument(got, n, "--yaml=", utf8);
		free(got);
	}
	snprintf(name, sizeof(name), "%s/said/inputs", folder);
	got = at = read_file(name, &n);
	for (int i = 0; i < BATCH && good; i++) {
		snprintf(path, sizeof(path), "%s/in/%s", folder, b->input[i]);
		good = at && at < got + n && !strcmp(at, path);
		at += good ? strlen(at) + 1 : 0;
	}
	good = good && at == got + n;
	free(got);
	return good;
}

static int run(const char *command)
{
	int status;
	struct str line = {0};

	str_addf(&line,
		"cd %s && rm -rf said && mkdir said && PATH=%s/bin:$PATH %s >log 2>&1 </dev/null",
		folder, folder, command);
	status = system(line.p);
	str_free(&line);
	return status;
}

static void make_inputs(struct batch *b, int round)
{
	for (int i = 0; i < BATCH; i++) {
		char path[PATH_MAX + LENGTH + 10];

		/* No two files of one name, which a random byte or two could be. */
		snprintf(path, sizeof(path), "%d", BATCH * (round % 2) + i);
		random_string(b->input[i], LENGTH - 6, true);
		strcat(b->input[i], path);
		snprintf(path, sizeof(path), "%s/in/%s", folder, b->input[i]);
		write_file(path, "", 0, 0644);
	}
}

static void test_run(int rounds)
{
	struct str command = {0}, product = {0};
	int wrong_sh = 0, wrong_mk = 0, wrong_out = 0;

	for (int round = 0; round < rounds; round++) {
		struct batch b;
		struct str sh = {0}, mk = {0}, name = {0};

		for (int i = 0; i < BATCH; i++) {
			random_string(b.param[i], LENGTH, false);
			random_string(b.yaml[i], LENGTH, false);
			for (char *c; (c = strstr(b.yaml[i], "${"));) /* a param's name */
				c[1] = '(';
		}
		make_inputs(&b, round);
		random_string(b.out, LENGTH, true);
		str_addf(&product, "%s/out/%s", folder, b.out);
		if (!compile(&b, product.p, &sh, &mk)) {
			wrong_sh++;
			break;
		}
		str_addf(&name, "%s/script", folder);
		write_file(name.p, sh.p, sh.len, 0755);
		str_clear(&name);
		str_addf(&name, "%s/makefile", folder);
		write_file(name.p, mk.p, mk.len, 0644);
		wrong_sh += run("bash script") != 0 || !arrived(&b);
		wrong_out += access(product.p, F_OK) != 0;
		wrong_mk += run("make -f makefile") != 0 || !arrived(&b);
		str_clear(&command);
		str_addf(&command, "rm -rf %s/in %s/out; mkdir %s/in", folder, folder, folder);
		if (system(command.p))
			wrong_sh++;
		str_clear(&product);
		str_free(&name);
		str_free(&sh);
		str_free(&mk);
	}
	check(wrong_sh == 0,
		"%d params, as many in the template, and inputs reach commands run by bash",
		rounds * BATCH);
	check(wrong_mk == 0, "and by make");
	check(wrong_out == 0, "what is made comes into the folder that was named");
	str_free(&command);
	str_free(&product);
}

/* The line of a text that begins like this, without its end; to be freed. */
static char *line_of(const char *text, const char *begins)
{
	const char *at = strstr(text, begins);

	at = at ? at + 1 : "";
	return xstrndup(at, strcspn(at, "\n"));
}

/* Output folders: their lines in script and Makefile, many in one run. */
static void test_out(int strings)
{
	struct batch b = {0};
	int wrong_sh = 0, wrong_mk = 0;

	for (int i = 0; i < BATCH; i++) {
		strcpy(b.param[i], "x");
		strcpy(b.yaml[i], "x");
		strcpy(b.input[i], "x");
	}
	for (int done = 0; done < strings; done += 500) {
		struct str sh = {0}, mk = {0}, truth = {0}, name = {0};
		char out[LENGTH + 2];
		char *got;
		size_t n;

		str_add(&mk, "SHELL := /bin/bash\n.ONESHELL:\n");
		for (int i = 0; i < 500; i++) {
			struct str script = {0}, makefile = {0};
			char *line;

			random_string(out + 1, LENGTH, false);
			out[0] = '/';
			if (!compile(&b, out, &script, &makefile))
				wrong_sh++;
			line = line_of(script.p, "\nout=");
			str_addf(&sh, "%s\nprintf '%%s\\0' \"$out\"\n", line);
			free(line);
			line = line_of(makefile.p, "\n\tout=");
			if (i % 50 == 0)
				str_addf(&mk, "%sall: t%d\nt%d:\n", i ? "\n" : "", i, i);
			str_addf(&mk, "%s%s\n\tprintf '%%s\\0' \"$$out\" >>%s/made\n",
				i % 50 ? "" : "\t@true\n", line, folder);
			free(line);
			str_add_bytes(&truth, out, strlen(out) + 1);
			str_free(&script);
			str_free(&makefile);
		}
		str_addf(&name, "%s/script", folder);
		write_file(name.p, sh.p, sh.len, 0644);
		str_clear(&name);
		str_addf(&name, "%s/makefile", folder);
		write_file(name.p, mk.p, mk.len, 0644);
		str_clear(&name);
		wrong_sh += run("bash script") != 0;
		str_addf(&name, "%s/log", folder);
		got = read_file(name.p, &n);
		wrong_sh += !got || n != truth.len || memcmp(got, truth.p, n);
		free(got);
		str_clear(&name);
		str_addf(&name, "%s/made", folder);
		unlink(name.p);
		wrong_mk += run("make -s -f makefile all") != 0;
		got = read_file(name.p, &n);
		wrong_mk += !got || n != truth.len || memcmp(got, truth.p, n);
		free(got);
		str_free(&sh);
		str_free(&mk);
		str_free(&truth);
		str_free(&name);
	}
	check(wrong_sh == 0, "%d output folders come out of bash as they went in", strings);
	check(wrong_mk == 0, "and out of make");
}

static void stand_in(const char *name, const char *text)
{
	struct str path = {0}, script = {0};

	str_addf(&path, "%s/bin/%s", folder, name);
	str_addf(&script, "#!/bin/bash\nfolder=%s\n%s", folder, text);
	write_file(path.p, script.p, script.len, 0755);
	str_free(&path);
	str_free(&script);
}

int main(int argc, char **argv)
{
	int strings = argc > 2 ? atoi(argv[2]) : 2000;
	struct str command = {0};
	struct stat st;
	size_t n;

	seed_from(argc, argv);
	snprintf(folder, sizeof(folder), "%s/leat-quote.%d",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	functions = read_file("templates/script.bash", &n);
	str_addf(&command, "mkdir %s %s/bin %s/in %s/out", folder, folder, folder, folder);
	if (!functions || system(command.p))
		return 1;
	stand_in("leat", "echo \"$folder/bin\"\n");
	stand_in("fits-read", "cat \"${1#--from0=}\" >\"$folder/said/inputs\"\n");
	stand_in("show", "for word; do [[ $word != --number=* ]] || number=${word#*=}; done\n"
			 "printf '%s\\0' \"$@\" >\"$folder/said/$number\"\ncat\n");
	stand_in("save", "shift\n: >\"$1\"\n");
	test_run((strings + BATCH - 1) / BATCH);
	test_out(strings);
	str_clear(&command);
	str_addf(&command, "%s/canary", folder);
	check(stat(command.p, &st) != 0, "no canary was hatched");
	str_clear(&command);
	str_addf(&command, "rm -rf %s", folder);
	if (tap.failed == 0 && system(command.p))
		tap.failed++;
	str_free(&command);
	free(functions);
	return done();
}
