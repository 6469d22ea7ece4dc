/* SPDX-License-Identifier: ISC */
#include "flow/describe.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

struct answer {
	struct described said;
	struct str text;
	pid_t pid; /* of a command that is being asked, else 0 */
	int fd, code; /* code: its exit status */
	bool parsed;
};

struct describer {
	const char *folder;
	struct answer **answer;
	size_t count;
};

extern char **environ;

struct describer *describer_new(const char *folder)
{
	struct describer *d = xcalloc(1, sizeof(*d));

	d->folder = folder;
	return d;
}

static void listen(struct answer *a)
{
	char piece[8192];
	int status = 0;
	ssize_t n;

	if (!a->pid)
		return;
	while ((n = read(a->fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			str_add_bytes(&a->text, piece, (size_t)n);
	if (n < 0)
		die(EXIT_IO, "%s: cannot read what it says of itself: %s", a->said.name,
			strerror(errno));
	close(a->fd);
	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
		;
	a->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	a->pid = 0;
}

void describer_free(struct describer *d)
{
	for (size_t i = 0; i < d->count; i++) {
		listen(d->answer[i]);
		free(d->answer[i]->said.name);
		free(d->answer[i]->said.options);
		str_free(&d->answer[i]->text);
		free(d->answer[i]);
	}
	free(d->answer);
	free(d);
}

static struct answer *find(struct describer *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->answer[i]->said.name, name))
			return d->answer[i];
	return NULL;
}

static struct answer *add(struct describer *d, const char *name)
{
	struct answer *a = xcalloc(1, sizeof(*a));

	a->said.name = xstrdup(name);
	d->answer = xrealloc(d->answer, d->count + 1, sizeof(struct answer *));
	return d->answer[d->count++] = a;
}

void describe_as(struct describer *d, const char *name, const char *text)
{
	str_add(&add(d, name)->text, text);
}

static void start(struct answer *a, const char *path)
{
	char *argv[] = {a->said.name, (char[]){"--describe"}, NULL};
	posix_spawn_file_actions_t actions;
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC))
		die(EXIT_OS, "cannot make a pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
	if (posix_spawn(&a->pid, path, &actions, NULL, argv, environ))
		a->pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	close(pipe[1]);
	a->fd = pipe[0];
	if (!a->pid)
		close(pipe[0]);
}

void describe_ask(struct describer *d, const char *name)
{
	struct str path = {0};

	if (find(d, name) || !*name || *name == '.' || strchr(name, '/'))
		return;
	str_addf(&path, "%s/%s", d->folder, name);
	if (access(path.p, X_OK) == 0)
		start(add(d, name), path.p);
	str_free(&path);
}

/* The next field of a line, which it ends with NUL; "" beyond the last. */
static char *field(char **line)
{
	char *start = *line, *end = start + strcspn(start, "\t");

	*line = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

static struct flow flow_of(char *line)
{
	struct flow f;

	f.kinds = field(&line);
	f.dtypes = field(&line);
	f.unit = field(&line);
	return f;
}

static void add_option(struct described *said, size_t *count, char *line)
{
	struct option o = {.name = field(&line)};
	const char *min, *max;
	int type;

	o.letter = *field(&line);
	type = option_type_of(field(&line));
	o.unit = field(&line);
	o.fallback = field(&line);
	min = field(&line);
	max = field(&line);
	if (!parse_f64(min, false, &o.min) || !parse_f64(max, false, &o.max))
		o.min = o.max = 0;
	o.choices = field(&line);
	if (!*o.choices)
		o.choices = NULL;
	if (strstr(field(&line), "file"))
		o.flags = OPT_FILE;
	o.help = field(&line);
	if (type < 0)
		return;
	o.type = (enum option_type)type;
	said->options = xrealloc(said->options, *count + 2, sizeof(*said->options));
	said->options[(*count)++] = o;
	said->options[*count] = (struct option){0};
}

static void parse(struct answer *a)
{
	struct described *said = &a->said;
	size_t options = 0;
	char *line = a->text.p, *next;

	said->summary = said->role = "";
	said->in = said->out = (struct flow){"", "", ""};
	said->options = xcalloc(1, sizeof(*said->options));
	for (; line && *line; line = next) {
		char *rest = line;
		const char *what;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		what = field(&rest);
		if (!strcmp(what, "summary"))
			said->summary = rest;
		else if (!strcmp(what, "role"))
			said->role = rest;
		else if (!strcmp(what, "in"))
			said->in = flow_of(rest);
		else if (!strcmp(what, "out"))
			said->out = flow_of(rest);
		else if (!strcmp(what, "changes"))
			said->counts = strstr(rest, "count") != NULL;
		else if (!strcmp(what, "option"))
			add_option(said, &options, rest);
	}
}

const struct described *describe(struct describer *d, const char *name, struct error *e)
{
	struct answer *a;

	describe_ask(d, name);
	a = find(d, name);
	if (!a) {
		fail(e, EXIT_CONFIG, "%s: no such command", name);
		return NULL;
	}
	listen(a);
	if (a->code == EXIT_OS || a->code == EXIT_IO)
		die(a->code, "%s: failed, so it did not describe itself", name);
	if (!a->parsed)
		parse(a);
	a->parsed = true;
	if (*a->said.role)
		return &a->said;
	fail(e, EXIT_CONFIG, "%s: does not describe itself", name);
	return NULL;
}
