/* SPDX-License-Identifier: ISC */
/* lib/base/child: however the child ends, its parent ends alike or says why. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"
#include "base/child.h"
#include "base/err.h"

enum end { END_WELL, END_CODE, END_CRASH, END_CRASH_UNNAMED, END_LOOP, END_PIPE, END_SLEEP };

static _Noreturn void child_main(enum end end)
{
	static const struct rlimit none = {0, 0};
	struct child *c = child_start(1);

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);
	if (end != END_CRASH_UNNAMED)
		child_busy(c, "bad.h5");
	if (end == END_CODE)
		_exit(66);
	if (end == END_CRASH || end == END_CRASH_UNNAMED)
		raise(SIGSEGV);
	if (end == END_PIPE)
		raise(SIGPIPE);
	if (write(STDOUT_FILENO, "x", 1) != 1)
		_exit(EXIT_IO);
	while (end == END_LOOP)
		;
	while (end == END_SLEEP)
		pause();
	child_busy(c, NULL);
	_exit(0);
}

/* Starts a supervised child, whose standard output and error are the pipes. */
static pid_t start(enum end end, int out[2], int err[2])
{
	pid_t pid;

	if (pipe(out) || pipe(err))
		return -1;
	pid = fork();
	if (pid > 0) {
		close(out[1]);
		close(err[1]);
		return pid;
	}
	dup2(out[1], STDOUT_FILENO);
	dup2(err[1], STDERR_FILENO);
	close(out[0]);
	close(out[1]);
	close(err[0]);
	close(err[1]);
	child_main(end);
}

static int finish(pid_t pid, int out[2], int err[2], char text[512])
{
	size_t n = 0;
	ssize_t got;
	int status;

	while (n < 511 && (got = read(err[0], text + n, 511 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(out[0]);
	close(err[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(enum end end, char text[512])
{
	int out[2], err[2];
	pid_t pid = start(end, out, err);

	return finish(pid, out, err, text);
}

static void test_signals(void)
{
	int out[2], err[2];
	char text[512], byte;
	pid_t pid = start(END_SLEEP, out, err);

	check(read(out[0], &byte, 1) == 1, "the child has standard output");
	kill(pid, SIGTERM);
	check(finish(pid, out, err, text) == 128 + SIGTERM, "TERM reaches the child, and counts");
	pid = start(END_SLEEP, out, err);
	check(read(out[0], &byte, 1) == 1, "it runs again");
	kill(pid, SIGKILL);
	check(read(out[0], &byte, 1) == 0, "a killed parent takes the child with it");
	check(finish(pid, out, err, text) == 128 + SIGKILL, "by KILL");
}

int main(void)
{
	char text[512];

	check(run(END_WELL, text) == 0 && !*text, "a good end is a good end");
	check(run(END_CODE, text) == 66 && !*text, "an exit code is handed on");
	check(run(END_CRASH, text) == EXIT_DATA && strstr(text, "bad.h5: "), "a crash: %s", text);
	check(run(END_CRASH_UNNAMED, text) == EXIT_INTERNAL, "a crash of our own: %s", text);
	check(run(END_LOOP, text) == EXIT_DATA && strstr(text, "bad.h5: "), "a hang: %s", text);
	check(run(END_PIPE, text) == 128 + SIGPIPE && !*text, "SIGPIPE is handed on");
	test_signals();
	return done();
}
