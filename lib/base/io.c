/* SPDX-License-Identifier: ISC */
#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int write_whole(int fd, const void *bytes, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	const char *from = bytes;

	while (n > 0) {
		ssize_t wrote = write(fd, from, n);

		if (wrote < 0 && errno == EAGAIN)
			(void)poll(&p, 1, -1);
		else if (wrote < 0 && errno != EINTR)
			return -1;
		else if (wrote > 0) {
			from += wrote;
			n -= (size_t)wrote;
		}
	}
	return 0;
}
