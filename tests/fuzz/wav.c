/* SPDX-License-Identifier: ISC */
/*
 * WAV files of any bytes, read whole as files and as if from a pipe, which must give the same
 * samples; and their first bytes as the name of a recording.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/dtype.h"
#include "io/iq_name.h"
#include "io/kiwi.h"
#include "io/wav.h"

#define BLOCK (1 << 16)
#define ROW_MOST 8192 /* bytes of a sample of 1024 channels */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether two ways of reading differ is seen from these. */
struct sums {
	uint64_t samples, sum;
};

static void read_data(struct wav *w, struct sums *s, size_t size)
{
	static uint8_t block[BLOCK];
	struct kiwi_clock clock = {.rate = {wav_form(w)->rate, 1}};
	size_t n, row = dtype_size(wav_form(w)->dtype) * wav_form(w)->channels;
	bool there = true, end;
	struct error e;

	while (there) {
		kiwi_missing(&clock, wav_stamp(w));
		do {
			if (wav_read(w, block, BLOCK / ROW_MOST, &n, &end, &e))
				return;
			s->samples += n;
			for (size_t i = 0; i < n * row; i++)
				s->sum = s->sum * 31 + block[i];
			kiwi_samples(&clock, (int64_t)n);
		} while (!end);
		if (s->samples > size || wav_next(w, &there, &e))
			break;
	}
	if (s->samples > size)
		abort();
}

static void read_file(const uint8_t *data, size_t size, bool pipe, struct sums *s)
{
	int fd = memfd_create("wav", MFD_CLOEXEC);
	uint8_t magic[WAV_MAGIC];
	struct wav_stamp stamp;
	struct intake in;
	struct wav *w;
	struct error e;
	uint64_t before;
	size_t got;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	intake_open(&in, fd, "fuzz.wav");
	if (pipe)
		in.file = false;
	if (!intake_bytes(&in, magic, sizeof(magic), &got, &e) && got == sizeof(magic) &&
		wav_is(magic) && !wav_open(&w, &in, magic, &e)) {
		wav_find_stamp(w, KIWI_SOLUTION_S, 100, &stamp, &before);
		wav_promised(w);
		read_data(w, s, size);
		wav_close(w);
	}
	intake_close(&in);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sums file = {0}, pipe = {0};
	struct iq_name told;
	char name[128];

	read_file(data, size, false, &file);
	read_file(data, size, true, &pipe);
	if (file.samples != pipe.samples || file.sum != pipe.sum)
		abort();
	memcpy(name, data, size < 127 ? size : 127);
	name[size < 127 ? size : 127] = '\0';
	iq_name_read(name, &told);
	return 0;
}
