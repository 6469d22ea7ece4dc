/* SPDX-License-Identifier: ISC */
/* The grammar of the stream between a command's callbacks and the frames. */
#include "stream/filter.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "stream/inner.h"

/*
 * Output.
 */

static unsigned kinds_out(const struct filter *f, const struct meta *meta)
{
	const struct command *c = f->command;

	if (c->role == ROLE_SOURCE && meta_get(meta, "kinds"))
		return meta_kinds(meta) & c->out;
	if (f->inner->is_source || c->segments == SEGMENTS_JOIN)
		return c->out;
	return (meta_kinds(meta) & ~c->in) | c->out;
}

static void set_kinds(struct meta *meta, unsigned kinds)
{
	struct str text = {0};
	const char *name;
	char buffer[16];

	for (unsigned i = 1; i < 32; i++)
		if (kinds & KIND_BIT(i) && (name = kind_name(i, buffer)))
			str_addf(&text, "%s%s", text.len ? " " : "", name);
	if (text.len)
		meta_set(meta, "kinds", text.p);
	str_free(&text);
}

void filter_head(struct filter *f, struct meta *meta)
{
	if (f->command->out != KINDS_ALL)
		set_kinds(meta, kinds_out(f, meta));
	history_add(meta, f);
	writer_head(f->inner->writer, meta);
}

void filter_put(struct filter *f, const struct frame *frame)
{
	writer_frame(f->inner->writer, frame);
}

void filter_put_with(struct filter *f, const struct frame *frame, const struct meta *own)
{
	struct frame with = *frame;
	struct str text = {0};

	meta_format(own, &text);
	with.meta = text.p;
	with.meta_len = (uint32_t)text.len;
	filter_put(f, &with);
	str_free(&text);
}

void filter_forward(struct filter *f, const struct frame *frame)
{
	writer_forward(f->inner->writer, frame);
}

void filter_end(struct filter *f, bool more)
{
	writer_end(f->inner->writer, &f->inner->notes, more);
	meta_clear(&f->inner->notes);
}

void filter_flush(struct filter *f)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	writer_flush(f->inner->writer);
	if (poll(&p, 1, 0) > 0 && p.revents & POLLERR && !f->sink.pass)
		die_silently(EXIT_DOWNSTREAM, "the reader has left");
}

void filter_note(struct filter *f, const char *key, int64_t value)
{
	struct str text = {0};

	str_addf(&text, "%s %s=%lld", f->command->name, key, (long long)value);
	meta_add(&f->inner->notes, "note", text.p);
	str_free(&text);
}

void filter_stop(struct filter *f)
{
	f->inner->stopped = !f->inner->writer;
}

void filter_no(struct filter *f)
{
	f->inner->no = true;
}

struct meta *filter_joined(struct filter *f)
{
	return &f->inner->joined;
}

/*
 * Input.
 */

const struct meta *filter_meta(struct filter *f, const struct frame *frame)
{
	struct meta own = {0};
	struct error e;

	if (frame->meta_len == 0)
		return reader_head(f->inner->reader);
	if (meta_parse(&own, frame->meta, frame->meta_len, &e))
		die_with(&e);
	meta_copy(&f->inner->meta, reader_head(f->inner->reader));
	meta_overlay(&f->inner->meta, &own);
	meta_clear(&own);
	return &f->inner->meta;
}

static void drop_scopes(const struct command *c, struct meta *meta)
{
	if (c->changes & CHANGES_SHAPE)
		meta_drop_scope(meta, '%');
	if (c->changes & CHANGES_VALUES)
		meta_drop_scope(meta, '~');
	if (c->changes & CHANGES_COUNT)
		meta_remove(meta, "expect_frames");
}

void filter_own_meta(struct filter *f, const struct frame *frame, struct meta *own)
{
	struct error e;

	meta_clear(own);
	if (frame->meta_len && meta_parse(own, frame->meta, frame->meta_len, &e))
		die_with(&e);
	drop_scopes(f->command, own);
}

void release_end(struct filter *f, bool more)
{
	struct filter_inner *in = f->inner;

	if (!in->holding_end)
		return;
	in->holding_end = false;
	writer_end(in->writer, &in->held, in->held_more || more);
	meta_clear(&in->held);
}

