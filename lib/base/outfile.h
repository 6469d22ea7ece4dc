/* SPDX-License-Identifier: ISC */
/*
 * Files that appear under their name only when they are whole: written beside it as
 * ".NAME.PID-N.part", fsynced, renamed, the folder fsynced. A death removes the part file; one
 * left by a kill is removed by the next command that writes the same name. Any number may be open:
 * each holds a descriptor, as its lock tells the living from the left; those opened in a row in one
 * folder share that folder's.
 *
 * Everything here dies on failure: EXIT_CANTCREATE where a name cannot be written, EXIT_IO where
 * writing fails.
 */
#ifndef LEAT_BASE_OUTFILE_H
#define LEAT_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct outfile;

/*
 * Makes sure that path can be written, before any work is done: refuses a folder, device, FIFO,
 * socket or symbolic link, a file that is open for reading (call it when the inputs are), an
 * existing one if no_clobber, and a folder that is not there or not writable.
 */
void outfile_check(const char *path, bool no_clobber);

/* The folder part of a path, "." if there is none; to be freed. */
char *folder_of(const char *path);

/* Opens the part file. The folder must stay writable (sandbox: write_beneath). */
struct outfile *outfile_open(const char *path, bool no_clobber);
void outfile_write(struct outfile *f, const void *bytes, size_t n);

/* For libraries that want to write themselves; what they wrote counts. */
int outfile_fd(struct outfile *f);

/* The file appears under its name; f is freed. */
void outfile_commit(struct outfile *f);

/*
 * Several files of one folder that belong together, the last of which says that the others are
 * there; all are freed. All are on disk before one appears, and the last appears last. An older
 * file of its name goes before the others change, so it never speaks of files that are not its own.
 */
void outfile_commit_together(struct outfile *const *files, size_t count);

/* The part file goes; f is freed. NULL is allowed. */
void outfile_discard(struct outfile *f);

/*
 * A name made from a pattern such as "x_{n:04}.png" or "{object}_{n}.fits": {n} is the number,
 * {n:04} with at least 4 digits, {key} what lookup(arg, key) gives, mapped to [A-Za-z0-9._+-]
 * (anything else "_", never empty, never beginning with a dot, nor a name with "-"). To be freed;
 * NULL with a reason in *why if the pattern is malformed or a key unknown. Only the pattern's own
 * slashes make folders.
 */
typedef const char *pattern_fn(void *arg, const char *key);
char *pattern_expand(
	const char *pattern, uint64_t n, pattern_fn *lookup, void *arg, const char **why);

/* Adds a value as {key} is mapped: never empty, at most 64 bytes of it. */
void str_add_mapped(struct str *s, const char *value);

/*
 * The list of a set's files, written when all are there: "CRC32C SIZE NAME" a line, into
 * "PREFIX.manifest", PREFIX being the pattern up to its first brace less "_-." at the end.
 */
struct manifest;
struct manifest *manifest_new(const char *pattern);
void manifest_add(struct manifest *m, const char *path);
void manifest_commit(struct manifest *m);

#endif
