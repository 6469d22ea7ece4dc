/* SPDX-License-Identifier: ISC */
#include "stream/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/io.h"
#include "base/mem.h"
#include "stream/inner.h"

#define LEND 64

#define COMMON(member) offsetof(struct common_options, member)

static const struct option common_table[] = {
	{'h', "help", OPT_FLAG, COMMON(help), "", NULL, 0, 0, NULL, 0, "print this and exit"},
	{'V', "version", OPT_FLAG, COMMON(version), "", NULL, 0, 0, NULL, 0,
		"print the version and exit"},
	{0, "describe", OPT_FLAG, COMMON(describe), "", NULL, 0, 0, NULL, 0,
		"print kinds and options for programs and exit"},
	{'q', "quiet", OPT_FLAG, COMMON(quiet), "", NULL, 0, 0, NULL, 0,
		"errors only, no warnings"},
	{'v', "verbose", OPT_FLAG, COMMON(verbose), "", NULL, 0, 0, NULL, 0, "say more"},
	{'j', "jobs", OPT_INT, COMMON(jobs), "N", "0", 0, 1024, NULL, 0,
		"threads; 0 = one on a pipe, all CPUs on a file or for heavy work"},
	{0, "progress", OPT_FLAG, COMMON(progress), "", NULL, 0, 0, NULL, 0,
		"show progress on stderr"},
	{0, "no-progress", OPT_FLAG, COMMON(no_progress), "", NULL, 0, 0, NULL, 0, "never show it"},
	OPTIONS_END,
};

static const struct option no_options[] = {OPTIONS_END};

/* What signal handlers may touch. */
static volatile sig_atomic_t stop_wanted;

/*
 * Before the first byte: descriptors, options, signals, threads.
 */

static void open_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_OS);
}

static void check_environment(void)
{
	const char *level = getenv("LEAT_CPU");

	if (level && *level && (level[0] < '1' || level[0] > '0' + cpu_level() || level[1]))
		die(EXIT_USAGE, "LEAT_CPU=%s: this CPU has the levels 1 to %d", level, cpu_level());
}

static void print_all(const struct str *text)
{
	if (write_whole(STDOUT_FILENO, text->p ? text->p : "", text->len))
		die(EXIT_IO, "cannot write: %s", strerror(errno));
}

static void describe(const struct command *c, const struct option *sink, struct str *out)
{
	static const char *const roles[] = {"source", "filter", "sink", "tool"};
	struct str kinds = {0};

	str_addf(out, "name\t%s\nsummary\t%s\nrole\t%s\n", c->name, c->summary, roles[c->role]);
	if (c->in) {
		if (c->in == KINDS_ALL)
			str_add(&kinds, "any");
		else
			kinds_names(c->in, &kinds);
		str_addf(out, "in\t%s\t%s\t%s\n", kinds.p, c->dtypes_in ? c->dtypes_in : "any",
			c->unit_in ? c->unit_in : "any");
		str_clear(&kinds);
	}
	if (c->out) {
		if (c->out == KINDS_ALL)
			str_add(&kinds, "same");
		else
			kinds_names(c->out, &kinds);
		str_addf(out, "out\t%s\t%s\t%s\n", kinds.p, c->dtypes_out ? c->dtypes_out : "same",
			c->unit_out ? c->unit_out : "same");
	}
	str_free(&kinds);
	str_addf(out, "segments\t%s\n", c->segments == SEGMENTS_JOIN ? "join" : "each");
	str_addf(out, "operands\t%s\nexample\t%s\n", c->operands, c->example);
	options_describe(c->options ? c->options : no_options, out);
	options_describe(sink, out);
	options_describe(common_table, out);
}

static const struct option *sink_table(const struct command *c)
{
	if (c->role != ROLE_SINK)
		return no_options;
	return c->pictures ? sink_options_pictures : sink_options_text;
}

