#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "stream-head: shows 10 frames, -n others, --all all of them" {
	generate IQ >in
	stream-cat in in in in in in >six
	[[ $(stream-head six | grep -c '^[A-Z]') == 10 ]]
	[[ $(stream-head -n 3 six | grep -c '^[A-Z]') == 3 ]]
	[[ $(stream-head -n 0 six | wc -c) == 0 ]]
	[[ $(stream-head --all six | grep -c '^END') == 6 ]]
}

@test "stream-head: reads no more than it shows" {
	generate IQ >in
	head -c $(($(stat -c %s in) - 64)) in >short
	expect 0 stream-head -n 2 short
	expect 76 stream-head --all short
}

@test "stream-head: --json is one object a line, of any bytes" {
	printf '%s\n' 'key kinds REPORT' 'key x.nasty \xFF"\\\\\n\x1B[2J' HEAD 'REPORT columns 5 -' END |
		mkstream >in
	stream-head --json in >out
	[[ $(wc -l <out) == 3 ]]
	/usr/bin/python3 -c 'import json, sys
for line in open("out", encoding="utf-8"):
    frame = json.loads(line)
    assert set(frame) == {"kind", "seq", "index", "dtype", "dim", "bytes", "flags", "meta"}
    if frame["kind"] == "HEAD":
        assert frame["meta"][1] == ["x.nasty", "\ufffd\"\\\\\n\x1b[2J"], frame
    if frame["kind"] == "REPORT":
        assert frame["index"] == 5 and frame["seq"] == 1'
}

@test "stream-head: control characters of a stream do not reach the terminal" {
	printf '%s\n' 'key x.nasty \x1B[2J\x9B\xC2\x9B31m' HEAD END | mkstream >in
	stream-head in >out
	# shellcheck disable=SC1003
	grep -qF 'x.nasty \x1B[2J\x9B\xC2\x9B31m' out
	[[ $(tr -d '\n\040-\176' <out | wc -c) == 0 ]]
}
