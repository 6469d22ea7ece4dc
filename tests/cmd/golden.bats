#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Streams of version 1, as they were when it was fixed: they read for ever.

load ../common

@test "golden streams: their lines still make their bytes" {
	for lines in "$ROOT"/tests/golden/*.make; do
		mkstream <"$lines" | cmp - "${lines%.make}.leat"
	done
}

@test "golden streams: stream-head says what it always said, by file and pipe" {
	for stream in "$ROOT"/tests/golden/*.leat; do
		stream-head --all "$stream" >out || [[ $? == 76 && $stream == */abort.leat ]]
		diff out "${stream%.leat}.head"
		dribble 100 <"$stream" | stream-head --all >out || [[ $stream == */abort.leat ]]
		diff out "${stream%.leat}.head"
	done
}

@test "golden streams: read and written again, they keep their bytes" {
	[[ -x $B/tests/unit/stream ]] || skip "tests/unit/stream is not built"
	"$B/tests/unit/stream" 1 "$ROOT"/tests/golden/{iq,spectra,images,table,abort}.leat
}

@test "golden streams: stream-info verifies them" {
	needs stream-info
	for stream in "$ROOT"/tests/golden/*.leat; do
		[[ $stream == */abort.leat ]] || expect 0 stream-info "$stream"
	done
	expect 76 stream-info "$ROOT/tests/golden/abort.leat"
}
