/* SPDX-License-Identifier: ISC */
/*
 * stream-payload: writes the payload bytes of all data frames, in order, nothing else: what another
 * program or sha256sum wants. In: any stream. Out: bytes; with --column one column of tables.
 */
#include <stdlib.h>
#include <string.h>

#include "stream/columns.h"
#include "stream/filter.h"

struct options {
	const char *column;
};

static const struct option options[] = {
	{0, "column", OPT_TEXT, offsetof(struct options, column), "", NULL, 0, 0, "NAME", 0,
		"only this column, of frames that hold columns"},
	OPTIONS_END,
};

static void prepare(struct filter *f)
{
	(void)sink_open(f, NULL);
}

static void write_column(struct filter *f, const struct frame *frame, const char *name)
{
	struct column *columns;
	struct error e;
	size_t count, i;

	if (frame->dtype != DTYPE_COLUMNS || frame->kind == KIND_REPORT)
		die(EXIT_DATA, "--column: %s: the frame holds an array, not columns", name);
	if (columns_list(frame, filter_meta(f, frame), &columns, &count, &e))
		die_with(&e);
	for (i = 0; i < count && strcmp(columns[i].name, name); i++)
		;
	if (i == count)
		die(EXIT_DATA, "--column: %s: no column of this name", name);
	sink_write(f, columns[i].values, (size_t)(columns[i].row_size * frame->dim[0]));
	free(columns);
}

static void write_payload(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;

	if (o->column)
		write_column(f, frame, o->column);
	else
		sink_write(f, frame->payload, (size_t)frame->payload_len);
}

static const struct command command = {
	.name = "stream-payload",
	.summary = "write the payload bytes of a stream",
	.operands = "[FILE ...]",
	.operands_max = -1,
	.example = "",
	.role = ROLE_SINK,
	.in = KINDS_ALL,
	.text = true,
	.stream_operands = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.frame = write_payload,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
