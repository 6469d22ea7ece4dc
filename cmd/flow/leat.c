/* SPDX-License-Identifier: ISC */
/*
 * leat: the one name on PATH. Runs the commands, which lie in ../libexec/leat beside it, and says
 * what there is. Everything is computed from where leat itself lies, so a tree can be moved.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "base/str.h"
#include "stream/frame.h"

static const char usage_text[] =
	"usage: leat NAME [options] [operands]   run a command\n"
	"       leat --list                      the commands, with what each does\n"
	"       leat help [NAME]                 the manual page of a command\n"
	"       leat --exec-path                 the folder of the commands, for PATH\n"
	"       leat --version [-v]              the version; -v: what the kernel offers\n";

/* The folder of the commands: libexec/leat beside the folder this program lies in. */
static char *exec_path(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct str path = {0};
	char *slash;

	if (n < 0)
		die(EXIT_OS, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	for (int up = 0; up < 2; up++)
		if ((slash = strrchr(self, '/')))
			*slash = '\0';
	str_addf(&path, "%s/libexec/leat", self);
	return path.p;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The summary a command gives of itself, "" if it gives none. */
static void summary_of(const char *path, char *out, size_t size)
{
	struct str line = {0};
	char *text = NULL;
	size_t room = 0;
	FILE *p;

	out[0] = '\0';
	str_add_shell(&line, path);
	str_add(&line, " --describe 2>/dev/null");
	p = popen(line.p, "r");
	str_free(&line);
	if (!p)
		return;
	while (getline(&text, &room, p) >= 0)
		if (starts_with(text, "summary\t"))
			snprintf(out, size, "%.*s", (int)strcspn(text + 8, "\n"), text + 8);
	free(text);
	pclose(p);
}

static int list(const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, visible, by_name);
	char path[PATH_MAX], summary[200];

	if (n < 0)
		die(EXIT_NOINPUT, "%s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0) {
			summary_of(path, summary, sizeof(summary));
			printf("%-16s %s\n", entry[i]->d_name, summary);
		}
		free(entry[i]);
	}
	free(entry);
	return EXIT_OK;
}

/* A command's name: no path, so that leat runs only what is its own. */
static char *path_of(const char *folder, const char *name)
{
	struct str path = {0};

	if (!*name || strchr(name, '/') || *name == '.')
		die(EXIT_USAGE, "%s: not the name of a command: see 'leat --list'", name);
	str_addf(&path, "%s/%s", folder, name);
	if (access(path.p, X_OK))
		die(EXIT_USAGE, "%s: no such command: see 'leat --list'", name);
	return path.p;
}

/* The page of a command or of a subject such as leat-stream: installed, or in the tree. */
static char *page_of(const char *folder, const char *name)
{
	for (const char *section = "157"; *section; section++) {
		struct str path = {0};

		str_addf(&path, "%s/../../share/man/man%c/%s.%c", folder, *section, name, *section);
		if (access(path.p, R_OK)) {
			str_clear(&path);
			str_addf(&path, "%s/../../../man/%s.%c", folder, name, *section);
		}
		if (access(path.p, R_OK) == 0)
			return path.p;
		str_free(&path);
	}
	return NULL;
}

static int help(const char *folder, const char *name)
{
	char *page, *command;

	if (!name || !strcmp(name, "leat")) {
		fputs(usage_text, stdout);
		return EXIT_OK;
	}
	if (!*name || strchr(name, '/'))
		die(EXIT_USAGE, "%s: not the name of a page: see 'leat --list'", name);
	page = page_of(folder, name);
	if (page) {
		execlp("man", "man", page, (char *)NULL);
		execlp("mandoc", "mandoc", "-a", page, (char *)NULL);
	}
	command = path_of(folder, name);
	execl(command, name, "--help", (char *)NULL);
	die(EXIT_OS, "%s: %s", command, strerror(errno));
}

static int version(bool more)
{
	struct str text = {0};

	str_addf(&text, "leat %s (stream %d.%d)\n", LEAT_VERSION, STREAM_MAJOR, STREAM_MINOR);
	if (more)
		sandbox_describe(&text);
	fputs(text.p, stdout);
	str_free(&text);
	return EXIT_OK;
}

static int run(const char *folder, char **argv)
{
	char *path = path_of(folder, argv[0]);

	execv(path, argv);
	die(EXIT_OS, "%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	char *folder = exec_path();
	int code = EXIT_OK;

	if (!*word) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		code = help(folder, NULL);
	else if (!strcmp(word, "help"))
		code = help(folder, argv[2]);
	else if (!strcmp(word, "--exec-path"))
		printf("%s\n", folder);
	else if (!strcmp(word, "--list"))
		code = list(folder);
	else if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		code = version(argc > 2 && !strcmp(argv[2], "-v"));
	else if (*word == '-')
		die(EXIT_USAGE, "%s: unknown option: see 'leat --help'", word);
	else
		code = run(folder, argv + 1);
	if (fflush(stdout) || ferror(stdout))
		die(EXIT_IO, "cannot write: %s", strerror(errno));
	free(folder);
	return code;
}
