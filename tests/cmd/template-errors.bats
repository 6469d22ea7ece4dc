#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Broken templates: tests/templates/broken/NAME.yaml, each with one fault (a few with several), and
# NAME.err, the exit status and then exactly what is said. A new pair needs no line here.
#
# shellcheck disable=SC2016

load ../common

BROKEN=$ROOT/tests/templates/broken

# faults PREFIX …: every template that is called so is refused with its words.
faults() {
	local prefix file name code wrong=0 seen=0
	cp "$BROKEN"/*.yaml .
	for prefix; do
		for file in "$prefix"*.yaml; do
			name=${file%.yaml}
			code=0
			template-compile --check "$file" >out 2>said || code=$?
			{
				echo "$code"
				cat said
			} | diff "$BROKEN/$name.err" - >&2 || wrong=1
			[[ ! -s out ]] || wrong=1
			seen=$((seen + 1))
		done
	done
	((seen > 0 && wrong == 0))
}

# told CODE TEXT WORDS …: template-compile with these words exits so and says exactly that.
told() {
	local code=$1 text=$2
	shift 2
	expect "$code" template-compile "$@"
	printf '%s\n' "$text" | diff - err >&2
	[[ ! -s out ]]
}

@test "broken templates: what is no YAML, or more of it than is taken" {
	faults yaml-
}

@test "broken templates: the top level" {
	faults top-
}

@test "broken templates: steps, their order and conditions" {
	faults step- from- when-
}

@test "broken templates: params and formats of operations" {
	faults param format-
}

@test "broken templates: params of the template" {
	faults spec- ref-
}

@test "broken templates: kinds, element types and units that do not fit" {
	faults kind- type- unit- after- capture-
}

@test "broken templates: inputs and outputs" {
	faults input- output-
}

@test "broken templates: not built, extends" {
	faults not-built extends-
}

@test "broken templates: several at once, and more than twenty" {
	faults several many no-error
	[[ ! -e canary ]]
}

@test "broken templates: there are sixty at least, each with its words, all of them used above" {
	(($(find "$BROKEN" -name '*.yaml' | wc -l) >= 60))
	for file in "$BROKEN"/*.yaml; do [[ -s ${file%.yaml}.err ]]; done
	used=$(sed -n 's/^	faults //p' "$BATS_TEST_FILENAME" | tr ' ' '\n' | paste -sd'|')
	for file in "$BROKEN"/*; do
		[[ ${file##*/} =~ ^($used) ]] || {
			echo "$file: is not tested" >&2
			false
		}
	done
}

# steps N: a template of so many.
steps() {
	printf 'name: x\nsteps:\n'
	yes '  - {operation: stretch}' | head -n "$1"
}

@test "broken templates: sizes at and beyond the limits" {
	{
		steps 1
		yes '#' | tr -d '\n' | head -c 65536
	} | head -c 65536 >big.yaml
	expect 0 template-compile --check big.yaml
	echo >>big.yaml
	told 65 'big.yaml: more than 65536 bytes' --check big.yaml
	truncate -s 1G huge.yaml
	told 65 'huge.yaml: more than 65536 bytes' --check huge.yaml
	steps 700 >nodes.yaml
	expect 65 template-compile --check nodes.yaml
	grep -qx 'nodes.yaml:[0-9]*:[0-9]*: more than 2000 nodes' err
	steps 201 >steps.yaml
	told 65 'steps.yaml:3:3: more than 200 steps' --check steps.yaml
	steps 200 >steps.yaml
	expect 0 template-compile --check steps.yaml
}

@test "template-compile: wrong words" {
	printf 'name: x\nparams: {deep: {type: float, default: 0.2, max: 0.5}}\nsteps:\n  - {operation: stretch, params: {mid: "${deep}"}}\n' >x.yaml
	told 64 "--set strech.mid=1: no step strech: did you mean stretch?" --set strech.mid=1 x.yaml
	told 64 "--set stretch.md=1: step stretch: unknown param md of operation stretch: did you mean mid?" --set stretch.md=1 x.yaml
	told 64 "--set stretch.mid=1: step stretch: mid: 1: must be 0 to 0.9999" --set stretch.mid=1 x.yaml
	told 64 "--set mid=1: must be STEP.PARAM=VALUE" --set mid=1 x.yaml
	told 64 "template-compile: --set: 'stretch.mid': must be STEP.PARAM=VALUE" --set stretch.mid x.yaml
	told 64 "--param dep=1: no param dep: did you mean deep?" --param dep=1 x.yaml
	told 64 "--param deep=0.6: 0.6: must be at most 0.5" --param deep=0.6 x.yaml
	told 64 "--input imag=a: no input imag: did you mean image?" --input imag=a x.yaml
	told 64 "--input image=: input image: must be a path" --input image= x.yaml
	told 64 "template-compile: --input: 'image': must be NAME=PATH" --input image x.yaml
	told 64 "--backend default=builtni: no backend builtni: did you mean builtin?" --backend default=builtni x.yaml
	told 64 "--backend sirl=builtin: no backend sirl: did you mean siril?" --backend sirl=builtin x.yaml
	told 64 "template-compile: --check, --plan, --dot: give one of them" --check --plan x.yaml
	told 64 "template-compile: --target: ninja: must be one of sh|make" --target ninja x.yaml
	told 64 "template-compile: --out: '': must be a folder" --out '' x.yaml
	told 66 "template-compile: nowhere.yaml: no such file, and no template of this name" nowhere.yaml
	told 66 "template-compile: quick-dos: no such file, and no template of this name: did you mean quick-dso?" quick-dos
	told 66 "template-compile: ./nowhere.yaml: cannot open: No such file or directory" ./nowhere.yaml
	told 73 "template-compile: x.yaml: cannot create: is the input itself" -o x.yaml x.yaml
	mkdir folder
	told 66 "template-compile: folder: cannot read: Is a directory" folder
	expect 73 template-compile -o none/x.sh x.yaml
	says 'template-compile: none/x.sh: '
	printf 'name: x\nsteps:\n  - operation: channel_align\n' >y.yaml
	told 64 "--input ha=b: input ha: is one file, not a list" --input ha=a --input ha=b y.yaml
}
