/* SPDX-License-Identifier: ISC */
/* The rest of a command in a child process, where a library crashes or hangs on hostile files. */
#ifndef LEAT_BASE_CHILD_H
#define LEAT_BASE_CHILD_H

struct child;

/*
 * Forks; only the child returns. The parent waits, hands on the signals it gets and ends as the
 * child did. If the child crashes, or spends more than limit_s seconds of CPU time on one thing,
 * the parent dies with EXIT_DATA and names the thing. Standard output is left to the child alone,
 * so whoever reads it sees it end. Call it before threads are started and files are opened.
 */
struct child *child_start(unsigned limit_s);

/* What the child turns to now, a file's name; NULL when it is done with it. */
void child_busy(struct child *c, const char *what);

#endif
