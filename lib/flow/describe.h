/* SPDX-License-Identifier: ISC */
/* What commands say of themselves (NAME --describe, see leat(1)), asked once and side by side. */
#ifndef LEAT_FLOW_DESCRIBE_H
#define LEAT_FLOW_DESCRIBE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/opt.h"

/* What flows: sets of words between blanks, "any" and "same" as they stand; "" for none. */
struct flow {
	const char *kinds, *dtypes, *unit;
};

struct described {
	char *name;
	const char *summary, *role;
	struct flow in, out;
	bool counts;		/* the number of frames changes */
	struct option *options; /* up to OPTIONS_END; offsets and flags are nobody's */
};

struct describer;

/* folder: that of the commands; it must outlive the describer. */
struct describer *describer_new(const char *folder);
void describer_free(struct describer *d);

/* Starts to ask a command, whose answer describe() then waits for. Unknown ones are ignored. */
void describe_ask(struct describer *d, const char *name);

/* NULL, with *e filled, if there is no such command or it says nothing sensible. */
const struct described *describe(struct describer *d, const char *name, struct error *e);

/* Takes the text for what the command says, so that it is not asked. */
void describe_as(struct describer *d, const char *name, const char *text);

#endif
