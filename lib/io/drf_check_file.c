/* SPDX-License-Identifier: ISC */
/* One file of samples: its attributes, its index, with `deep` its samples. */
#include <stdio.h>
#include <string.h>

#include "io/drf_check_parts.h"

/* Messages of the readers begin with the file's name, which problems have apart. */
static const char *without_name(const struct error *e, const char *file)
{
	size_t n = strlen(file);

	return strncmp(e->text, file, n) || strncmp(e->text + n, ": ", 2) ? e->text
									  : e->text + n + 2;
}

/* False if there is nothing to go on with. */
static bool look_at_attributes(struct checking *k, const char *path, const char *file)
{
	struct error e;
	struct h5 h;
	hid_t data;

	if (h5_open(&h, path, file, &e)) {
		check_problem(k, file, "%s", without_name(&e, file));
		return false;
	}
	data = h5_dataset(h.file, "rf_data", 0);
	if (data >= 0) {
		check_file_attributes(k, file, data);
		H5Dclose(data);
	}
	h5_close(&h);
	return true;
}

static void read_samples(struct checking *k, struct drf_file *f)
{
	struct drf_piece piece;
	struct error e;

	for (size_t i = 0; i < f->runs; i++)
		for (uint64_t row = 0; row < f->run[i].rows; row += piece.rows) {
			piece = (struct drf_piece){.fd = -1, .rows = f->piece_rows};
			if (piece.rows > f->run[i].rows - row)
				piece.rows = (size_t)(f->run[i].rows - row);
			check_decoding(k, f->name);
			if (drf_file_read(f, f->run[i].row + row, &piece, &e)) {
				check_problem(k, f->name, "%s", without_name(&e, f->name));
				return;
			}
		}
}

static void count(struct checking *k, const struct drf_file *f)
{
	for (size_t i = 0; i < f->runs; i++) {
		k->c->samples += (int64_t)f->run[i].rows;
		k->c->blocks += f->run[i].index != k->end;
		if (f->run[i].index < k->end)
			check_problem(k, f->name,
				"begins with sample %lld, the file before has it too",
				(long long)f->run[i].index);
		k->end = f->run[i].index + (int64_t)f->run[i].rows;
	}
}

void check_file(struct checking *k, const char *path, const char *file, int64_t ms)
{
	struct rate rate = k->p.rate;
	struct drf_file f = {0};
	struct error e;

	k->c->files++;
	snprintf(f.name, sizeof(f.name), "%s", file);
	check_decoding(k, file);
	if (look_at_attributes(k, path, file)) {
		if (drf_file_open(&f, path, &k->p, !k->typed, drf_index_at(ms, rate),
			    drf_index_at(ms + k->p.file_ms, rate), &e)) {
			check_problem(k, file, "%s", without_name(&e, file));
		} else {
			k->typed = true;
			count(k, &f);
			if (k->c->deep)
				read_samples(k, &f);
			drf_file_close(&f);
		}
	}
	check_decoding(k, NULL);
}
