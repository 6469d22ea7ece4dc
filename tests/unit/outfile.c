/* SPDX-License-Identifier: ISC */
/* Files appear whole or not at all: after a commit, a death, a kill, a full disk. */
#include "base/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

#include "../child.h"
#include "../test.h"

static bool holds(const char *path, const char *text)
{
	char got[200] = "";
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		return false;
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	fclose(f);
	return !strcmp(got, text);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* Entries of the folder we are in, "." and ".." not counted. */
static int entries(void)
{
	DIR *d = opendir(".");
	int n = -2;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static void write_and(void (*then)(struct outfile *f))
{
	struct outfile *f = outfile_open("a", false);

	outfile_write(f, "whole", 5);
	then(f);
}

static void leave(struct outfile *f)
{
	(void)f;
	die(EXIT_DATA, "on purpose");
}

static void be_killed(struct outfile *f)
{
	(void)f;
	raise(SIGKILL);
}

static void commit_and_be_killed(struct outfile *f)
{
	outfile_commit(f);
	raise(SIGKILL);
}

static void run(void *arg)
{
	void (*then)(struct outfile * f);

	memcpy(&then, arg, sizeof(then));
	write_and(then);
}

static int run_with(void (*then)(struct outfile *f))
{
	return in_child(run, &then);
}

/* With `sweeping`, the next file to be locked goes before: another start has taken it for stale. */
static bool sweeping;

int flock(int fd, int operation)
{
	char link[40], path[200] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (sweeping && (readlink(link, path, sizeof(path) - 1) < 0 || unlink(path)))
		abort();
	sweeping = false;
	return (int)syscall(SYS_flock, fd, operation);
}

static void be_swept(void *arg)
{
	(void)arg;
	sweeping = true;
	write_and(outfile_commit);
}

static void life_and_death(void)
{
	struct outfile *f = outfile_open("a", false);

	outfile_write(f, "whole", 5);
	check(access("a", F_OK) != 0, "before the commit there is no file");
	outfile_commit(f);
	check(holds("a", "whole") && entries() == 1, "after it there is, and no part");
	put("a", "old");
	outfile_discard(outfile_open("a", false));
	outfile_discard(NULL);
	check(holds("a", "old") && entries() == 1, "discarded: the old file stays, no part");
	check(run_with(leave) == EXIT_DATA && holds("a", "old") && entries() == 1,
		"died: the old file stays, no part");
	check(run_with(be_killed) == 128 + SIGKILL && holds("a", "old") && entries() == 2,
		"killed: the old file stays, the part too");
	check(run_with(commit_and_be_killed) == 128 + SIGKILL && holds("a", "whole") &&
			entries() == 1,
		"the next start sweeps it; killed after the commit: the new file");
	put(".a.1-0.part", "");
	put(".ab.1-0.part", "");
	put(".a.x-0.part", "");
	f = outfile_open("a", false);
	check(entries() == 4, "what other names have left is not swept");
	outfile_discard(outfile_open("a", false));
	outfile_commit(f);
	check(holds("a", ""), "nor a part that is being written");
	check(in_child(be_swept, NULL) == 0 && holds("a", "whole"),
		"a part swept before its lock is made again");
	unlink(".ab.1-0.part");
	unlink(".a.x-0.part");
	unlink("a");
	check(entries() == 0, "nothing else is left");
}

#define SET 40

static void open_set(struct outfile *file[SET])
{
	char name[20];

	for (int i = 0; i < SET; i++) {
		snprintf(name, sizeof(name), "%d", i);
		file[i] = outfile_open(name, false);
		outfile_write(file[i], "whole", 5);
	}
}

static void commit_set(void *arg)
{
	struct rlimit limit = {SET + 10, SET + 10};
	struct outfile *file[SET];

	(void)arg;
	setrlimit(RLIMIT_NOFILE, &limit);
	open_set(file);
	for (int i = 0; i < SET; i++)
		outfile_commit(file[i]);
}

static void leave_set(void *arg)
{
	struct outfile *file[SET];

	(void)arg;
	open_set(file);
	outfile_commit(file[1]);
	outfile_discard(file[SET - 1]);
	outfile_discard(file[7]);
	die(EXIT_DATA, "on purpose");
}

static void sets(void)
{
	char name[20];
	int whole = 0;

	check(in_child(leave_set, NULL) == EXIT_DATA && holds("1", "whole") && entries() == 1,
		"died within a set: no part, only what was committed");
	check(in_child(commit_set, NULL) == 0, "%d files at once, a descriptor each", SET);
	for (int i = 0; i < SET; i++) {
		snprintf(name, sizeof(name), "%d", i);
		whole += holds(name, "whole");
		unlink(name);
	}
	check(whole == SET && entries() == 0, "all are whole");
}

/* Fills a pipe that does not block, with a reader that is late. */
static void write_late(void *arg)
{
	static char bytes[1 << 18];
	int ends[2];
	size_t left = sizeof(bytes);

	(void)arg;
	if (pipe(ends) || fcntl(ends[1], F_SETFL, O_NONBLOCK))
		abort();
	if (fork() == 0)
		_exit(write_whole(ends[1], bytes, sizeof(bytes)) != 0);
	close(ends[1]);
	usleep(50000);
	while (left > 0) {
		ssize_t n = read(ends[0], bytes, left);

		if (n <= 0)
			_exit(1);
		left -= (size_t)n;
	}
}

/* Of a name that another file takes meanwhile (arg), or in whose way a folder comes ("blocked"). */
static void commit_together(void *arg)
{
	struct outfile *file[2] = {outfile_open("data", arg), outfile_open("meta", arg)};

	outfile_write(file[0], "new data", 8);
	outfile_write(file[1], "new meta", 8);
	if (arg)
		put(arg, "theirs");
	else if (access("blocked", F_OK) == 0 && (unlink("data") || mkdir("data", 0777)))
		abort();
	outfile_commit_together(file, 2);
}

static void together(void)
{
	check(in_child(commit_together, NULL) == 0 && holds("data", "new data") &&
			holds("meta", "new meta") && entries() == 2,
		"two files at one commit");
	put("data", "old data");
	put("meta", "old meta");
	check(in_child(commit_together, NULL) == 0 && holds("data", "new data") &&
			holds("meta", "new meta") && entries() == 2,
		"they replace older ones");
	put("blocked", "");
	check(in_child(commit_together, NULL) == EXIT_CANTCREATE && holds("meta", "new meta") &&
			rmdir("data") == 0 && entries() == 2,
		"where the first cannot appear, all is as it was");
	unlink("blocked");
	check(in_child(commit_together, "meta") == EXIT_CANTCREATE && holds("meta", "theirs") &&
			entries() == 1,
		"no_clobber: where the last cannot appear, the first does not stay");
	unlink("meta");
}

static void writes(void)
{
	check(in_child(write_late, NULL) == 0, "a pipe that would not block is waited for");
	check(write_whole(-1, "x", 1) == -1 && errno == EBADF, "what cannot be written is told");
}

static void exceed(void *arg)
{
	struct rlimit limit = {100, 100};
	struct outfile *f = outfile_open("a", false);
	char bytes[200] = "";

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	outfile_write(f, bytes, sizeof(bytes));
	outfile_commit(f);
}

static void commit_over_another(void *arg)
{
	struct outfile *f = outfile_open("a", true);

	(void)arg;
	put("a", "theirs");
	outfile_commit(f);
}

static void without_folder(void *arg)
{
	outfile_open(arg, false);
}

static void check_path(void *arg)
{
	outfile_check(arg, false);
}

static void check_new(void *arg)
{
	outfile_check(arg, true);
}

static void check_input(void *arg)
{
	if (dup2(open(arg, O_RDONLY), STDIN_FILENO) != STDIN_FILENO)
		abort();
	outfile_check("./a", false);
}

static void check_operand(void *arg)
{
	if (open(".", O_RDONLY) < 0 || open(arg, O_RDONLY) < 0)
		abort();
	outfile_check("./a", false);
}

static void check_log(void *arg)
{
	if (open(arg, O_WRONLY) < 0)
		abort();
	outfile_check("./a", false);
}

static void refusals(void)
{
	check(in_child(exceed, NULL) == EXIT_IO && strstr(said, "too large") && entries() == 0,
		"a file that may not grow: 74, nothing left");
	check(in_child(commit_over_another, NULL) == EXIT_CANTCREATE && holds("a", "theirs") &&
			entries() == 1,
		"no_clobber holds even if the other file came meanwhile");
	check(in_child(without_folder, "nowhere/a") == EXIT_CANTCREATE, "no folder: 73");
	check(in_child(check_path, "a") == 0, "a file may be replaced");
	check(in_child(check_new, "a") == EXIT_CANTCREATE && strstr(said, "no-clobber"),
		"unless no_clobber");
	check(in_child(check_new, "b") == 0, "a new one never clobbers");
	check(in_child(check_input, "a") == EXIT_CANTCREATE && strstr(said, "input itself"),
		"the input is no output");
	check(in_child(check_operand, "a") == EXIT_CANTCREATE && strstr(said, "input itself"),
		"nor is an operand");
	check(in_child(check_log, "a") == 0, "what is only written is no input");
	mkfifo("fifo", 0600);
	mkdir("folder", 0700);
	if (symlink("a", "link"))
		abort();
	check(in_child(check_path, "fifo") == EXIT_CANTCREATE && strstr(said, "FIFO"),
		"a FIFO is refused");
	check(in_child(check_path, "link") == EXIT_CANTCREATE && strstr(said, "link"),
		"a link is refused");
	check(in_child(check_path, "folder") == EXIT_CANTCREATE && strstr(said, "folder"),
		"a folder is refused");
	check(in_child(check_path, "folder/") == EXIT_CANTCREATE,
		"a name that ends in a slash is refused");
	check(in_child(check_path, "") == EXIT_CANTCREATE, "an empty name is refused");
	check(in_child(check_path, "/dev/null") == EXIT_CANTCREATE, "a device is refused");
	check(in_child(check_path, "nowhere/a") == EXIT_CANTCREATE,
		"a folder that is not there is refused");
	unlink("fifo");
	unlink("link");
	rmdir("folder");
	unlink("a");
}

static const char *value_of(void *arg, const char *key)
{
	return !strcmp(key, "object") ? arg : NULL;
}

static bool expands(const char *pattern, const char *object, const char *to)
{
	const char *why = NULL;
	char *path = pattern_expand(pattern, 7, value_of, (void *)(uintptr_t)object, &why);
	bool same = path && to ? !strcmp(path, to) : !path && !to && why;

	if (!same)
		printf("# %s: %s\n", pattern, path ? path : why);
	free(path);
	return same;
}

static void patterns(void)
{
	static const char *const wrong[] = {"{", "}", "a{n", "n}", "{}", "{x}", "{n:4}", "{n:00}",
		"{n:044}", "{n:0}", "{{n}}", "{n:0x}"};

	check(expands("x_{n:04}.png", "", "x_0007.png"), "{n:04}");
	check(expands("f/{n}-{n}", "", "f/7-7"), "{n} twice, beneath a folder");
	check(expands("{object}.fits", "M 31/../x", "M_31_.._x.fits"), "values make no folders");
	check(expands("{object}", "..", "_.") && expands("{object}", ".hidden", "_hidden") &&
			expands("{object}", "", "_"),
		"nor hidden names, nor none");
	check(expands("a/{object}", "-rf", "a/_rf") && expands("t{object}", "-10", "t-10"),
		"nor an option");
	check(expands("{object}", "\xff\n'$(x)", "_____x_"), "nor anything for a shell");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check(expands(wrong[i], "a", NULL), "refuses %s", wrong[i]);
}

static void manifests(void)
{
	struct manifest *m = manifest_new("x_{n}.txt");

	put("x_0.txt", "123456789");
	put("x_1.txt", "");
	manifest_add(m, "x_0.txt");
	manifest_add(m, "./x_1.txt");
	check(access("x.manifest", F_OK) != 0, "no manifest before its commit");
	manifest_commit(m);
	check(holds("x.manifest", "e3069283 9 x_0.txt\n00000000 0 x_1.txt\n"),
		"CRC, size and name");
	unlink("x_0.txt");
	unlink("x_1.txt");
	unlink("x.manifest");
}

int main(void)
{
	char folder[] = "/tmp/outfile.XXXXXX";

	argv0 = "test";
	if (!mkdtemp(folder) || chdir(folder))
		return 70;
	life_and_death();
	sets();
	together();
	writes();
	refusals();
	patterns();
	manifests();
	check(entries() == 0 && rmdir(folder) == 0, "the folder is empty at the end");
	return done();
}
