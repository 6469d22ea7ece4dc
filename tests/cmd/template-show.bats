#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "template-show: the text as it stands, by name" {
	for file in "$ROOT"/templates/*.yaml; do
		name=${file##*/}
		template-show "${name%.yaml}" | cmp - "$file"
		template-show "$name" | cmp - "$file"
	done
	[[ $(template-show --path quick-dso) == */templates/quick-dso.yaml ]]
}

@test "template-show: one of your own takes the shipped one's place" {
	export XDG_CONFIG_HOME=$PWD/config
	mkdir -p config/leat/templates
	printf 'name: Own\nsteps: [{operation: stretch}]\n' >config/leat/templates/quick-dso.yaml
	template-show quick-dso | cmp - config/leat/templates/quick-dso.yaml
}

@test "template-show: what is no template's name is 66" {
	expect 66 template-show quick-ds
	says 'template-show: quick-ds: no such template: did you mean quick-dso?'
	expect 66 template-show zzzzzzzz
	says 'template-show: zzzzzzzz: no such template: see template-list'
	for name in ../templates/quick-dso "$ROOT/templates/quick-dso.yaml" . .. '' .quick-dso; do
		expect 66 template-show "$name"
	done
}
