/* SPDX-License-Identifier: ISC */
/* The life of a command from its first instruction to its exit code. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "stream/inner.h"

#define LEND 64

/* What signal handlers may touch. */
static volatile sig_atomic_t stop_wanted;

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
		give_frames(f, frames, count);
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
		die(EXIT_USAGE,
			"standard input is a terminal: pipe a stream into it or use '< FILE'");
}

static void refuse_terminal_output(const struct filter *f)
{
	enum role role = f->command->role;

	if ((role == ROLE_SOURCE || role == ROLE_FILTER || f->sink.pass) && isatty(STDOUT_FILENO))
		die(EXIT_USAGE,
			"standard output is a terminal: pipe it into stream-head or use '> FILE'");
}

static void refuse_terminals(const struct filter *f)
{
	refuse_terminal_input(f);
	refuse_terminal_output(f);
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
	bool may_become_source = command->role == ROLE_FILTER && command->run;
	int *fds = NULL;
	int code = EXIT_OK;

	argv0 = command->name;
	open_standard_files();
	check_environment();
	inner.is_source = command->role == ROLE_SOURCE;
	f.options = xcalloc(1, command->options_size + 1);
	if (!command_line(&f, argc, argv))
		return EXIT_OK;
	if (command->role == ROLE_TOOL) {
		command->run(&f);
		return EXIT_OK;
	}
	if (!may_become_source)
		refuse_terminals(&f);
	allow_many_files();
	signal(SIGXFSZ, SIG_IGN); /* a write beyond ulimit -f fails, and is told, as any other */
	if (command->stream_operands)
		fds = open_operands(&f);
	if (command->role == ROLE_SINK)
		sink_prepare(&f);
	if (command->prepare)
		command->prepare(&f);
	if (may_become_source)
		refuse_terminals(&f);
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
	if (inner.no)
		code = EXIT_NO;
	pool_free(f.pool);
	reader_free(inner.reader);
	writer_free(inner.writer);
	return code;
}
