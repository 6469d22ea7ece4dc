/* SPDX-License-Identifier: ISC */
/* Messages, exit codes and the one way a command dies. */
#ifndef LEAT_BASE_ERR_H
#define LEAT_BASE_ERR_H

#include <stdint.h>

/* The table of exit codes; leat(1) explains each to the user. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_NO = 1,           /* a gate failed, nothing was found */
	EXIT_USAGE = 64,       /* the command line is wrong */
	EXIT_DATA = 65,        /* the data are wrong */
	EXIT_NOINPUT = 66,     /* an input does not exist or cannot be opened */
	EXIT_UNAVAILABLE = 69, /* an optional backend is absent */
	EXIT_INTERNAL = 70,    /* a bug in leat */
	EXIT_OS = 71,          /* out of memory, threads, descriptors */
	EXIT_CANTCREATE = 73,  /* an output cannot be created */
	EXIT_IO = 74,          /* reading or writing failed */
	EXIT_AGAIN = 75,       /* a later try may succeed */
	EXIT_UPSTREAM = 76,    /* the stream was cut short or aborted upstream */
	EXIT_CONFIG = 78,      /* the configuration is wrong */
	EXIT_DOWNSTREAM = 141, /* the reader of our output has left */
};

/* The name messages begin with: the base name of argv[0]. */
extern const char *argv0;

/*
 * What a library function reports to its caller. Functions of lib/dsp, lib/plot and lib/io never
 * end the process: they return 0, or fill this and return its code.
 */
struct error {
	int code;       /* an enum exit_code */
	char text[480]; /* "where: what: why", no line end, no "name:" before it */
};

/* Fills *e and returns code, so that a caller can write `return fail(e, EXIT_DATA, ...)`. */
int fail(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* 0 quiet (errors only), 1 usual (warnings too), 2 and more verbose. Set by -q and -v. */
void set_verbosity(int level);
int verbosity(void);

/*
 * Says which frame later messages speak of ("frame 12 index 345600:"), until err_nowhere().
 * Call it where a message may arise, not for every frame.
 */
void err_at_frame(uint64_t frame, int64_t index);

/* The same of a file that is at hand ("lights/m31_04.fits:"); path stays the caller's. */
void err_at_file(const char *path);
void err_nowhere(void);

/*
 * One line "name: [frame F index I: or FILE:] message" to stderr. Control characters and bytes that are not
 * UTF-8 are written as \xHH, so a hostile name cannot forge a line. warn() adds "warning: ", is
 * silent under -q; note() speaks only under -v.
 */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Says the message, runs what at_death() registered (last first), and exits with code. A death
 * inside such a function exits at once. die_with() says a library's error.
 */
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void die_with(const struct error *e);

/*
 * Ends the process without a word of its own: as die(), for a reason already told (an ABORT from
 * upstream, a reader that left). `reason` goes to the at_death() functions only.
 */
_Noreturn void die_silently(int code, const char *reason);

/*
 * Runs what at_death() registered and returns; for signal handlers, so those functions take no
 * memory.
 */
void die_of(int code, const char *reason);

/* Registers fn(arg, code, message) for die(): to remove temporaries, to send ABORT. */
typedef void death_fn(void *arg, int code, const char *message);
void at_death(death_fn *fn, void *arg);
void forget_at_death(death_fn *fn, void *arg);

#endif
