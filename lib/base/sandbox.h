/* SPDX-License-Identifier: ISC */
/*
 * Least privilege before untrusted bytes: no_new_privs, Landlock, seccomp. What is refused gives
 * EPERM or EACCES, never a kill. Sanitizer builds set no_new_privs only, as their runtimes need
 * what is refused. LEAT_SANDBOX=off does nothing; LEAT_SANDBOX=require dies with EXIT_OS where the
 * kernel lacks a part.
 */
#ifndef LEAT_BASE_SANDBOX_H
#define LEAT_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* All zero: a filter, which opens nothing any more. Parts add up. */
struct sandbox {
	const char *const *read_paths; /* files and folders that may still be opened to read */
	size_t read_count;
	const char *write_beneath; /* folder in which files may be made, renamed, removed; or NULL */
	bool make_folders;         /* and folders be made there */
	uint64_t memory;           /* RLIMIT_DATA in bytes, 0 = as it is */
};

/*
 * Call after files are opened, before the first untrusted byte. Landlock holds for the thread that
 * asks for it and those it starts later, starting threads is refused by seccomp: so a command with
 * threads calls harden_files(), starts them, and calls harden_calls(), which holds for all.
 */
void harden(const struct sandbox *s);
void harden_files(const struct sandbox *s);
void harden_calls(const struct sandbox *s);

/* Adds "landlock: ABI 7\nseccomp: yes\n…" as `leat --version -v` prints it. */
void sandbox_describe(struct str *out);

#endif
