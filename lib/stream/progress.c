/* SPDX-License-Identifier: ISC */
/* One bar on stderr, drawn by the last stage of a pipeline. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "stream/inner.h"

#define BAR 30
#define EVERY_S 0.2

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_prepare(struct filter *f)
{
	struct stat st;
	bool last = fstat(STDOUT_FILENO, &st) != 0 || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode));
	bool text_on_terminal = f->command->text && !f->sink.output && isatty(STDOUT_FILENO);

	f->inner->shows_progress = !f->common.no_progress &&
		(f->common.progress || (last && isatty(STDERR_FILENO) && !text_on_terminal));
	f->inner->started_s = f->inner->shown_s = now_s();
}

void progress_head(struct filter *f, const struct meta *head)
{
	const char *text = meta_get(head, "expect_frames");

	if (!text || !parse_i64(text, &f->inner->expected))
		f->inner->expected = 0;
	f->inner->frames_done = 0;
}

static void draw(struct filter *f, double t)
{
	struct filter_inner *in = f->inner;
	char bytes[NUMBER_TEXT], rate[NUMBER_TEXT], bar[BAR + 1], line[200];
	uint64_t read = in->reader ? reader_bytes(in->reader) : 0;
	double elapsed_s = t - in->started_s + 1e-9, part;
	int n;

	format_bytes(bytes, read);
	format_bytes(rate, (uint64_t)((double)read / elapsed_s));
	if (in->expected > 0 && in->frames_done <= in->expected) {
		part = (double)in->frames_done / (double)in->expected;
		memset(bar, '.', BAR);
		memset(bar, '#', (size_t)(part * BAR));
		bar[BAR] = '\0';
		n = snprintf(line, sizeof(line), "\r\033[K%s [%s] %3.0f%% %s/s", f->command->name, bar,
			part * 100, rate);
		if (part > 0)
			n += snprintf(line + n, sizeof(line) - (size_t)n, ", %.0f s left",
				elapsed_s * (1 - part) / part);
	} else {
		n = snprintf(line, sizeof(line), "\r\033[K%s: %lld frames, %s, %s/s", f->command->name,
			(long long)in->frames_done, bytes, rate);
	}
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		in->shows_progress = false;
}

void progress_step(struct filter *f, size_t frames)
{
	struct filter_inner *in = f->inner;
	double t;

	in->frames_done += (int64_t)frames;
	if (!in->shows_progress || (t = now_s()) - in->shown_s < EVERY_S)
		return;
	in->shown_s = t;
	draw(f, t);
}

void progress_done(struct filter *f)
{
	if (!f->inner->shows_progress)
		return;
	draw(f, now_s());
	if (write(STDERR_FILENO, "\n", 1) < 0)
		return;
}
