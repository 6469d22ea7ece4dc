#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A step done by PixInsight, for which a stand-in takes its place here: it notes its words and runs
# what it is given as its script does.
#
# Each test is a process of its own; what stands in single quotes is for the stand-in or must not be run.
# shellcheck disable=SC2016,SC2030,SC2031

load ../common
bats_require_minimum_version 1.5.0

setup() {
	needs sky-gen fits-read fits-write fits-calibrate image-diff
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tmp bin scripts
	export TMPDIR=$PWD/tmp BESIDE=$PWD LEAT_PIXINSIGHT=$PWD/scripts
	pixinsight=$ROOT/scripts/pixinsight-filter
	: >scripts/copy.js
}

# Whatever happened, no folder is left.
teardown() {
	[[ -z $(ls -A "$BATS_TEST_TMPDIR/tmp") ]]
}

# stand_in: a PixInsight.sh that does what standard input says, with $in and $out.
stand_in() {
	{
		printf '%s\n' '#!/bin/bash' 'printf "%s\n" "$@" >"$BESIDE/words"' \
			'IFS=, read -r -a pairs <<<"${@: -1}"' 'in=${pairs[1]#in=} out=${pairs[2]#out=}'
		cat
	} >bin/PixInsight.sh
	chmod 755 bin/PixInsight.sh
	PATH=$PWD/bin:$PATH
}

@test "pixinsight-filter: help, version, describe" {
	expect 0 "$pixinsight" -h
	[[ $(<out) == 'usage: pixinsight-filter OPERATION '* && ! -s err ]]
	expect 0 "$pixinsight" --version
	[[ $(<out) == "pixinsight-filter $(fits-write --version | cut -d' ' -f2-)" ]]
	expect 0 "$pixinsight" --describe
	[[ $(cut -f1 out | xargs) == 'name summary role in out' ]]
}

