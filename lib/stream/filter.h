/* SPDX-License-Identifier: ISC */
/*
 * The life of a command. A command is a `struct command` (what it is, what it takes and makes, its
 * options) and a few callbacks; command_main() does the rest: options, files, threads, sandbox, the
 * grammar of the stream, metadata scopes, history, notes, END and ABORT, exit codes.
 */
#ifndef LEAT_STREAM_FILTER_H
#define LEAT_STREAM_FILTER_H

#include "base/opt.h"
#include "base/pool.h"
#include "base/sandbox.h"
#include "stream/frame.h"
#include "stream/meta.h"

enum role {
	ROLE_SOURCE, /* makes a stream of something else: run() */
	ROLE_FILTER, /* stream in, stream out: head(), frame() … */
	ROLE_SINK,   /* stream in, a file or text out; forwards the stream with --pass */
	ROLE_TOOL,   /* off the stream: run(), prints text */
};

enum segments {
	SEGMENTS_EACH, /* every segment by itself */
	SEGMENTS_JOIN, /* one result of all segments */
};

/* What a filter does to the data; decides which metadata it may keep. */
enum changes {
	CHANGES_SHAPE = 1,  /* shape, axes or order: '%' keys go */
	CHANGES_VALUES = 2, /* sample values: '~' keys go */
	CHANGES_COUNT = 4,  /* not one frame for each: expect_frames goes */
};

/*
 * How a command of IMAGE meets groups: an image and what belongs to it (masks, weights, star
 * tables), all of one index.
 */
enum groups {
	GROUPS_NONE,	/* frame() gets every frame of its kinds */
	GROUPS_SCIENCE, /* frame() gets images of role science; other members pass (sinks ignore
			   them) */
	GROUPS_WHOLE,	/* group() gets each group whole; other frames are as without */
};

struct filter;

struct command {
	const char *name, *summary;
	const char *operands;		/* as the synopsis writes them, "" for none */
	int operands_min, operands_max; /* -1 = any number */
	const char *example;		/* the shortest valid arguments */
	enum role role;
	enum segments segments;
	enum groups groups;
	unsigned in, out;		/* sets of kinds */
	const char *dtypes_in;		/* "ci16 cf32", NULL = any */
	const char *dtypes_out;		/* for --describe; NULL = as the input */
	const char *unit_in, *unit_out; /* for --describe; NULL = any, as the input */
	unsigned changes;
	bool stream_operands; /* operands are stream files, read instead of standard input */
	bool joins_files;     /* stream-cat: END gets 'more' before another segment */
	bool parallel;	      /* uses f->pool */
	bool all_cpus;	      /* and takes all CPUs even on a pipe */
	bool text;	      /* a sink that prints as it goes, not only after END */
	bool pictures;	      /* a sink of one file per image: has --name, wants one image */
	const char *file_holds; /* one file of such a sink, for messages; NULL = "image" */
	bool folder;	      /* a sink that fills the folder of its operand: of the options of sinks
				 only --pass, no sink_open(); it sets the sandbox itself */
	/*
	 * Of a sink whose -o is the beginning of several names: their endings, separated by spaces,
	 * the last being that of the file which says that all are there. By its options. One that
	 * -o has already is not added again.
	 */
	const char *(*endings)(const void *options);
	const struct option *options;
	size_t options_size;

	/* Before untrusted bytes: checks options, opens, allocates, sets f->state and f->sandbox.
	 */
	void (*prepare)(struct filter *f);
	/* Sources, tools, and filters that became a source: all the work. */
	void (*run)(struct filter *f);
	/*
	 * A segment begins. out: what its HEAD will be, to be completed, and f->first the segment's
	 * first data frame (NULL if it has none); sinks and joins get neither.
	 */
	void (*head)(struct filter *f, const struct meta *in, struct meta *out);
	/* A frame of a kind the command takes; or several at once, for commands that use threads.
	 */
	void (*frame)(struct filter *f, const struct frame *frame);
	void (*frames)(struct filter *f, const struct frame *frames, size_t count);
	/* GROUPS_WHOLE: one group, valid until it returns. The science image, if any, is
	 * science_of(). */
	void (*group)(struct filter *f, const struct frame *frames, size_t count);
	/* Sees HEAD, data, END and ABORT as they come, before anything else is done with them. */
	void (*every_frame)(struct filter *f, const struct frame *frame);
	/* A segment ends; frames may still be put. `end` is the metadata of END. */
	void (*end)(struct filter *f, const struct meta *end);
	/* The last segment has ended well; joins put their result here. */
	void (*finish)(struct filter *f);
};

