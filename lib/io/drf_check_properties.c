/* SPDX-License-Identifier: ISC */
/* The properties of a channel, and the attributes of files, which repeat them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/drf_check_parts.h"

static const struct {
	const char *name;
	enum check_type type;
} numbers[CHECK_NUMBERS] = {
	{"H5Tget_class", CHECK_U64},
	{"H5Tget_size", CHECK_U64},
	{"H5Tget_order", CHECK_U64},
	{"H5Tget_precision", CHECK_U64},
	{"H5Tget_offset", CHECK_U64},
	{"subdir_cadence_secs", CHECK_U64},
	{"file_cadence_millisecs", CHECK_U64},
	{"sample_rate_numerator", CHECK_U64},
	{"sample_rate_denominator", CHECK_U64},
	{"is_complex", CHECK_I32},
	{"num_subchannels", CHECK_I32},
	{"is_continuous", CHECK_I32},
};

static const char *const texts[CHECK_TEXTS] = {
	"epoch", "digital_rf_time_description", "digital_rf_version"};

static bool is_type(hid_t type, enum check_type wanted)
{
	H5T_class_t class = H5Tget_class(type);

	if (wanted == CHECK_TEXT)
		return class == H5T_STRING;
	return class == H5T_INTEGER && H5Tget_size(type) == (wanted == CHECK_I32 ? 4 : 8) &&
	       (H5Tget_sign(type) == H5T_SGN_NONE) == (wanted == CHECK_U64);
}

bool check_attribute(
	struct checking *k, const char *file, hid_t object, const char *name, enum check_type type)
{
	static const char *const type_names[] = {"u64", "i64", "i32", "text"};
	hid_t attribute, found, space;
	bool fits;

	if (H5Aexists(object, name) <= 0) {
		str_addf(&k->missing, "%s%s", k->missing.len ? ", " : "", name);
		return false;
	}
	attribute = H5Aopen(object, name, H5P_DEFAULT);
	found = attribute >= 0 ? H5Aget_type(attribute) : -1;
	space = attribute >= 0 ? H5Aget_space(attribute) : -1;
	fits = found >= 0 && space >= 0 && is_type(found, type) &&
	       H5Sget_simple_extent_npoints(space) == 1;
	if (!fits)
		check_problem(k, file, "attribute %s is not one %s", name, type_names[type]);
	if (space >= 0)
		H5Sclose(space);
	if (found >= 0)
		H5Tclose(found);
	if (attribute >= 0)
		H5Aclose(attribute);
	return fits;
}

void check_missing(struct checking *k, const char *file)
{
	if (k->missing.len)
		check_problem(k, file, "lacks the attribute%s %s",
			strchr(k->missing.p, ',') ? "s" : "", k->missing.p);
	str_clear(&k->missing);
}

/* Notes what the properties say; all must be there in drf_properties.h5, not so in older ones. */
static void note_attributes(struct checking *k, const char *file, hid_t object, bool old)
{
	for (size_t i = 0; i < CHECK_NUMBERS; i++) {
		if (old && H5Aexists(object, numbers[i].name) <= 0)
			continue;
		check_attribute(k, file, object, numbers[i].name, numbers[i].type);
		k->number[i].there = h5_u64(object, numbers[i].name, &k->number[i].value);
	}
	for (size_t i = 0; i < CHECK_TEXTS; i++)
		if (!old || H5Aexists(object, texts[i]) > 0)
			k->text[i] = check_attribute(k, file, object, texts[i], CHECK_TEXT);
	check_missing(k, file);
}

static void read_properties(struct checking *k, const char *path, const char *file, bool old)
{
	struct error e;
	struct h5 h;

	check_decoding(k, file);
	if (h5_open(&h, path, file, &e)) {
		check_problem(k, file, "%s", e.text + strlen(file) + 2);
	} else {
		note_attributes(k, file, h.file, old);
		k->sound = !drf_read_properties(&k->p, h.file, file, &e);
		if (!k->sound)
			check_problem(k, file, "%s", e.text + strlen(file) + 2);
		h5_close(&h);
	}
	check_decoding(k, NULL);
}

int check_properties(struct checking *k, struct error *e)
{
	static const char *const names[] = {"drf_properties.h5", "metadata.h5"};
	struct error why;
	struct h5 h;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char *path = drf_join(k->folder, names[i]), *file = drf_join(k->name, names[i]);
		int r = h5_open(&h, path, file, &why);

		if (!r)
			h5_close(&h);
		if (r != EXIT_NOINPUT)
			read_properties(k, path, file, i > 0);
		free(path);
		free(file);
		if (r != EXIT_NOINPUT)
			return 0;
	}
	return fail(e, EXIT_DATA, "%s: not a channel: no drf_properties.h5 in it", k->name);
}

/* The files of one run count up: a number left out is a file that is gone. */
static void check_sequence(struct checking *k, const char *file, hid_t data)
{
	uint64_t sequence = 0, init_s = 0, gone;
	char uuid[256] = "";
	bool same, ran = check_attribute(k, file, data, "sequence_num", CHECK_I32) &&
			 check_attribute(k, file, data, "init_utc_timestamp", CHECK_U64) &&
			 check_attribute(k, file, data, "uuid_str", CHECK_TEXT) &&
			 h5_u64(data, "sequence_num", &sequence) &&
			 h5_u64(data, "init_utc_timestamp", &init_s) &&
			 h5_text(data, "uuid_str", uuid, sizeof(uuid));

	check_attribute(k, file, data, "computer_time", CHECK_U64);
	same = k->ran && ran && k->init_s == init_s && !strcmp(uuid, k->uuid);
	gone = sequence - k->sequence - 1;
	if (same && sequence <= k->sequence)
		check_problem(k, file, "sequence_num %llu after %llu of the file before",
			(unsigned long long)sequence, (unsigned long long)k->sequence);
	else if (same && gone > 0)
		check_problem(k, file,
			"sequence_num %llu after %llu: %llu file%s before it %s gone",
			(unsigned long long)sequence, (unsigned long long)k->sequence,
			(unsigned long long)gone, gone > 1 ? "s" : "", gone > 1 ? "are" : "is");
	k->ran = ran;
	k->init_s = init_s;
	k->sequence = sequence;
	strcpy(k->uuid, uuid);
}

void check_file_attributes(struct checking *k, const char *file, hid_t data)
{
	uint64_t value;

	for (size_t i = 0; i < CHECK_NUMBERS; i++) {
		if (!k->number[i].there ||
			!check_attribute(k, file, data, numbers[i].name, numbers[i].type) ||
			!h5_u64(data, numbers[i].name, &value))
			continue;
		if (value != k->number[i].value)
			check_problem(k, file, "%s %llu, in the properties %llu", numbers[i].name,
				(unsigned long long)value, (unsigned long long)k->number[i].value);
	}
	for (size_t i = 0; i < CHECK_TEXTS; i++)
		if (k->text[i])
			check_attribute(k, file, data, texts[i], CHECK_TEXT);
	check_sequence(k, file, data);
	check_missing(k, file);
}