/* Returns false if the command line asked only for words. */
static bool parse(struct filter *f, int argc, char **argv)
{
	const struct command *c = f->command;
	const struct option *sink = sink_table(c);
	const struct option *const tables[] = {
		c->options ? c->options : no_options, sink, common_table, NULL};
	void *const values[] = {f->options, &f->sink, &f->common};
	struct str synopsis = {0}, text = {0};
	struct option_set set = {
		.tables = tables, .values = values, .name = c->name, .summary = c->summary};
	bool goes_on = false;

	str_addf(&synopsis, "[options]%s%s", *c->operands ? " " : "", c->operands);
	set.synopsis = synopsis.p;
	f->operand_count = options_parse(&set, argc, argv);
	f->operands = argv + 1;
	if (f->common.help)
		options_help(&set, &text);
	else if (f->common.version)
		str_addf(&text, "%s %s (stream %d.%d)\n", c->name, LEAT_VERSION, STREAM_MAJOR,
			STREAM_MINOR);
	else if (f->common.describe)
		describe(c, sink, &text);
	else
		goes_on = true;
	print_all(&text);
	str_free(&text);
	str_free(&synopsis);
	if (!goes_on)
		return false;
	set_verbosity(f->common.quiet ? 0 : f->common.verbose ? 2 : 1);
	if (f->operand_count < c->operands_min)
		die(EXIT_USAGE, "operand missing: %s: see '%s --help'", c->operands, c->name);
	if (c->operands_max >= 0 && f->operand_count > c->operands_max)
		die(EXIT_USAGE, "%s: one operand too many: %s", f->operands[c->operands_max],
			*c->operands ? c->operands : "none is taken");
	return true;
}

/* Removes part files, sends ABORT where that is safe, and dies of the signal after all. */
static void die_of_signal(int number)
{
	signal(number, SIG_DFL);
	die_of(128 + number, number == SIGINT ? "interrupted" : "terminated");
	raise(number);
}

static void want_stop(int number)
{
	if (stop_wanted)
		die_of_signal(number);
	stop_wanted = 1;
}

/* The first Ctrl-C is for the source, whose END or ABORT then comes down the pipe. */
static void first_interrupt(int number)
{
	(void)number;
	signal(SIGINT, die_of_signal);
}

/* What was ignored at start, as by nohup or a script for its background jobs, stays ignored. */
static void on_signal(int number, void (*handler)(int), int flags)
{
	struct sigaction before, act = {.sa_handler = handler, .sa_flags = flags};

	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &act, NULL);
}

static void handle_signals(const struct filter *f)
{
	void (*stop)(int) = f->inner->unbounded ? want_stop : die_of_signal;
	struct stat st;
	bool piped = !f->inner->is_source && f->command->role != ROLE_TOOL &&
		     fstat(STDIN_FILENO, &st) == 0 &&
		     (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));

	on_signal(SIGHUP, die_of_signal, 0);
	on_signal(SIGTERM, stop, 0);
	on_signal(SIGINT, piped ? first_interrupt : stop, piped ? SA_RESTART : 0);
}

void filter_become_source(struct filter *f)
{
	f->inner->is_source = true;
}

void filter_unbounded(struct filter *f)
{
	f->inner->unbounded = true;
}

bool filter_stopping(const struct filter *f)
{
	(void)f;
	return stop_wanted;
}

/*
 * Output.
 */

static unsigned kinds_out(const struct filter *f, const struct meta *meta)
{
	const struct command *c = f->command;

	if (f->inner->is_source || c->segments == SEGMENTS_JOIN)
		return c->out;
	return (meta_kinds(meta) & ~c->in) | c->out;
}

static void set_kinds(struct meta *meta, unsigned kinds)
{
	struct str text = {0};
	const char *name;
	char buffer[16];

	for (unsigned i = 1; i < 32; i++)
		if (kinds & KIND_BIT(i) && (name = kind_name(i, buffer)))
			str_addf(&text, "%s%s", text.len ? " " : "", name);
	if (text.len)
		meta_set(meta, "kinds", text.p);
	str_free(&text);
}

void filter_head(struct filter *f, struct meta *meta)
{
	if (f->command->out != KINDS_ALL)
		set_kinds(meta, kinds_out(f, meta));
	history_add(meta, f);
	writer_head(f->inner->writer, meta);
}

void filter_put(struct filter *f, const struct frame *frame)
{
	writer_frame(f->inner->writer, frame);
}

void filter_forward(struct filter *f, const struct frame *frame)
{
	writer_forward(f->inner->writer, frame);
}

void filter_end(struct filter *f, bool more)
{
	writer_end(f->inner->writer, &f->inner->notes, more);
	meta_clear(&f->inner->notes);
}

