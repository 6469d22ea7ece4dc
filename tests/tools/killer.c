/* SPDX-License-Identifier: ISC */
/*
 * killer STAGE BYTES MICROSECONDS COMMAND … -- COMMAND … [-- …]: runs the commands as a pipeline
 * and kills the numbered one (0 = first) with SIGKILL when BYTES bytes have left it (of the last:
 * have come to it) and that many microseconds more have passed. Prints the exit statuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAGES 8

static pid_t spawn(char **argv, int in, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Copies until `most` bytes have passed or the input ends; then the victim dies. */
static void relay(int in, int out, unsigned long long most, useconds_t wait_us, pid_t victim)
{
	static char buffer[1 << 16];

	while (most > 0) {
		ssize_t n = read(in, buffer, most < sizeof(buffer) ? (size_t)most : sizeof(buffer));

		if (n <= 0 || write(out, buffer, (size_t)n) != n)
			break;
		most -= (unsigned long long)n;
	}
	if (wait_us > 0) {
		close(out);
		usleep(wait_us);
	}
	kill(victim, SIGKILL);
}

static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC)) {
		perror("killer");
		exit(71);
	}
}

int main(int argc, char **argv)
{
	char **stage[STAGES];
	pid_t pid[STAGES];
	int stages = 0, victim = argc > 4 ? atoi(argv[1]) : -1,
	    in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int from[2] = {-1, -1}, to[2] = {-1, -1};

	signal(SIGPIPE, SIG_DFL);
	for (int i = 4; i < argc; i++) {
		if (i == 4 || !argv[i - 1])
			stage[stages++] = argv + i;
		if (!strcmp(argv[i], "--"))
			argv[i] = NULL;
	}
	if (victim < 0 || victim >= stages || stages > STAGES)
		return 64;
	for (int i = 0; i < stages; i++) {
		int ends[2] = {-1, open("/dev/null", O_WRONLY | O_CLOEXEC)};
		/* The relay stands behind the victim, or before it if it is the last. */
		int relayed = victim == stages - 1 ? victim - 1 : victim;

		if (i < stages - 1) {
			close(ends[1]);
			make_pipe(ends);
		}
		pid[i] = spawn(stage[i], in, ends[1]);
		close(in);
		close(ends[1]);
		in = ends[0];
		if (i == relayed) {
			from[0] = in;
			make_pipe(to);
			in = to[0];
		}
	}
	signal(SIGPIPE, SIG_IGN);
	relay(from[0], to[1], strtoull(argv[2], NULL, 10), (useconds_t)strtoul(argv[3], NULL, 10),
		pid[victim]);
	close(from[0]);
	close(to[1]);
	for (int i = 0; i < stages; i++) {
		int status = 0;

		while (waitpid(pid[i], &status, 0) < 0 && errno == EINTR)
			;
		printf("%d ", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	putchar('\n');
	return 0;
}
