#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

CAPTURE=$ROOT/tests/golden/capture

@test "tells channels, types, bounds, blocks and tunings" {
	drf-info "$CAPTURE" >out
	cat >wanted <<-'END'
		channel ch0
		  version  2.6.0
		  type     ci16 [1], little-endian in the files, gapped
		  rate     1000/1 = 1000 samples/s
		  files    of 200 ms, folders of 10 s
		  index    1700000000050 to 1700000000800
		  time     2023-11-14T22:13:20.05Z to 2023-11-14T22:13:20.8Z
		  samples  550, 0.55 s, in 2 blocks
		  gaps     1, 200 samples missing, 0.2 s
		  centre   100 MHz from 1699999995000, 2023-11-14T22:13:15Z
		  centre   101 MHz from 1700000000300, 2023-11-14T22:13:20.3Z
	END
	same_text out <wanted
}

@test "--gaps lists blocks and gaps" {
	drf-info --gaps "$CAPTURE" >out
	grep -q '^  block    1700000000050 to 1700000000400, 350 samples, 2023' out
	grep -q '^  gap      200 samples, 0.2 s$' out
	[[ $(grep -c '^  block ' out) == 2 ]]
}

@test "--json is JSON" {
	drf-info --json --gaps "$CAPTURE" >out
	python3 -c '
import json
d = json.load(open("out"))
assert d["channel"] == "ch0" and d["type"] == "ci16" and d["rate_num"] == 1000
assert d["first"] == 1700000000050 and d["end"] == 1700000000800 and d["samples"] == 550
assert d["block_list"] == [[1700000000050, 1700000000400], [1700000000600, 1700000000800]]
assert d["centre_hz"][1] == {"from": 1700000000300, "hz": [101000000]}
assert d["damaged"] == []'
}

@test "damaged files are named, damaged channels do not hide others" {
	cp -r "$CAPTURE" two
	chmod -R u+w two
	cp -r two/ch0 two/ch1
	echo garbage >"two/ch0/2023-11-14T22-13-20/rf@1700000000.200.h5"
	echo garbage >two/ch1/drf_properties.h5
	expect 65 drf-info two
	grep -q '^  damaged  ch0/2023-11-14T22-13-20/rf@1700000000.200.h5: ' out
	grep -q '^  samples  350,' out
	grep -q 'warning: ch1: ' err
	expect 0 drf-info -c ch0 two
	expect 65 drf-info -c ch1 two
	says ch1
	expect 66 drf-info -c ch2 two
	expect 66 drf-info nowhere
	says nowhere
}

@test "a parent that ignores its children is no trouble" {
	# shellcheck disable=SC2016
	expect 0 timeout 10 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' drf-info "$CAPTURE"
}