void filter_flush(struct filter *f)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	writer_flush(f->inner->writer);
	if (poll(&p, 1, 0) > 0 && p.revents & POLLERR && !f->sink.pass)
		die_silently(EXIT_DOWNSTREAM, "the reader has left");
}

void filter_note(struct filter *f, const char *key, int64_t value)
{
	struct str text = {0};

	str_addf(&text, "%s %s=%lld", f->command->name, key, (long long)value);
	meta_add(&f->inner->notes, "note", text.p);
	str_free(&text);
}

void filter_stop(struct filter *f)
{
	f->inner->stopped = !f->inner->writer;
}

struct meta *filter_joined(struct filter *f)
{
	return &f->inner->joined;
}

/*
 * Input.
 */

const struct meta *filter_meta(struct filter *f, const struct frame *frame)
{
	struct meta own = {0};
	struct error e;

	if (frame->meta_len == 0)
		return reader_head(f->inner->reader);
	if (meta_parse(&own, frame->meta, frame->meta_len, &e))
		die_with(&e);
	meta_copy(&f->inner->meta, reader_head(f->inner->reader));
	meta_overlay(&f->inner->meta, &own);
	meta_clear(&own);
	return &f->inner->meta;
}

static void drop_scopes(const struct command *c, struct meta *meta)
{
	if (c->changes & CHANGES_SHAPE)
		meta_drop_scope(meta, '%');
	if (c->changes & CHANGES_VALUES)
		meta_drop_scope(meta, '~');
	if (c->changes & CHANGES_COUNT)
		meta_remove(meta, "expect_frames");
}

void filter_own_meta(struct filter *f, const struct frame *frame, struct meta *own)
{
	struct error e;

	meta_clear(own);
	if (frame->meta_len && meta_parse(own, frame->meta, frame->meta_len, &e))
		die_with(&e);
	drop_scopes(f->command, own);
}

/* END of a sink waits until its files are committed, or another segment begins. */
static void release_end(struct filter *f, bool more)
{
	struct filter_inner *in = f->inner;

	if (!in->holding_end)
		return;
	in->holding_end = false;
	writer_end(in->writer, &in->held, in->held_more || more);
	meta_clear(&in->held);
}

static void join_head(struct filter *f, const struct meta *head)
{
	struct filter_inner *in = f->inner;
	struct meta kept = {0};

	meta_copy(&kept, head);
	drop_scopes(f->command, &kept);
	if (in->segments == 1)
		meta_copy(&in->joined, &kept);
	else
		meta_keep_equal(&in->joined, &kept);
	meta_clear(&kept);
}

/*
 * HEAD of a filter's output waits for the first data frame, which may decide what it says; first is
 * NULL if the segment has none.
 */
static void write_head(struct filter *f, const struct frame *first)
{
	struct filter_inner *in = f->inner;
	struct meta out = {0};

	if (!in->head_due)
		return;
	in->head_due = false;
	f->first = first;
	meta_copy(&out, reader_head(in->reader));
	drop_scopes(f->command, &out);
	if (f->command->head)
		f->command->head(f, reader_head(in->reader), &out);
	filter_head(f, &out);
	meta_clear(&out);
}

static void begin_segment(struct filter *f)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;
	const struct meta *head = reader_head(in->reader);

	in->taken = in->foreign = 0;
	in->segments++;
	in->none_is_ours =
		c->in != KINDS_ALL && meta_get(head, "kinds") && !(meta_kinds(head) & c->in);
	progress_head(f, head);
	release_end(f, c->joins_files);
	in->head_due = c->role == ROLE_FILTER && c->segments == SEGMENTS_EACH;
	if (in->head_due)
		return;
	if (c->role == ROLE_FILTER)
		join_head(f, head);
	if (c->head)
		c->head(f, head, NULL);
	if (in->writer && c->role == ROLE_SINK)
		writer_head(in->writer, head);
}

static void wrong_kind(const struct filter *f, unsigned got)
{
	struct str expected = {0}, hint = {0};
	char name[16];

	kinds_names(f->command->in, &expected);
	if (f->command->in == KIND_BIT(KIND_SPECTRA) && got == KIND_IQ)
		str_add(&hint, " (fft-slice missing?)");
	else if (f->command->in == KIND_BIT(KIND_IMAGE) && got == KIND_SPECTRA)
		str_add(&hint, " (waterfall missing?)");
	else if (f->command->in == KIND_BIT(KIND_IMAGE) && got == KIND_IQ)
		str_add(&hint, " (fft-slice | waterfall missing?)");
	else
		str_add(&hint, "");
	die(EXIT_DATA, "expects %s, got %s%s", expected.p, kind_name(got, name), hint.p);
}

