#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

# shellcheck disable=SC2094
load ../common

ends() {
	stream-head --all "$@" | grep '^END'
}

@test "stream-cat: announces each segment but the last" {
	generate IQ >in
	stream-cat in in in >out
	[[ $(ends out | grep -c more) == 2 && $(ends out | tail -n 1) != *more* ]]
	head -c $(($(stat -c %s out) * 2 / 3)) out >short
	expect 76 stream-payload short
}

@test "stream-cat: a cut just between two files is noticed afterwards" {
	generate IQ >in
	stream-cat in in >out
	at=$(edit list <out | awk '$3 == "0x0" && NR > 1 { print $1 }')
	head -c "$at" out >short
	expect 76 stream-payload short
	says cut
}

@test "stream-cat: '-' is standard input, among files too" {
	generate IQ >in
	dribble 100 <in | stream-cat in - in >out
	stream-payload out >three
	stream-payload in >one
	cat one one one | same_text_bytes three
}

same_text_bytes() {
	cmp - "$1"
}

@test "stream-cat: an absent file is 66, before anything is written" {
	generate IQ >in
	expect 66 stream-cat in absent
	says absent
	[[ ! -s out ]]
}

@test "stream-cat: a damaged file among others ends in ABORT" {
	generate IQ >in
	edit flip payload 1 <in >flipped
	expect 65 stream-cat in flipped in
	says flipped frame
	cp out made
	expect 76 stream-payload made
}

@test "stream-cat: keeps payload, gaps, notes and unknown frames" {
	expect 0 stream-cat "$ROOT/tests/golden/table.leat"
	stream-head --all out | grep -v history >text
	diff text "$ROOT/tests/golden/table.head"
	expect 0 stream-cat "$ROOT/tests/golden/iq.leat"
	stream-head --all out | grep -v history >text
	grep -v history "$ROOT/tests/golden/iq.head" | diff text -
}

@test "stream-cat: in the middle of a live pipe nothing waits" {
	mkfifo slow
	generate IQ >in
	stream-cat <slow | stream-head -n 2 >out &
	exec 5>slow
	at=$(edit list <in | sed -n '3{s/ .*//p}')
	head -c "$at" in >&5
	for ((i = 0; i < 100; i++)); do
		[[ $(grep -c '^IQ' out) == 1 ]] && break
		sleep 0.05
	done
	exec 5>&-
	wait || true
	[[ $(grep -c '^IQ' out) == 1 ]]
}

@test "stream-cat: whatever moment a source is told to end, all after it say 76" {
	mkfifo pipe
	for ((i = 0; i < 40; i++)); do
		stream-cat <pipe >/dev/null 2>said 3>&- &
		reader=$!
		iq-gen --type cf64 --seconds 20s --rate 10M >pipe 2>/dev/null 3>&- &
		source=$!
		until [[ $(<"/proc/$source/comm") == iq-gen ]]; do sleep 0.01; done
		sleep "0.0$((RANDOM % 5 + 1))"
		kill -TERM $source
		code=0
		wait $reader || code=$?
		wait $source || true
		[[ $code == 76 ]]
	done
}

@test "stream-cat: what upstream says in ABORT comes through, made harmless" {
	printf '%s\n' 'key kinds REPORT' HEAD 'REPORT columns 0 -' 'key tool a\nBAD' \
		'key reason caf\xC3\xA9 gone' 'key code 74' ABORT | mkstream >in
	{ stream-cat <in || true; } | { stream-cat || true; } >out
	stream-head -a <out >text || [[ $? == 76 ]]
	grep -q '  tool a?BAD$' text
	grep -q '  code 74$' text
}

@test "stream-cat: kinds it does not know stay in HEAD" {
	printf '%s\n' 'key kinds REPORT 0x8001' HEAD 'REPORT columns 0 -' END | mkstream >in
	stream-cat <in | stream-head -a | grep -q 'kinds REPORT 0x8001'
}

@test "stream-cat: a signal ignored at start stays ignored" {
	iq-gen --seconds 1ms >in
	mkfifo slow
	(trap '' HUP INT && exec stream-cat <slow >out) &
	pid=$!
	exec 5>slow
	head -c 200 in >&5
	sleep 0.1
	kill -HUP $pid
	kill -INT $pid
	kill -INT $pid
	tail -c +201 in >&5
	exec 5>&-
	wait $pid
	stream-info out >/dev/null
}

@test "stream-cat: a folder is no stream, 66" {
	expect 66 stream-cat .
	says folder
}

@test "stream-cat: standard output that is its own input is refused" {
	iq-gen --seconds 1ms >own
	cp own before
	code=0
	stream-cat <own >>own 2>err || code=$?
	[[ $code == 73 ]]
	code=0
	stream-cat own >>own 2>err || code=$?
	[[ $code == 73 ]]
	same own before
}
