/* SPDX-License-Identifier: ISC */
/* What the files that make a plan share, in the order of the work. */
#ifndef LEAT_FLOW_PLAN_PARTS_H
#define LEAT_FLOW_PLAN_PARTS_H

#include "flow/plan.h"

/* plan.c: memory that lives as long as the plan. */
const char *plan_text(struct plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void *plan_alloc(struct plan *plan, size_t count, size_t size);

/* The array with room for one element more, zero, at its end; *count counts it. */
void *plan_push(struct plan *plan, void *array, size_t *count, size_t size);

/* operations.c: a backend by its name, after what --backend says; NULL if there is none. */
const struct backend *backend_of(struct backend_set *set, const struct plan_options *o,
	const char *name, struct problems *p);

/* The operation of a step, NULL with a problem, or a warning if the step can be left out. */
const struct operation *step_operation(
	const struct plan_options *o, struct backend_set *set, struct step *s, struct problems *p);

/* Starts to ask the commands of stages what they are. */
void stages_ask(struct describer *d, const struct stage_spec *stage, size_t n);
void operation_ask(struct describer *d, const struct operation *o);

/* Whether a job is a source, a sink that lets its stream pass, or ends it. */
void job_role(struct job *j, const struct plan_options *o, struct problems *p);

/*
 * sources.c: whether a step takes, by whatever way, what it makes (then the rest must not be
 * asked); the jobs and inputs whose frames a job takes; then sinks are taken out of the way.
 */
bool steps_cycle(struct plan *plan, struct problems *p);
void job_sources(struct plan *plan, struct job *j, struct problems *p);
void sinks_pass(struct plan *plan, struct problems *p);
bool template_input(const struct template *t, const char *name);

/* inputs.c: the inputs that a job's operation needs or takes; job->reads is filled. */
struct plan_input *input_add(struct plan *plan, const struct input_spec *spec);
void job_inputs(struct plan *plan, struct job *j, struct problems *p);

/* words.c: words are added to a stage as one text, or piece by piece. */
void stage_add(struct plan *plan, struct stage *s, const char *text);
struct word *stage_word(struct plan *plan, struct stage *s);
void word_add(struct word *w, enum piece_kind kind, const char *text);

/* Adds the words of a stage that stand before the params (fixed), or those behind them. */
void stage_expand(struct plan *plan, const struct job *job, const struct stage_spec *spec,
	bool fixed, struct stage *s, struct problems *p);

/* The stages that read the files of these inputs. */
struct stage *reader_stages(struct plan *plan, const struct words *reads, bool scattered,
	const struct stage_spec *reader, size_t *count);

/* commands.c: the command lines of a job, and the products that it makes. */
void job_build(struct plan *plan, struct job *j, const struct plan_options *o, struct problems *p);
void product_add(struct plan *plan, const struct job *j, const char *format, size_t stage);

/* jobs.c: all of this for every step; then what stands behind chains that no file ends. */
void jobs_make(struct plan *plan, const struct plan_options *o, struct backend_set *set,
	struct problems *p);
void jobs_end(struct plan *plan, const struct plan_options *o, struct backend_set *set,
	struct problems *p);

/* kinds.c */
void kinds_check(struct plan *plan, const struct plan_options *o, struct problems *p);

/* products.c: the words of a product's path in the work folder, behind this text. */
void product_word(struct plan *plan, const struct product *m, const char *before, struct word *w);
void products_name(struct plan *plan, const struct plan_options *o, struct problems *p);

/* units.c */
void units_make(struct plan *plan, struct problems *p);

#endif