static void end_segment(struct filter *f, const struct frame *frame)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;
	struct meta end = {0};
	struct error e;
	const char *text;
	bool more = frame->flags & FRAME_MORE;

	if (in->foreign > 0 && in->taken == 0)
		wrong_kind(f, in->foreign_kind);
	if (meta_parse(&end, frame->meta, frame->meta_len, &e))
		die_with(&e);
	write_head(f, NULL);
	if (c->end)
		c->end(f, &end);
	if (c->role == ROLE_SINK) {
		meta_remove(&end, "frames");
		meta_copy(&in->held, &end);
		in->held_more = more;
		in->holding_end = in->writer != NULL;
	} else {
		for (size_t at = 0; (text = meta_next(&end, "note", &at));)
			meta_add(&in->notes, "note", text);
		if (c->segments == SEGMENTS_JOIN) {
			if (in->foreign > 0)
				filter_note(f, "dropped", (int64_t)in->foreign);
		} else if (c->joins_files) {
			meta_copy(&in->held, &in->notes);
			meta_clear(&in->notes);
			in->held_more = more;
			in->holding_end = true;
		} else {
			filter_end(f, more);
		}
	}
	meta_clear(&end);
}

/* Upstream has failed and said so: the word goes on, and nothing is committed. */
static _Noreturn void aborted(struct filter *f, const struct frame *frame)
{
	struct meta m = {0};
	struct error e;
	const char *tool, *reason, *code;
	int64_t number = EXIT_INTERNAL;

	if (meta_parse(&m, frame->meta, frame->meta_len, &e))
		die_with(&e);
	tool = meta_get(&m, "tool");
	reason = meta_get(&m, "reason");
	if ((code = meta_get(&m, "code")))
		parse_i64(code, &number);
	if (f->inner->writer)
		writer_abort(
			f->inner->writer, tool ? tool : "?", (int)number, reason ? reason : "?");
	note("aborted upstream by %s: %s", tool ? tool : "?", reason ? reason : "?");
	die_silently(EXIT_UPSTREAM, "aborted upstream");
}

static bool is_ours(const struct filter *f, const struct frame *frame)
{
	return f->command->in == KINDS_ALL ||
	       (frame->kind < 32 && f->command->in & KIND_BIT(frame->kind));
}

/* Whether a word stands in a list of words. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static void check_dtype(const struct filter *f, const struct frame *frame)
{
	const char *wanted = f->command->dtypes_in, *got = dtype_name(frame->dtype);

	if (wanted && !has_word(wanted, got))
		die(EXIT_DATA, "expects elements of type %s, got %s", wanted, got);
}

/* A frame that is not for the command: it passes a filter of each, and counts. */
static void give_foreign(struct filter *f, const struct frame *frame)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;

	if (in->foreign++ == 0)
		in->foreign_kind = frame->kind;
	if (in->writer && c->role == ROLE_FILTER && c->segments == SEGMENTS_EACH)
		filter_forward(f, frame);
}

static void give_group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct frame *science = science_of(f, frames, count);

	if (science)
		check_dtype(f, science);
	err_at_frame(frames->seq, frames->index);
	f->command->group(f, frames, count);
	err_nowhere();
}

/* A member of a group: it waits for the last one, unless it is alone. */
static void give_member(struct filter *f, const struct frame *frame)
{
	struct filter_inner *in = f->inner;

	if (in->group.count == 0 && frame->flags & FRAME_GROUP_LAST) {
		give_group(f, frame, 1);
	} else if (group_add(&in->group, frame)) {
		give_group(f, in->group.frame, in->group.count);
		group_clear(&in->group);
	}
}

static void give_ours(struct filter *f, const struct frame *frame)
{
	const struct command *c = f->command;

	if (c->groups == GROUPS_SCIENCE && !is_science(f, frame)) {
		if (f->inner->writer && c->role == ROLE_FILTER)
			filter_forward(f, frame);
		return;
	}
	check_dtype(f, frame);
	if (c->frame) {
		err_at_frame(frame->seq, frame->index);
		c->frame(f, frame);
		err_nowhere();
	}
}

