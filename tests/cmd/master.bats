#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

setup() {
	needs master sky-gen
	cd "$BATS_TEST_TMPDIR" || return
}

# frames KIND N [OPTION …]
frames() {
	local kind=$1 n=$2
	shift 2
	sky-gen --width 120 --height 90 --kind "$kind" --count "$n" "$@"
}

value() {
	image-stats --json <"$1" | grep -o "\"$2\":[^,}]*" | sed -n "$((${3:-0} + 1))s/.*://p"
}

near() {
	awk -v a="$1" -v b="$2" -v limit="$3" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d <= limit && -d <= limit) }' || {
		echo "$1 is not within $3 of $2" >&2
		return 1
	}
}

@test "master: the kind is that of the cards, and stands in the master's" {
	for kind in bias dark flat; do
		frames $kind 4 >in
		master <in >out
		stream-head --all out >lines
		grep -qi "  fits.card IMAGETYP= 'Master $kind'" lines
		[[ $(grep -c IMAGETYP lines) == 1 ]]
		grep -q '  stack_count 4' lines
		grep -q '^IMAGE.* f32 \[1\]\[90\]\[120\]' lines
	done
	frames light 2 >in
	expect 65 master <in
	says --kind IMAGETYP
	master --kind flat <in >out
	stream-head out | grep -q "Master Flat"
	{
		frames dark 2
		frames bias 2
	} >mixed
	expect 65 master <mixed
	says 'a bias' dark frame
	master --kind dark <mixed >out
}

@test "master: darks and biases as they are, flats at the level of the first" {
	frames bias 20 >in
	master <in >out
	near "$(value out mean)" "$(value in mean)" 0.3
	master --reject none <in >all
	mean=$(for i in {0..19}; do value in mean "$i"; done | awk '{ s += $1 } END { print s / NR }')
	near "$(value all mean)" "$mean" 0.001
	frames flat 8 >in
	master <in >out
	near "$(value out median)" "$(value in median)" 40
	master --norm none <in >out
	mean=$(for i in 0 1 2 3 4 5 6 7; do value in median $i; done | awk '{ s += $1 } END { print s / NR }')
	near "$(value out median)" "$mean" 40
}

@test "master: a bias is subtracted first" {
	frames bias 9 | master >bias.leat
	frames dark 9 >in
	master <in >dark
	master --bias bias.leat <in >free
	near "$(value free mean)" "$(awk "BEGIN { print $(value dark mean) - $(value bias.leat mean) }")" 0.01
	stream-head free | grep -q 'history master .* --bias=bias.leat@'
	# A constant bias: (x - b) l0 / l is what normalised flats without their bias are.
	frames flat 5 >flats
	master --reject none --bias bias.leat <flats >free
	near "$(value free median)" "$(awk "BEGIN { print $(value flats median) - 500 }")" 60
	sky-gen --width 60 --height 90 --kind bias --count 2 | master >other
	expect 65 master --bias other <in
	says --bias 1x90x60 1x90x120
	expect 66 master --bias nowhere <in
	expect 64 master --kind bias --bias bias.leat <in
	says --bias
	frames bias 2 >in
	expect 65 master --bias bias.leat <in
	says --bias frame
}

@test "master: a spool in place of memory changes no byte" {
	sky-gen --width 1000 --height 1000 --kind dark --count 26 >in
	master <in >memory
	master --memory 64Mi <in >spooled
	cmp memory spooled
}

@test "master: a flat without light is named" {
	{
		frames flat 2
		frames flat 1 | edit mask 120
	} >in
	expect 65 master <in
	says frame 'level of the first'
}
