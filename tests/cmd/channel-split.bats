#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "channel-split: the planes, in order, named and numbered" {
	night --planes 3 >in
	channel-split <in >out
	same <(stream-payload out) <(stream-payload in)
	stream-head --all out >text
	[[ $(grep -c '^IMAGE .* u16 \[1\]\[80\]\[96\] .* last$' text) == 9 ]]
	[[ $(sed -n 's/^  filter //p' text | tr -d '\n') == rgbrgbrgb ]]
	[[ $(awk '/^IMAGE/ { printf "%s", $5 }' text) == 012345678 ]]
	[[ $(grep -c '^  %row_order bottom-up' text) -ge 9 ]]
}

@test "channel-split: images of one plane pass, those of two do not" {
	night --filter L >in
	channel-split <in >out
	same <(stream-payload out) <(stream-payload in)
	[[ $(stream-head --all out | grep -c 'filter L') == 1 ]]
	printf 'key kinds IMAGE\nHEAD\nIMAGE u8 0 2x4x4 last\nEND\n' | mkstream >two
	expect 65 channel-split <two
	says 'frame 1' '2 planes'
}

@test "channel-split: masks and tables go with each plane" {
	printf '%s\n' 'key kinds IMAGE TABLE' HEAD 'IMAGE u8 0 3x4x4' 'key role mask' \
		'IMAGE u8 0 3x4x4' 'key role weight' 'IMAGE u8 0 1x4x4' \
		'key col n u8 -' 'payload 5' 'TABLE columns 0 5 last' END | mkstream >in
	channel-split <in | stream-head --all >text
	[[ $(grep -c '^IMAGE' text) == 9 && $(grep -c '^TABLE' text) == 3 ]]
	[[ $(grep -c 'TABLE.* last$' text) == 3 && $(grep -c ' last$' text) == 3 ]]
	[[ $(grep -c 'role mask' text) == 3 && $(grep -c 'role weight' text) == 3 ]]
}
