#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "image-join: segments become one, values and metadata stay with each image" {
	night --count 2 --seed 1 >a
	night --count 1 --seed 2 | stretch >b
	stream-cat a b | image-join >joined
	stream-head -n 9 joined >said
	[[ $(grep -c '^HEAD' said) == 1 && $(grep -c '^IMAGE' said) == 3 ]]
	grep -q 'IMAGE seq 3 index 2 f32' said
	sed -n '/index 1 /,/index 2 /p' said | grep -q 'unit adu'
	sed -n '/index 2 /,$p' said | grep -q 'unit display'
	stream-payload <a >values
	stream-payload <b >>values
	stream-payload <joined | cmp - values
}

@test "image-join: stacks of several filters meet in channel-combine" {
	for name in ha oiii sii; do
		night --count 1 | stream-take --frames 0:1 >"$name"
	done
	stream-cat ha oiii sii | image-join | channel-combine -m SHO --names ha,oiii,sii >sho
	night --count 1 >one
	stream-cat one one one | image-join | channel-combine -m SHO --names ha,oiii,sii | stream-payload | cmp - <(stream-payload <sho)
}

@test "image-join: a group keeps its members, a segment without images adds none" {
	night --count 2 | register --frame max >groups
	stream-take --frames 9: <groups >none
	stream-cat groups none groups | image-join >joined
	stream-info joined >said
	diff <(stream-cat groups groups | stream-payload | cksum) <(stream-payload <joined | cksum) >&2
	[[ $(stream-head -n 99 joined | grep -c ' last') == 4 ]]
	image-join <none | stream-info | grep -q 'END\|end\|0 frames\|segment'
}