static void join_head(struct filter *f, const struct meta *head)
{
	struct filter_inner *in = f->inner;
	struct meta kept = {0};

	meta_copy(&kept, head);
	drop_scopes(f->command, &kept);
	if (in->segments == 1)
		meta_copy(&in->joined, &kept);
	else
		meta_keep_equal(&in->joined, &kept);
	meta_clear(&kept);
}

/*
 * HEAD of a filter's output waits for the first data frame, which may decide what it says; first is
 * NULL if the segment has none.
 */
static void write_head(struct filter *f, const struct frame *first)
{
	struct filter_inner *in = f->inner;
	struct meta out = {0};

	if (!in->head_due)
		return;
	in->head_due = false;
	f->first = first;
	meta_copy(&out, reader_head(in->reader));
	drop_scopes(f->command, &out);
	if (f->command->head)
		f->command->head(f, reader_head(in->reader), &out);
	filter_head(f, &out);
	meta_clear(&out);
}

static void begin_segment(struct filter *f)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;
	const struct meta *head = reader_head(in->reader);

	in->taken = in->foreign = 0;
	in->segments++;
	in->none_is_ours =
		c->in != KINDS_ALL && meta_get(head, "kinds") && !(meta_kinds(head) & c->in);
	progress_head(f, head);
	release_end(f, c->joins_files);
	in->head_due = c->role == ROLE_FILTER && c->segments == SEGMENTS_EACH;
	if (in->head_due)
		return;
	if (c->role == ROLE_FILTER)
		join_head(f, head);
	if (c->head)
		c->head(f, head, NULL);
	if (in->writer && c->role == ROLE_SINK)
		writer_head(in->writer, head);
}

static void wrong_kind(const struct filter *f, unsigned got)
{
	struct str expected = {0}, hint = {0};
	char name[16];

	kinds_names(f->command->in, &expected);
	if (f->command->in == KIND_BIT(KIND_SPECTRA) && got == KIND_IQ)
		str_add(&hint, " (fft-slice missing?)");
	else if (f->command->in == KIND_BIT(KIND_IMAGE) && got == KIND_SPECTRA)
		str_add(&hint, " (waterfall missing?)");
	else if (f->command->in == KIND_BIT(KIND_IMAGE) && got == KIND_IQ)
		str_add(&hint, " (fft-slice | waterfall missing?)");
	else
		str_add(&hint, "");
	die(EXIT_DATA, "expects %s, got %s%s", expected.p, kind_name(got, name), hint.p);
}

static void end_segment(struct filter *f, const struct frame *frame)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;
	struct meta end = {0};
	struct error e;
	const char *text;
	bool more = frame->flags & FRAME_MORE;

	if (in->foreign > 0 && in->taken == 0)
		wrong_kind(f, in->foreign_kind);
	if (meta_parse(&end, frame->meta, frame->meta_len, &e))
		die_with(&e);
	write_head(f, NULL);
	if (c->end)
		c->end(f, &end);
	if (c->role == ROLE_SINK) {
		meta_remove(&end, "frames");
		meta_copy(&in->held, &end);
		in->held_more = more;
		in->holding_end = in->writer != NULL;
	} else {
		for (size_t at = 0; (text = meta_next(&end, "note", &at));)
			meta_add(&in->notes, "note", text);
		if (c->segments == SEGMENTS_JOIN) {
			if (in->foreign > 0)
				filter_note(f, "dropped", (int64_t)in->foreign);
		} else if (c->joins_files) {
			meta_copy(&in->held, &in->notes);
			meta_clear(&in->notes);
			in->held_more = more;
			in->holding_end = true;
		} else {
			filter_end(f, more);
		}
	}
	meta_clear(&end);
}

/* Upstream has failed and said so: the word goes on, and nothing is committed. */
static _Noreturn void aborted(struct filter *f, const struct frame *frame)
{
	struct meta m = {0};
	struct error e;
	const char *tool, *reason, *code;
	int64_t number = EXIT_INTERNAL;

	if (meta_parse(&m, frame->meta, frame->meta_len, &e))
		die_with(&e);
	tool = meta_get(&m, "tool");
	reason = meta_get(&m, "reason");
	if ((code = meta_get(&m, "code")))
		parse_i64(code, &number);
	if (f->inner->writer)
		writer_abort(
			f->inner->writer, tool ? tool : "?", (int)number, reason ? reason : "?");
	note("aborted upstream by %s: %s", tool ? tool : "?", reason ? reason : "?");
	die_silently(EXIT_UPSTREAM, "aborted upstream");
}

