/* SPDX-License-Identifier: ISC */
/* dribble N: copies standard input to standard output, N bytes at a write, each one alone. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Waits, briefly, until the pipe is empty, so that its reader gets no two pieces at once. */
static void wait_until_taken(void)
{
	int waiting = 0;

	for (int i = 0; i < 200 && !ioctl(STDOUT_FILENO, FIONREAD, &waiting) && waiting > 0; i++)
		poll(NULL, 0, 0);
}

int main(int argc, char **argv)
{
	size_t piece = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	char *buffer = malloc(piece);
	size_t n;

	while (buffer && (n = fread(buffer, 1, piece, stdin)) > 0) {
		for (size_t at = 0; at < n;) {
			ssize_t wrote = write(STDOUT_FILENO, buffer + at, n - at);

			if (wrote < 0)
				return 74;
			at += (size_t)wrote;
		}
		wait_until_taken();
	}
	free(buffer);
	return 0;
}