/* A run of data frames that are all ours, or all foreign. */
static void give_run(struct filter *f, const struct frame *frames, size_t count)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;
	bool ours = is_ours(f, frames);

	if (!ours && in->none_is_ours)
		wrong_kind(f, frames->kind); /* known from HEAD: no need to wait for END */
	write_head(f, frames);
	in->taken += ours ? count : 0;
	for (size_t i = 0; i < count; i++) {
		if (c->groups == GROUPS_WHOLE &&
			(in->group.count > 0 || frames[i].kind == KIND_IMAGE))
			give_member(f, &frames[i]);
		else if (ours)
			give_ours(f, &frames[i]);
		else
			give_foreign(f, &frames[i]);
	}
	if (ours && c->frames)
		c->frames(f, frames, count);
	if (in->writer && c->role == ROLE_SINK)
		for (size_t i = 0; i < count; i++)
			filter_forward(f, &frames[i]);
}

static void give(struct filter *f, const struct frame *frames, size_t count)
{
	size_t first = 0;

	for (size_t i = 0; f->command->every_frame && i < count; i++)
		f->command->every_frame(f, &frames[i]);
	for (size_t i = 0; i < count; i++) {
		bool data = kind_is_data(frames[i].kind);

		if (!data || is_ours(f, &frames[i]) != is_ours(f, &frames[first])) {
			if (i > first)
				give_run(f, frames + first, i - first);
			first = i;
		}
		if (data)
			continue;
		first = i + 1;
		if (frames[i].kind == KIND_HEAD)
			begin_segment(f);
		else if (frames[i].kind == KIND_END)
			end_segment(f, &frames[i]);
		else
			aborted(f, &frames[i]);
	}
	if (count > first)
		give_run(f, frames + first, count - first);
}

static struct reader *open_input(struct filter *f, int fd, const char *name)
{
	struct reader *r = reader_open(fd, name);

	if (f->pool)
		reader_use_pool(r, f->pool);
	if (f->inner->writer)
		reader_flush_first(r, f->inner->writer);
	return r;
}

static void read_input(struct filter *f, int fd, const char *name)
{
	struct frame frames[LEND];
	struct error e;
	size_t count;

	f->inner->reader = open_input(f, fd, name);
	for (;;) {
		size_t data = 0;

		if (reader_lend(f->inner->reader, frames, LEND, &count, &e)) {
			if (e.code == EXIT_DATA)
				die(e.code, "%s: frame %llu: %s", name,
					(unsigned long long)reader_position(f->inner->reader),
					e.text);
			die_with(&e);
		}
		if (count == 0)
			break;
		give(f, frames, count);
		for (size_t i = 0; i < count; i++)
			data += kind_is_data(frames[i].kind);
		progress_step(f, data);
		if (f->inner->stopped)
			break;
	}
}

