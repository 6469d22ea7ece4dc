/* SPDX-License-Identifier: ISC */
/* Tar archives of any bytes: what they list lies inside. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);
	struct tar_entry *entries;
	struct error e;
	size_t count;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!tar_list(fd, &entries, &count, &e)) {
		for (size_t i = 0; i < count; i++)
			if (entries[i].at > size || entries[i].size > size - entries[i].at ||
				*entries[i].name == '/' || strstr(entries[i].name, "/../"))
				abort();
		tar_free(entries, count);
	}
	close(fd);
	return 0;
}
