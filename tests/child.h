/* SPDX-License-Identifier: ISC */
/* Runs what may end the process in a child, and says how that ended. */
#ifndef LEAT_TESTS_CHILD_H
#define LEAT_TESTS_CHILD_H

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[4096]; /* what the last child wrote to stderr */

/* Exit status of fn(arg) in a child, 0 if it returns, 128 + the signal if one killed it. */
static inline int in_child(void (*fn)(void *arg), void *arg)
{
	int ends[2], status = 0;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(ends))
		abort();
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		fn(arg);
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	close(ends[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
