/* SPDX-License-Identifier: ISC */
/* After harden(): what each profile refuses, and what it leaves; a process for each case. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/pool.h"

#include "../child.h"
#include "../test.h"

static char folder[] = "/tmp/sandbox.XXXXXX";
static char file[100], other[100];

enum profile { FILTER, READ, WRITE };

static void enter(enum profile p)
{
	static const char *paths[] = {file};
	struct sandbox s = {0};

	if (p == READ)
		s = (struct sandbox){.read_paths = paths, .read_count = 1};
	if (p == WRITE)
		s = (struct sandbox){.write_beneath = folder};
	harden(&s);
}

static void require(bool condition)
{
	if (!condition)
		_exit(1);
}

static bool refused(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static void no_opens(void *arg)
{
	(void)arg;
	enter(FILTER);
	require(refused(open(file, O_RDONLY)));
	require(refused(open("/dev/null", O_RDONLY)));
	require(refused(open(other, O_WRONLY | O_CREAT, 0600)));
	require(refused(openat(AT_FDCWD, file, O_RDONLY)));
	require(refused(mkdir("/tmp/x", 0700)));
	require(refused(unlink(file)));
	require(refused(rename(file, other)));
	require(refused(symlink(file, other)));
	require(refused(chmod(file, 0777)));
	require(refused(truncate(file, 0)));
}

static void no_sockets(void *arg)
{
	int ends[2];

	(void)arg;
	enter(FILTER);
	require(refused(socket(AF_INET, SOCK_STREAM, 0)));
	require(refused(socket(AF_UNIX, SOCK_STREAM, 0)));
	require(refused(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
}

static void no_exec(void *arg)
{
	char *words[] = {"/bin/true", NULL};

	enter(*(enum profile *)arg);
	require(refused(execv(words[0], words)));
	require(refused(fork()));
	require(refused(prctl(PR_SET_DUMPABLE, 1)));
	require(refused(kill(getppid(), 0)));
}

static void sum(void *arg, size_t i, unsigned worker)
{
	(void)worker;
	((size_t *)arg)[i] = i;
}

static void work_goes_on(void *arg)
{
	struct pool *pool = pool_new(2);
	static size_t done[1000];
	int ends[2], fd = open(file, O_RDONLY);
	char byte = 'x', *big;

	(void)arg;
	require(pipe(ends) == 0 && fd >= 0);
	enter(FILTER);
	require(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
	require(read(fd, &byte, 1) == 1 && byte == 'f' && lseek(fd, 0, SEEK_SET) == 0);
	big = malloc(64 << 20);
	require(big && (big[1 << 20] = 1));
	free(big);
	pool_run(pool, 1000, sum, done);
	require(done[999] == 999);
	pool_free(pool);
	require(fsync(ends[0]) < 0 && errno == EINVAL);
}

static void reading(void *arg)
{
	int fd;
	char byte;

	(void)arg;
	enter(READ);
	fd = open(file, O_RDONLY);
	require(fd >= 0 && read(fd, &byte, 1) == 1);
	require(refused(open("/etc/passwd", O_RDONLY)));
	require(refused(open(file, O_WRONLY)));
	require(refused(open(file, O_RDWR)));
	require(refused(open(file, O_RDONLY | O_TRUNC)));
	require(refused(open(other, O_WRONLY | O_CREAT, 0600)));
	require(refused(unlink(file)));
}

static void writing(void *arg)
{
	int d = open(folder, O_RDONLY | O_DIRECTORY), fd;

	(void)arg;
	enter(WRITE);
	fd = openat(d, "new", O_RDWR | O_CREAT | O_EXCL, 0600);
	require(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0);
	require(renameat2(d, "new", d, "renamed", 1) == 0);
	require(unlinkat(d, "renamed", 0) == 0);
	require(open(file, O_RDONLY) >= 0);
	require(refused(open("/etc/passwd", O_RDONLY)));
	require(refused(open("/tmp/beside", O_WRONLY | O_CREAT, 0600)));
	require(refused(mkdirat(d, "folder", 0700)));
	require(refused(symlinkat("/etc/passwd", d, "link")));
	require(refused(socket(AF_INET, SOCK_STREAM, 0)));
}

static void making_folders(void *arg)
{
	struct sandbox s = {.write_beneath = folder, .make_folders = true};
	int d = open(folder, O_RDONLY | O_DIRECTORY), fd;

	(void)arg;
	harden(&s);
	require(mkdirat(d, "made", 0700) == 0);
	fd = openat(d, "made/new", O_RDWR | O_CREAT | O_EXCL, 0600);
	require(fd >= 0 && unlinkat(d, "made/new", 0) == 0);
	require(refused(mkdir("/tmp/leat-beside", 0700)));
	require(refused(unlinkat(d, "made", AT_REMOVEDIR)));
	require(refused(symlinkat("/etc/passwd", d, "link")));
}

/* What base/outfile.h does at any time must work: checks, sweeps, commits, manifests. */
static void making_files(void *arg)
{
	struct manifest *m;
	struct outfile *f;
	FILE *stale;

	(void)arg;
	require(chdir(folder) == 0 && (stale = fopen(".a.1-0.part", "w")) && !fclose(stale));
	enter(WRITE);
	outfile_check("a", false);
	f = outfile_open("a", true);
	require(unlink(".a.1-0.part") < 0 && errno == ENOENT);
	outfile_write(f, "x", 1);
	outfile_commit(f);
	outfile_discard(outfile_open("b", false));
	m = manifest_new("a");
	manifest_add(m, "a");
	manifest_commit(m);
	require(unlink("a") == 0 && unlink("a.manifest") == 0);
}