static bool is_ours(const struct filter *f, const struct frame *frame)
{
	return f->command->in == KINDS_ALL ||
	       (frame->kind < 32 && f->command->in & KIND_BIT(frame->kind));
}

/* Whether a word stands in a list of words. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static void check_dtype(const struct filter *f, const struct frame *frame)
{
	const char *wanted = f->command->dtypes_in, *got = dtype_name(frame->dtype);

	if (wanted && !has_word(wanted, got))
		die(EXIT_DATA, "expects elements of type %s, got %s", wanted, got);
}

/* A frame that is not for the command: it passes a filter of each, and counts. */
static void give_foreign(struct filter *f, const struct frame *frame)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;

	if (in->foreign++ == 0)
		in->foreign_kind = frame->kind;
	if (in->writer && c->role == ROLE_FILTER && c->segments == SEGMENTS_EACH)
		filter_forward(f, frame);
}

static void give_group(struct filter *f, const struct frame *frames, size_t count)
{
	const struct frame *science = science_of(f, frames, count);

	if (science)
		check_dtype(f, science);
	err_at_frame(frames->seq, frames->index);
	f->command->group(f, frames, count);
	err_nowhere();
}

/* A member of a group: it waits for the last one, unless it is alone. */
static void give_member(struct filter *f, const struct frame *frame)
{
	struct filter_inner *in = f->inner;

	if (in->group.count == 0 && frame->flags & FRAME_GROUP_LAST) {
		give_group(f, frame, 1);
	} else if (group_add(&in->group, frame)) {
		give_group(f, in->group.frame, in->group.count);
		group_clear(&in->group);
	}
}

static void give_ours(struct filter *f, const struct frame *frame)
{
	const struct command *c = f->command;

	if (c->groups == GROUPS_SCIENCE && !is_science(f, frame)) {
		if (f->inner->writer && c->role == ROLE_FILTER)
			filter_forward(f, frame);
		return;
	}
	check_dtype(f, frame);
	if (c->frame) {
		err_at_frame(frame->seq, frame->index);
		c->frame(f, frame);
		err_nowhere();
	}
}

/* A run of data frames that are all ours, or all foreign. */
static void give_run(struct filter *f, const struct frame *frames, size_t count)
{
	const struct command *c = f->command;
	struct filter_inner *in = f->inner;
	bool ours = is_ours(f, frames);

	if (!ours && in->none_is_ours)
		wrong_kind(f, frames->kind); /* known from HEAD: no need to wait for END */
	write_head(f, frames);
	in->taken += ours ? count : 0;
	for (size_t i = 0; i < count; i++) {
		if (c->groups == GROUPS_WHOLE &&
			(in->group.count > 0 || frames[i].kind == KIND_IMAGE))
			give_member(f, &frames[i]);
		else if (ours)
			give_ours(f, &frames[i]);
		else
			give_foreign(f, &frames[i]);
	}
	if (ours && c->frames)
		c->frames(f, frames, count);
	if (in->writer && c->role == ROLE_SINK)
		for (size_t i = 0; i < count; i++)
			filter_forward(f, &frames[i]);
}

void give_frames(struct filter *f, const struct frame *frames, size_t count)
{
	size_t first = 0;

	for (size_t i = 0; f->command->every_frame && i < count; i++)
		f->command->every_frame(f, &frames[i]);
	for (size_t i = 0; i < count; i++) {
		bool data = kind_is_data(frames[i].kind);

		if (!data || is_ours(f, &frames[i]) != is_ours(f, &frames[first])) {
			if (i > first)
				give_run(f, frames + first, i - first);
			first = i;
		}
		if (data)
			continue;
		first = i + 1;
		if (frames[i].kind == KIND_HEAD)
			begin_segment(f);
		else if (frames[i].kind == KIND_END)
			end_segment(f, &frames[i]);
		else
			aborted(f, &frames[i]);
	}
	if (count > first)
		give_run(f, frames + first, count - first);
}
