/* SPDX-License-Identifier: ISC */
/*
 * stream-cat: joins streams into one. In: any stream, from files or standard input. Out: their
 * segments one after the other, each announced by the END before it, so that a cut between two of
 * them is noticed.
 */
#include "stream/filter.h"

static void pass(struct filter *f, const struct frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		filter_forward(f, &frames[i]);
}

static const struct command command = {
	.name = "stream-cat",
	.summary = "join streams into one",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "",
	.role = ROLE_FILTER,
	.in = KINDS_ALL,
	.out = KINDS_ALL,
	.stream_operands = true,
	.joins_files = true,
	.frames = pass,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
