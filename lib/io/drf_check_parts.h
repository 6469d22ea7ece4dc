/* SPDX-License-Identifier: ISC */
/* What is at hand while a channel is checked; for the sources of drf_check. */
#ifndef LEAT_IO_DRF_CHECK_PARTS_H
#define LEAT_IO_DRF_CHECK_PARTS_H

#include "base/str.h"
#include "io/drf_check.h"
#include "io/drf_parts.h"

#define CHECK_NUMBERS 12
#define CHECK_TEXTS 3

struct checking {
	struct drf_check *c;
	const char *folder, *name;
	struct drf_properties p;
	bool sound; /* p makes sense */
	bool typed; /* a file has told whether integers are signed */
	struct drf_tree tree;
	struct {
		bool there;
		uint64_t value;
	} number[CHECK_NUMBERS]; /* of the properties */
	bool text[CHECK_TEXTS];
	struct str missing; /* attributes of the file at hand that it has not */

	/* of the file before */
	bool ran;
	char uuid[256];
	uint64_t init_s, sequence;
	int64_t end;
};

void check_problem(struct checking *k, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Tells of a file being decoded, NULL afterwards. */
void check_decoding(const struct checking *k, const char *file);

enum check_type { CHECK_U64, CHECK_I64, CHECK_I32, CHECK_TEXT };

/*
 * Whether the attribute is there and of the type, or an array of one such, as writers of old made;
 * a problem if it is of another. What is not there is gathered: check_missing() tells it.
 */
bool check_attribute(
	struct checking *k, const char *file, hid_t object, const char *name, enum check_type type);

void check_missing(struct checking *k, const char *file);

/* The names of a folder, sorted, without those that begin with a dot. */
struct drf_names check_names(const char *path);

/* drf_check_file.c: one rf@ file, whose start in ms its name tells. */
void check_file(struct checking *k, const char *path, const char *file, int64_t ms);

/* drf_check_properties.c: the properties. EXIT_DATA if the folder has none. */
int check_properties(struct checking *k, struct error *e);
void check_file_attributes(struct checking *k, const char *file, hid_t data);

/* drf_check_metadata.c: a folder of Digital Metadata; false if it is none. */
bool check_metadata(struct checking *k, const char *name);

#endif
