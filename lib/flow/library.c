/* SPDX-License-Identifier: ISC */
#include "flow/library.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "flow/yaml.h"

#define ENDING ".yaml"

void library_open(struct library *l)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct str user = {0}, shipped = {0};
	char *slash;

	if (n < 0)
		die(EXIT_OS, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	if ((slash = strrchr(self, '/')))
		*slash = '\0';
	l->commands = xstrdup(self);
	if (config && *config)
		str_addf(&user, "%s/leat/templates", config);
	else if (home && *home)
		str_addf(&user, "%s/.config/leat/templates", home);
	l->folder[0] = user.p;
	str_addf(&shipped, "%s/../../share/leat/templates", self);
	l->folder[1] = realpath(shipped.p, NULL);
	if (l->folder[1])
		str_free(&shipped);
	else
		l->folder[1] = shipped.p;
}

void library_close(struct library *l)
{
	free(l->commands);
	free(l->folder[0]);
	free(l->folder[1]);
}

/* Of a name without its ending. */
static int name_length(const char *name)
{
	size_t n = strlen(name), end = strlen(ENDING);

	return (int)(n > end && !strcmp(name + n - end, ENDING) ? n - end : n);
}

char *library_find(const struct library *l, const char *name, bool backend)
{
	if (!*name || strlen(name) > 200 || *name == '.' || strchr(name, '/'))
		return NULL;
	for (int i = 0; i < 2; i++) {
		struct str path = {0};

		if (!l->folder[i])
			continue;
		str_addf(&path, "%s/%s%.*s" ENDING, l->folder[i], backend ? "backends/" : "",
			name_length(name), name);
		if (access(path.p, R_OK) == 0)
			return path.p;
		str_free(&path);
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the names of the files NAME.yaml in a folder. */
static char **add_names(char **name, size_t *count, const char *folder)
{
	DIR *d = folder ? opendir(folder) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		size_t n = (size_t)name_length(entry->d_name);

		if (*entry->d_name == '.' || !entry->d_name[n])
			continue;
		name = xrealloc(name, *count + 1, sizeof(char *));
		name[(*count)++] = xstrndup(entry->d_name, n);
	}
	if (d)
		closedir(d);
	if (name)
		qsort(name, *count, sizeof(char *), by_name);
	return name;
}

char **library_names(const struct library *l, int folder, size_t *count)
{
	*count = 0;
	return add_names(NULL, count, l->folder[folder]);
}

char **library_backends(const struct library *l, size_t *count)
{
	char **name = NULL;

	*count = 0;
	for (int i = 0; i < 2; i++) {
		struct str path = {0};

		if (!l->folder[i])
			continue;
		str_addf(&path, "%s/backends", l->folder[i]);
		name = add_names(name, count, path.p);
		str_free(&path);
	}
	return name;
}

char *file_read(const char *path, size_t max, size_t *n, struct error *e)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	char *text;
	ssize_t got = -1;

	if (fd < 0) {
		fail(e, EXIT_NOINPUT, "%s: cannot open: %s", path, strerror(errno));
		return NULL;
	}
	text = xmalloc(max + 2);
	for (*n = 0; *n < max + 1; *n += (size_t)got) {
		got = read(fd, text + *n, max + 1 - *n);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			break;
	}
	if (got < 0)
		fail(e, errno == EISDIR ? EXIT_NOINPUT : EXIT_IO, "%s: cannot read: %s", path,
			strerror(errno));
	if (fd != STDIN_FILENO)
		close(fd);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[*n] = '\0';
	return text;
}

/* What stands at a path that was found; that it cannot be read is no fault of a template. */
static char *found_read(const char *path, size_t *n)
{
	struct error e;
	char *text = path ? file_read(path, YAML_BYTES_MAX, n, &e) : NULL;

	if (path && !text)
		die_with(&e);
	return text;
}

char *library_backend(void *arg, const char *name, char **path, size_t *n)
{
	*path = library_find(arg, name, true);
	return found_read(*path, n);
}

char *library_template(void *arg, const char *name, const char *from, char **path, size_t *n)
{
	const char *slash = strrchr(from, '/');
	struct str beside = {0};

	str_addf(&beside, "%.*s%.*s" ENDING, slash ? (int)(slash - from) + 1 : 0, from,
		name_length(name), name);
	if (access(beside.p, R_OK) == 0) {
		*path = beside.p;
	} else {
		*path = library_find(arg, name, false);
		str_free(&beside);
	}
	return found_read(*path, n);
}

void library_suggest(const struct library *l, const char *name, struct str *out)
{
	char **all = NULL;
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		all = add_names(all, &n, l->folder[i]);
	suggest(out, name, (const char *const *)all, n);
	for (size_t i = 0; i < n; i++)
		free(all[i]);
	free(all);
}