static void limited(void *arg)
{
	struct sandbox s = {.memory = 64 << 20};

	(void)arg;
	harden(&s);
	require(!malloc(256 << 20));
	require(malloc(1 << 20) != NULL);
}

static void wishes(void *arg)
{
	setenv("LEAT_SANDBOX", arg, 1);
	enter(FILTER);
	require(strcmp(arg, "off") || open(file, O_RDONLY) >= 0);
}

int main(void)
{
	enum profile filter = FILTER, read = READ, write = WRITE;
	struct str text = {0};
	char made[sizeof(folder) + 8];
	FILE *f;

	argv0 = "test";
	unsetenv("LEAT_SANDBOX");
	sandbox_describe(&text);
	printf("# %.*s\n", (int)strcspn(text.p, "\n"), text.p);
	if (strstr(text.p, "not available") || strstr(text.p, "sanitizer")) {
		skip("sandbox", text.p);
		return done();
	}
	if (!mkdtemp(folder))
		return 70;
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	snprintf(made, sizeof(made), "%s/made", folder);
	f = fopen(file, "w");
	if (!f || fputs("file", f) < 0 || fclose(f))
		return 70;
	check(in_child(no_opens, NULL) == 0, "a filter opens, makes, renames and removes nothing");
	check(in_child(no_sockets, NULL) == 0, "nor makes sockets");
	check(in_child(no_exec, &filter) == 0, "nor runs another program, forks or signals");
	check(in_child(work_goes_on, NULL) == 0, "reads, writes, memory and threads go on");
	check(in_child(reading, NULL) == 0, "READ: the file named, to read, and nothing else");
	check(in_child(writing, NULL) == 0,
		"WRITE_BENEATH: files in that folder, and nothing else");
	check(in_child(making_folders, NULL) == 0 && rmdir(made) == 0,
		"with make_folders, folders there too, but they stay");
	check(in_child(making_files, NULL) == 0,
		"WRITE_BENEATH: files are checked, swept, committed, listed");
	check(in_child(no_exec, &read) == 0 && in_child(no_exec, &write) == 0,
		"neither runs programs");
	check(in_child(limited, NULL) == 0, "memory has its limit");
	check(in_child(wishes, "off") == 0, "LEAT_SANDBOX=off");
	check(in_child(wishes, "require") == 0, "LEAT_SANDBOX=require");
	check(in_child(wishes, "perhaps") == EXIT_USAGE, "LEAT_SANDBOX=perhaps is 64");
	unlink(file);
	check(rmdir(folder) == 0, "nothing was left behind");
	return done();
}
