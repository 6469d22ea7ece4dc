/* SPDX-License-Identifier: ISC */
#include "base/err.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define DEATHS_MAX 16
#define MESSAGE_MAX 1024

const char *argv0 = "leat";

/* What messages need to know besides their text. */
static struct {
	int verbosity;
	bool at_frame;
	const char *file;
	uint64_t frame;
	int64_t index;
	bool dying;
	size_t deaths;
	struct {
		death_fn *fn;
		void *arg;
	} death[DEATHS_MAX];
} state = {.verbosity = 1};

void set_verbosity(int level)
{
	state.verbosity = level;
}

int verbosity(void)
{
	return state.verbosity;
}

void err_at_frame(uint64_t frame, int64_t index)
{
	state.at_frame = true;
	state.frame = frame;
	state.index = index;
}

void err_at_file(const char *path)
{
	state.file = path;
}

void err_nowhere(void)
{
	state.at_frame = false;
	state.file = NULL;
}

int fail(struct error *e, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	e->code = code;
	return code;
}

/* One write(), so that the lines of the stages of a pipeline do not mix. */
static void say(const char *kind, const char *message)
{
	char where[80] = "", safe[MESSAGE_MAX * 2], line[MESSAGE_MAX * 2 + 200];
	char located[MESSAGE_MAX];
	int n;

	if (state.file) {
		snprintf(located, sizeof(located), "%s: %s", state.file, message);
		message = located;
	}
	if (state.at_frame)
		snprintf(where, sizeof(where), "frame %llu index %lld: ",
			(unsigned long long)state.frame, (long long)state.index);
	escape(safe, sizeof(safe), message, strlen(message));
	n = snprintf(line, sizeof(line), "%s: %s%s%s\n", base_name(argv0), kind, where, safe);
	if (n > (int)sizeof(line) - 1)
		n = (int)sizeof(line) - 1;
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere left to complain */
}

__attribute__((format(printf, 2, 0))) static void vsay(
	const char *kind, const char *format, va_list ap)
{
	char message[MESSAGE_MAX];

	vsnprintf(message, sizeof(message), format, ap);
	say(kind, message);
}

void warn(const char *format, ...)
{
	va_list ap;

	if (state.verbosity < 1)
		return;
	va_start(ap, format);
	vsay("warning: ", format, ap);
	va_end(ap);
}

void note(const char *format, ...)
{
	va_list ap;

	if (state.verbosity < 2)
		return;
	va_start(ap, format);
	vsay("", format, ap);
	va_end(ap);
}

void die_of(int code, const char *reason)
{
	if (state.dying)
		return;
	state.dying = true;
	signal(SIGPIPE, SIG_IGN); /* a reader that has left must not cut this short */
	while (state.deaths > 0) {
		state.deaths--;
		state.death[state.deaths].fn(state.death[state.deaths].arg, code, reason);
	}
}

_Noreturn void die_silently(int code, const char *reason)
{
	die_of(code, reason);
	_exit(code);
}

_Noreturn void die(int code, const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	say("", message);
	die_silently(code, message);
}

_Noreturn void die_with(const struct error *e)
{
	die(e->code, "%s", e->text);
}

void at_death(death_fn *fn, void *arg)
{
	if (state.deaths == DEATHS_MAX)
		die(EXIT_INTERNAL, "at_death: more than %d functions", DEATHS_MAX);
	state.death[state.deaths].fn = fn;
	state.death[state.deaths].arg = arg;
	state.deaths++;
}

void forget_at_death(death_fn *fn, void *arg)
{
	for (size_t i = state.deaths; i-- > 0;)
		if (state.death[i].fn == fn && state.death[i].arg == arg) {
			memmove(&state.death[i], &state.death[i + 1],
				(state.deaths - i - 1) * sizeof(state.death[0]));
			state.deaths--;
			return;
		}
}
