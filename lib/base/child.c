/* SPDX-License-Identifier: ISC */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define NS INT64_C(1000000000)
#define LOOK_EVERY_NS 250000000

/* What both processes see. */
struct child {
	_Atomic int64_t
		since_ns; /* CPU time of the child when it turned to `what`; 0 = to nothing */
	char what[400];
};

static int64_t cpu_ns(clockid_t clock)
{
	struct timespec t = {0};

	clock_gettime(clock, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

void child_busy(struct child *c, const char *what)
{
	if (what)
		snprintf(c->what, sizeof(c->what), "%s", what);
	c->since_ns = what ? cpu_ns(CLOCK_PROCESS_CPUTIME_ID) : 0;
}

static _Noreturn void end_as(const struct child *c, int status)
{
	int number;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	number = WTERMSIG(status);
	switch (number) {
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSEGV:
	case SIGSYS:
		if (*c->what)
			die(EXIT_DATA, "%s: damaged, or cut short meanwhile: its decoder died (%s)",
				c->what, strsignal(number));
		die(EXIT_INTERNAL, "died (%s)", strsignal(number));
	default:
		signal(number, SIG_DFL);
		raise(number);
		_exit(128 + number);
	}
}

static void look_at_clock(const struct child *c, pid_t pid, unsigned limit_s)
{
	int64_t since = c->since_ns;
	clockid_t clock;

	if (since == 0 || clock_getcpuclockid(pid, &clock) ||
		cpu_ns(clock) - since < (int64_t)limit_s * NS)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	die(EXIT_DATA, "%s: damaged: not decoded after %u s", c->what, limit_s);
}

static _Noreturn void supervise(
	const struct child *c, pid_t pid, unsigned limit_s, const sigset_t *signals)
{
	const struct timespec moment = {.tv_nsec = LOOK_EVERY_NS};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), number, status;

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		close(STDOUT_FILENO);
	for (;;) {
		number = sigtimedwait(signals, NULL, &moment);
		if (number > 0 && number != SIGCHLD)
			kill(pid, number);
		switch (waitpid(pid, &status, WNOHANG)) {
		case 0:
			break;
		case -1:
			if (errno != EINTR)
				die(EXIT_INTERNAL, "lost the decoder: %s", strerror(errno));
			break;
		default:
			sigprocmask(SIG_UNBLOCK, signals, NULL);
			end_as(c, status);
		}
		look_at_clock(c, pid, limit_s);
	}
}

struct child *child_start(unsigned limit_s)
{
	struct child *c =
		mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid(), pid;
	sigset_t signals, before;

	if (c == MAP_FAILED)
		die(EXIT_OS, "no shared memory: %s", strerror(errno));
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	signal(SIGCHLD, SIG_DFL); /* inherited as ignored, it would take the status away */
	pid = fork();
	if (pid < 0)
		die(EXIT_OS, "cannot fork: %s", strerror(errno));
	if (pid > 0)
		supervise(c, pid, limit_s, &signals);
	/* A group of its own, so that a signal to the group comes once, through the parent. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_OS);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return c;
}
