/* SPDX-License-Identifier: ISC */
#include "stream/inner.h"

void history_add(struct meta *meta, const struct filter *f)
{
	struct str line = {0};

	str_addf(&line, "%s %s", f->command->name, LEAT_VERSION);
	if (f->command->options)
		options_history(f->command->options, f->options, &line);
	for (int i = 0; i < f->operand_count; i++) {
		str_add(&line, " ");
		str_add_shell(&line, base_name(f->operands[i]));
	}
	meta_add(meta, "history", line.p);
	str_free(&line);
}
