/* SPDX-License-Identifier: ISC */
/* A plan for other programs: as JSON, and as a graph in the language of Graphviz. */
#ifndef LEAT_FLOW_GRAPH_H
#define LEAT_FLOW_GRAPH_H

#include "flow/plan.h"

void plan_json(const struct plan *plan, struct str *out);
void plan_dot(const struct plan *plan, struct str *out);

#endif
