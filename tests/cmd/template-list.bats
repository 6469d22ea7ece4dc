#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "template-list: the shipped ones, and what they are for" {
	expect 0 template-list
	for file in "$ROOT"/templates/*.yaml; do
		name=${file##*/}
		grep -q "^${name%.yaml}"$'\t' out
	done
	grep -q '^mosaic.*(not built yet)$' out
	template-list --for capture | cut -f1 | same_text <(printf '%s\n' capture-metrics drf-overview drf-waterfall sds-spectrogram sds-waterfall signal-report)
	template-list --for ha | cut -f1 | grep -qx narrowband
	template-list --for FITS | grep -q seestar-quick
	template-list --for fits | (! grep drf)
	[[ ! $(template-list --for nothing) ]]
}

@test "template-list: JSON, a line each" {
	template-list --json >lines
	[[ $(wc -l <lines) == "$(template-list | wc -l)" ]]
	while read -r line; do /usr/bin/python3 -m json.tool <<<"$line" >/dev/null; done <lines
	grep '"template": "drf-waterfall"' lines | grep -q '"inputs": \[{"name": "capture", "type": "capture"}\]'
}

@test "template-list: your own come first, and hide shipped ones; what is wrong is warned of" {
	export XDG_CONFIG_HOME=$PWD/config
	mkdir -p config/leat/templates
	printf 'name: Own\nsteps: [{operation: stretch}]\n' >config/leat/templates/own.yaml
	cp config/leat/templates/own.yaml config/leat/templates/quick-dso.yaml
	[[ $(template-list | head -n 1) == $'own\tOwn' ]]
	[[ $(template-list | grep '^quick-dso') == $'quick-dso\tOwn' ]]
	printf 'name: \"\e[1mbad\"\nsteps: 3\n' >config/leat/templates/wrong.yaml
	expect 0 template-list
	says 'template-list: warning: ' 'wrong.yaml: is wrong: see template-compile --check'
	(! grep $'\e' out)
}