struct common_options {
	bool help, version, describe, quiet, verbose, progress, no_progress;
	int64_t jobs;
};

struct sink_options {
	const char *output, *name;
	bool no_clobber, pass;
};

struct filter {
	const struct command *command;
	void *options; /* the command's own struct, filled */
	void *state;   /* the command's own */
	char **operands;
	int operand_count;
	struct pool *pool;	   /* of commands with `parallel`, else NULL */
	const struct frame *first; /* in head() only */
	struct sandbox sandbox;
	struct common_options common;
	struct sink_options sink;
	struct filter_inner *inner; /* the library's */
};

/* The whole life; returns the exit code for main(). */
int command_main(const struct command *command, int argc, char **argv);

/* Metadata that holds for a frame: the segment's under the frame's own. Valid until the next call.
 */
const struct meta *filter_meta(struct filter *f, const struct frame *frame);

/*
 * The frame's own metadata, without the scopes that the command's changes drop: what an image made
 * of this frame keeps. The caller sets keys and clears it.
 */
void filter_own_meta(struct filter *f, const struct frame *frame, struct meta *own);

/* What role says of a frame of a group; science if it says nothing. */
bool is_science(struct filter *f, const struct frame *frame);
const struct frame *science_of(struct filter *f, const struct frame *frames, size_t count);

/*
 * In prepare(): this filter reads files instead of a stream, so run() is called and standard input
 * is not read (fits-calibrate with operands).
 */
void filter_become_source(struct filter *f);

/*
 * Begins a segment of output (sources and joins; for others the library does). `meta` gets kinds
 * and history here; of the kinds a source can make it may name those that this segment has.
 */
void filter_head(struct filter *f, struct meta *meta);

/* Puts a data frame (see writer_frame); passes one on as it is. */
void filter_put(struct filter *f, const struct frame *frame);
void filter_forward(struct filter *f, const struct frame *frame);

/* The same with this metadata, which is all the frame says itself. */
void filter_put_with(struct filter *f, const struct frame *frame, const struct meta *own);

/* Ends a segment of output (sources; the last one is ended by the library). */
void filter_end(struct filter *f, bool more);

/* Sends what is gathered, before a source waits. */
void filter_flush(struct filter *f);

/* A count for END: "note NAME key=value". */
void filter_note(struct filter *f, const char *key, int64_t value);

/* A sink has seen enough: nothing more is read, unless --pass must forward it. */
void filter_stop(struct filter *f);

/* Text of a tool, to standard output; dies if that cannot be written. */
void print_text(const struct str *text);

/* A check failed: all goes on and ends as usual, but the command exits with EXIT_NO. */
void filter_no(struct filter *f);

/* Joins: what all segments so far have in common, scopes dropped; for the result's HEAD. */
struct meta *filter_joined(struct filter *f);

/* An unbounded source says so in prepare(); then Ctrl-C only makes this true. */
void filter_unbounded(struct filter *f);
bool filter_stopping(const struct filter *f);

/*
 * Files of a sink. sink_open gives a descriptor to write the next file to: the part file of -o or
 * of the next name of --name, standard output for text, else a spool that reaches standard output
 * after END. A second file for one -o dies with EXIT_DATA; of a command with `endings` the n-th call
 * opens the file with the n-th ending.
 */
int sink_open(struct filter *f, const struct meta *meta);

/*
 * In prepare(): what goes to standard output, a live one maybe, does not wait for END. Whoever reads
 * it must heed the status.
 */
void sink_live(struct filter *f);

/*
 * The file is whole. One of a set appears under its name at once, so that who watches a live stream
 * has it; that the set is whole, its manifest says after END. Others wait for END.
 */
void sink_close(struct filter *f);

/* Writes text to what sink_open gave. */
void sink_write(struct filter *f, const void *bytes, size_t n);

/* Writes over what stands at an offset of the file; sinks with `text` cannot. */
void sink_write_at(struct filter *f, uint64_t offset, const void *bytes, size_t n);

#endif
