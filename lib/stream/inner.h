/* SPDX-License-Identifier: ISC */
/* What the files of lib/stream share beneath filter.h; not for commands. */
#ifndef LEAT_STREAM_INNER_H
#define LEAT_STREAM_INNER_H

#include "base/outfile.h"
#include "stream/filter.h"
#include "stream/reader.h"
#include "stream/writer.h"

#define SINK_ENDINGS_MAX 4

/* The files a sink has written and not yet committed. */
struct sink_files {
	struct outfile *file; /* not committed yet */
	struct outfile *part[SINK_ENDINGS_MAX]; /* the same of a command with endings, in order */
	const char *endings;  /* or NULL */
	char **path;          /* of all so far */
	size_t count;
	struct manifest *set; /* of --name */
	int fd;         /* of the file being written, -1 = none */
	bool spooled;   /* fd is a spool for standard output */
	bool live;      /* standard output needs none */
	char *folder;
};

/* The frames of a group that has more than one, copied until its last one is here. */
struct group {
	struct frame *frame;
	size_t count, size;
};

struct filter_inner {
	struct writer *writer; /* NULL: no output stream */
	struct reader *reader;
	struct meta meta, notes, joined;
	bool unbounded, stopped, head_due, none_is_ours, is_source, no;
	struct file_sum *file_sums; /* of files that options name */
	size_t segments;
	uint64_t taken, foreign; /* data frames of this segment: of our kinds, of others */
	unsigned foreign_kind; /* the first of these */
	struct group group;
	bool holding_end, held_more;
	struct meta held;
	struct sink_files files;
	/* progress */
	bool shows_progress;
	int64_t expected, frames_done;
	double started_s, shown_s;
};

/* cli.c: fills the options; false if the command line asked only for words, which are printed. */
bool command_line(struct filter *f, int argc, char **argv);

/* filter.c: gives frames as they come from the reader to the command. */
void give_frames(struct filter *f, const struct frame *frames, size_t count);

/* END of a sink waits until its files are committed, or another segment begins. */
void release_end(struct filter *f, bool more);

/* sink.c */
extern const struct option sink_options_text[], sink_options_pictures[], sink_options_folder[];
void sink_prepare(struct filter *f);
void sink_commit(struct filter *f);

/* group.c: adds a frame to the open group; whether it was the last. Empties it. */
bool group_add(struct group *g, const struct frame *frame);
void group_clear(struct group *g);

/*
 * history.c: sums the files that options name and lets the sandbox read them; appends
 * "NAME VERSION options operands".
 */
void history_prepare(struct filter *f);
void history_add(struct meta *meta, const struct filter *f);

/* progress.c */
void progress_prepare(struct filter *f);
void progress_head(struct filter *f, const struct meta *head);
void progress_step(struct filter *f, size_t frames);
void progress_done(struct filter *f);

#endif