@test "pixinsight-filter: the command line is the documented one, and frames come back" {
	stand_in <<<'cp "$in"/* "$out"; ls "$in" >"$BESIDE/listed"'
	night >in
	expect 0 "$pixinsight" copy --strength=0.5 --mode=a+b-c_d --empty= <in
	[[ ! -s err ]]
	same <(stream-payload out) <(stream-payload in)
	folder=$(sed -n 's/.*,in=\(.*\)\/in,.*/\1/p' words)
	[[ $folder == "$TMPDIR"/pixinsight-filter.* && ! -e $folder ]]
	printf '%s\n' --automation-mode --force-exit --no-startup-scripts -n \
		"--run=$PWD/scripts/copy.js,in=$folder/in,out=$folder/out,strength=0.5,mode=a+b-c_d,empty=" | same_text words
	printf 'frame_0000%d.fits\n' 0 1 2 | same_text listed
	for key in 'object synthetic' 'exposure_s 300' 'unit adu' 'full_scale 65535'; do
		grep -qxF "  $key" <(stream-head --all out)
	done
	# Floats, whose scale is that of what comes back.
	fits-calibrate --pedestal 100 <in >floats
	stand_in <<-'EOL'
		! grep -qa FULLSCAL "$in"/* || exit
		cp "$in"/frame_00001.fits "$out/b.fit"
		cp "$in"/frame_00000.fits "$out/a.fit"
	EOL
	expect 0 "$pixinsight" copy <floats
	same <(stream-payload out) <(stream-payload floats | head -c $((2 * 4 * 96 * 80)))
	# The documented page says the same.
	for word in --automation-mode --force-exit --no-startup-scripts ' -n ' \
		'SCRIPT,in=DIR/in,out=DIR/out,NAME=VALUE'; do
		grep -qF -- "$word" "$ROOT/man/pixinsight-filter.1"
	done
}

@test "pixinsight-filter: words that PixInsight would split are 64" {
	stand_in <<<'touch "$BESIDE/ran"'
	night >in
	expect 64 "$pixinsight" <in
	says operation
	for word in ../copy Copy 'co py' 'co,py' '' 1copy copy.js $'copy\n' '$(touch canary)'; do
		expect 64 "$pixinsight" "$word" <in
		says operation
	done
	for word in --a=b,c '--a=b c' '--a=$(touch canary)' '--a="b"' --a=/etc/passwd $'--a=b\nc' --a=ä --A=b \
		--=b --a -a --in=x --out=x '--a b=c' '--a]=x'; do
		expect 64 "$pixinsight" copy "$word" <in
		says "pixinsight-filter: -"
	done
	expect 64 "$pixinsight" copy copy <in
	no_files ran canary
}

@test "pixinsight-filter: without PixInsight 69 with a hint, without the script 66 with its path" {
	[[ ! -e /opt/PixInsight/bin/PixInsight.sh ]] || skip "PixInsight is installed"
	night >in
	expect 69 "$pixinsight" nothing <in
	says 'PixInsight.sh: not found' '--backend pixinsight=builtin'
	[[ ! -s out ]]
	stand_in </dev/null
	expect 66 "$pixinsight" nothing <in
	says "$PWD/scripts/nothing.js"
	unset LEAT_PIXINSIGHT
	XDG_CONFIG_HOME=$PWD/config expect 66 "$pixinsight" nothing <in
	says "$PWD/config/leat/pixinsight/nothing.js"
	unset XDG_CONFIG_HOME
	HOME=$PWD expect 66 "$pixinsight" nothing <in
	says "$PWD/.config/leat/pixinsight/nothing.js"
	mkdir -p .config/leat/pixinsight/copy.js
	HOME=$PWD expect 66 "$pixinsight" copy <in
	rmdir .config/leat/pixinsight/copy.js
	: >.config/leat/pixinsight/copy.js
	stand_in <<<'cp "$in"/* "$out"'
	HOME=$PWD expect 0 "$pixinsight" copy <in
}

@test "pixinsight-filter: a folder with a comma is refused, other odd ones work" {
	stand_in <<<'cp "$in"/* "$out"'
	night >in
	mkdir "tmp/a,b" 'tmp/$(touch canary) {n}' 'scripts/x,y'
	TMPDIR=$PWD/tmp/a,b expect 73 "$pixinsight" copy <in
	says 'a,b' TMPDIR
	TMPDIR=$PWD'/tmp/$(touch canary) {n}' expect 0 "$pixinsight" copy <in
	TMPDIR=$PWD/nowhere expect 73 "$pixinsight" copy <in
	cp scripts/copy.js scripts/x,y
	LEAT_PIXINSIGHT=$PWD/scripts/x,y expect 78 "$pixinsight" copy <in
	says 'x,y'
	LEAT_PIXINSIGHT=scripts expect 0 "$pixinsight" copy <in
	grep -q -e "--run=$PWD/scripts/copy.js," words
	rmdir tmp/*
	no_files canary
}

@test "pixinsight-filter: a failure is 65 with what was said, and no stream" {
	night >in
	stand_in <<<'printf "*** Error: \033[31mno\n"; exit 5'
	expect 65 "$pixinsight" copy <in
	[[ ! -s out && $(wc -l <err) == 2 ]]
	grep -qxF 'pixinsight-filter: pixinsight: *** Error: \x1B[31mno' err
	grep -q 'exit 5' err
	stand_in <<<'echo here I am; touch "$out/x.xisf"'
	expect 65 "$pixinsight" copy <in
	[[ ! -s out && $(head -n 1 err) == *': here I am' ]]
	grep -q 'no FITS file' err
	expect 65 "$pixinsight" copy -v <in
	[[ $(grep -c 'here I am' err) == 1 ]]
	stand_in <<<'kill -KILL $$'
	expect 71 "$pixinsight" copy <in
	stand_in <<<'touch "$BESIDE/ran"'
	head -c 20000 in >short
	expect 76 "$pixinsight" copy <short
	expect 76 "$pixinsight" copy </dev/null
	[[ ! -s out ]]
	no_files ran
}

@test "pixinsight-filter: a signal ends PixInsight and what it started" {
	stand_in <<<'sleep 100 & echo $$ $! >"$BESIDE/started"; wait'
	night >in
	"$pixinsight" copy <in >out &
	waiting=$!
	for _ in {1..200}; do
		[[ ! -s started ]] || break
		sleep 0.02
	done
	kill -TERM "$waiting"
	got=0
	wait "$waiting" || got=$?
	[[ $got == 143 && ! -s out && -z $(ls -A tmp) ]]
	read -r -a pids <started
	for pid in "${pids[@]}"; do
		gone "$pid"
	done
}