/* Inputs are opened at once, and the images of a set wait open for END. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Opens every input before the sandbox closes: operands, or standard input. */
static int *open_operands(struct filter *f)
{
	int *fds = xcalloc((size_t)f->operand_count + 1, sizeof(*fds));
	struct stat st;

	for (int i = 0; i < f->operand_count; i++) {
		if (!strcmp(f->operands[i], "-"))
			continue;
		fds[i] = open(f->operands[i], O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			die(EXIT_NOINPUT, "%s: cannot open: %s", f->operands[i], strerror(errno));
		if (fstat(fds[i], &st) == 0 && S_ISDIR(st.st_mode))
			die(EXIT_NOINPUT, "%s: cannot open: is a folder, must be a stream file",
				f->operands[i]);
	}
	return fds;
}

static void read_inputs(struct filter *f, const int *fds)
{
	int count = f->command->stream_operands ? f->operand_count : 0;

	if (count == 0)
		read_input(f, STDIN_FILENO, "standard input");
	for (int i = 0; i < count && !f->inner->stopped; i++) {
		bool dash = !strcmp(f->operands[i], "-");

		if (i > 0)
			reader_free(f->inner->reader);
		read_input(f, fds[i], dash ? "standard input" : f->operands[i]);
	}
}

/* Whether all input is regular files, so that threads have work at hand. */
static bool input_is_file(const struct filter *f, const int *fds)
{
	int count = f->command->stream_operands ? f->operand_count : 0;
	struct stat st;

	if (count == 0)
		return fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	for (int i = 0; i < count; i++)
		if (fstat(fds[i], &st) || !S_ISREG(st.st_mode))
			return false;
	return true;
}

static bool reads_standard_input(const struct filter *f)
{
	if (f->inner->is_source)
		return false;
	if (!f->command->stream_operands || f->operand_count == 0)
		return true;
	for (int i = 0; i < f->operand_count; i++)
		if (!strcmp(f->operands[i], "-"))
			return true;
	return false;
}

static void refuse_terminal_input(const struct filter *f)
{
	if (reads_standard_input(f) && isatty(STDIN_FILENO))
		die(EXIT_USAGE, "standard input is a terminal: pipe a stream into it or use '< FILE'");
}

static void refuse_terminal_output(const struct filter *f)
{
	enum role role = f->command->role;

	if ((role == ROLE_SOURCE || role == ROLE_FILTER || f->sink.pass) && isatty(STDOUT_FILENO))
		die(EXIT_USAGE, "standard output is a terminal: pipe it into stream-head or use '> FILE'");
}

static void run_source(struct filter *f)
{
	f->command->run(f);
	if (f->inner->writer && writer_in_segment(f->inner->writer))
		filter_end(f, false);
}

static void run_stream(struct filter *f, const int *fds)
{
	const struct command *c = f->command;

	read_inputs(f, fds);
	if (c->finish)
		c->finish(f);
	if (c->role == ROLE_SINK)
		sink_commit(f);
	release_end(f, false);
	if (c->segments == SEGMENTS_JOIN && c->role == ROLE_FILTER &&
		writer_in_segment(f->inner->writer))
		filter_end(f, false);
	progress_done(f);
}

/* A stream appended to its own input would never end. */
static void refuse_own_input(const struct filter *f, const int *fds)
{
	int count = f->command->stream_operands ? f->operand_count : 0;
	struct stat out, in;

	if (fstat(STDOUT_FILENO, &out) || !S_ISREG(out.st_mode) || f->inner->is_source)
		return;
	for (int i = -1; i < count; i++)
		if (fstat(i < 0 ? STDIN_FILENO : fds[i], &in) == 0 && in.st_dev == out.st_dev &&
			in.st_ino == out.st_ino && (i >= 0 || reads_standard_input(f)))
			die(EXIT_CANTCREATE, "standard output: is the input itself");
}

static void start_threads(struct filter *f, const int *fds)
{
	unsigned threads = (unsigned)f->common.jobs;

	if (!f->command->parallel)
		return;
	if (threads == 0)
		threads = f->command->all_cpus || (!f->inner->is_source && input_is_file(f, fds))
				  ? cpu_count()
				  : 1;
	f->pool = pool_new(threads);
}

int command_main(const struct command *command, int argc, char **argv)
{
	struct filter_inner inner = {0};
	struct filter f = {.command = command, .inner = &inner};
	int *fds = NULL;
	int code = EXIT_OK;

	argv0 = command->name;
	open_standard_files();
	check_environment();
	inner.is_source = command->role == ROLE_SOURCE;
	f.options = xcalloc(1, command->options_size + 1);
	if (!parse(&f, argc, argv))
		return EXIT_OK;
	if (command->role == ROLE_TOOL) {
		command->run(&f);
		return EXIT_OK;
	}
	if (!command->run) /* else it may yet become a source */
		refuse_terminal_input(&f);
	refuse_terminal_output(&f);
	allow_many_files();
	if (command->stream_operands)
		fds = open_operands(&f);
	if (command->role == ROLE_SINK)
		sink_prepare(&f);
	if (command->prepare)
		command->prepare(&f);
	refuse_terminal_input(&f);
	refuse_own_input(&f, fds);
	history_prepare(&f);
	if (command->role != ROLE_SINK || f.sink.pass)
		inner.writer = writer_open(STDOUT_FILENO, command->name, f.sink.pass);
	progress_prepare(&f);
	handle_signals(&f);
	harden_files(&f.sandbox);
	start_threads(&f, fds);
	harden_calls(&f.sandbox);
	if (inner.is_source)
		run_source(&f);
	else
		run_stream(&f, fds);
	if (inner.writer && writer_reader_left(inner.writer))
		code = EXIT_DOWNSTREAM;
	pool_free(f.pool);
	reader_free(inner.reader);
	writer_free(inner.writer);
	return code;
}
