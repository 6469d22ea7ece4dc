#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

load ../common

# frame PLANES [KEY VALUE …]: an f32 frame of 24 by 32 whole values, 1 to 100.
frame() {
	local planes=$1
	shift
	printf 'key kinds IMAGE\nkey unit adu\nkey full_scale 128\n'
	[[ $# == 0 ]] || printf 'key %s %s\n' "$@"
	printf 'HEAD\nIMAGE f32 0 %sx24x32 last\nEND\n' "$planes"
}

# values < stream: its f32, one a line.
values() {
	stream-payload | od -An -v -w4 -t f4
}

# near TOLERANCE EXPECTED: standard input is EXPECTED, a function of x, the values of ./in.
near() {
	paste <(values <in) - | awk -v e="$1" "function asinh(x) { return log(x + sqrt(x * x + 1)) }
		function clip(x) { return x < 0 ? 0 : x > 1 ? 1 : x }
		{ x = \$1; d = \$2 - ($2); if (d > e || d < -e) { print NR, \$0, $2; bad = 1; exit } }
		END { exit bad || NR == 0 }" >&2
}

@test "stretch: linear, mtf, log and arcsinh as their page defines them" {
	frame 1 | mkstream >in
	stretch -m linear <in | values | near 1e-7 'x / 128'
	stretch -m linear --clip 0.01,0.1 <in | values | near 1e-6 'clip((x / 128 - 0.01) / 0.09)'
	stretch -m linear -b 0.05 <in | values | near 1e-6 'clip((x / 128 - 0.05) / 0.95)'
	stretch -m mtf --mid 0.1 <in | values |
		near 1e-6 '(0.1 - 1) * (x / 128) / ((2 * 0.1 - 1) * x / 128 - 0.1)'
	stretch -m log <in | values | near 1e-6 'log(1 + 1000 * x / 128) / log(1001)'
	# evenly spread values vary by more than half of their mean
	stretch -m arcsinh <in | values |
		near 2e-6 'asinh(20 * clip((x / 128 - 0.001) / 0.999)) / asinh(20)'
}

@test "stretch: percentiles with and without their sign" {
	frame 1 | mkstream >in
	stretch -m linear --clip 0%,100% <in | values | near 1e-6 '(x - 1) / 99'
	stretch -m linear --clip 10,90 <in | stream-payload >bare
	stretch -m linear --clip 10%,90% <in | stream-payload | cmp - bare
}

@test "stretch: auto brings the background to 0.25, and says how in the metadata" {
	frame 3 | mkstream | stretch >out
	stream-head --all out >text
	grep -q 'IMAGE seq 1 index 0 f32 \[3\]\[24\]\[32\]' text
	grep -q '^  unit display$' text
	grep -q '^  full_scale 1$' text
	[[ $(grep -c '^  ~x.stretch mtf ' text) == 3 ]]
	grep -q '^  ~x.stretch mtf 0 128 0\.[0-9]* 128 adu$' text
	frame 3 | mkstream | stretch --linked | stream-head --all >text
	[[ $(grep '^  ~x.stretch' text | sort -u | wc -l) == 1 ]]
}

@test "stretch: auto brings the background to --mid between ends that are given, too" {
	frame 1 | mkstream >in # its median is 50 or so of 128
	median=$(values <in | sort -g | sed -n 384p)
	for options in '-b 0.2' '--clip 0.1,0.9' '--clip 0.3,0.5' '--clip 1%,99%' '--linked -b 0.2'; do
		for mid in 0.25 0.1 0.6; do
			# shellcheck disable=SC2086
			stretch $options --mid $mid <in | values | paste <(values <in) - |
				awk -v median="$median" -v mid=$mid -v o="$options" '$1 == median { n++; got = $2 }
					END { if (n < 1 || got < mid - 0.02 || got > mid + 0.02) {
						print o, mid, got, n; exit 1 } }' >&2
		done
	done
}

@test "stretch: --inverse gives back what was there" {
	frame 3 | mkstream >in
	values <in >before
	for method in auto mtf linear log 'arcsinh --mid 0.1' 'asinh --clip 0,1 --mid 0.49' 'auto --linked'; do
		# shellcheck disable=SC2086
		stretch -m $method <in | stretch --inverse >out
		stream-head --all out >text
		grep -q '^  unit adu$' text
		grep -q '^  full_scale 128$' text
		! grep -q x.stretch text
		paste before <(values <out) | awk -v m="$method" '
			{ d = $1 - $2 }
			# what arcsinh cuts, and 1e-6 of full scale
			(m !~ /arcsinh/ || $1 > 0.2) && (d > 0.000128 || d < -0.000128) { print m, $0; bad = 1; exit }
			END { exit bad || NR < 2304 }' >&2
	done
}

@test "stretch: two stretches are undone one after the other" {
	frame 1 | mkstream >in
	values <in >before
	stretch <in | stretch -m mtf --mid 0.4 >twice
	[[ $(stream-head --all twice | grep -c x.stretch) == 2 ]]
	stretch --inverse <twice >once
	stretch <in | values >expected
	stream-head --all once | grep -q '^  unit display$'
	paste <(values <once) expected | awk '{ d = $1 - $2 } d > 1e-6 || d < -1e-6 { exit 1 }'
	stretch --inverse <once | values | paste - before |
		awk '{ d = $1 - $2 } d > 0.01 || d < -0.01 { print; exit 1 }' >&2
}

@test "stretch: --inverse of a stretch that only the user knows" {
	frame 1 | mkstream >in
	stretch -m mtf --mid 0.2 --clip 0.01,0.5 <in >out
	stretch --inverse -m mtf --mid 0.2 --clip 0.01,0.5 <out | values |
		near 2e-6 'clip((x / 128 - 0.01) / 0.49) * 0.49 + 0.01'
	expect 65 stretch --inverse < <(frame 1 | mkstream)
	says x.stretch --method
	for line in 'mtf 0 128 1.5 128 adu' 'mtf 5 5 0.5 128 adu' 'mtf 0 nan 0.5 1 adu' 'x' \
		'mtf 0 1 0.5 128 miles' 'mtf 0 1 0.5 0 adu' 'log 0 1 1e300 1 adu' 'mtf 0 1 0.5 1 adu x'; do
		expect 65 stretch --inverse < <(frame 1 '~x.stretch' "$line" | mkstream)
		says x.stretch
	done
}

@test "stretch: masks pass, integer frames come out as f32" {
	stretch -m linear <"$ROOT/tests/golden/images.leat" >out
	stream-head --all out >text
	grep -q '^IMAGE seq 1 index 0 f32' text
	grep -q '^IMAGE seq 2 index 0 u8' text
	grep -q '^  role mask' text
	run ! grep -q 'DATAMAX' text
	grep -q 'CRPIX1' text
}

@test "stretch: options that contradict each other" {
	frame 1 | mkstream >in
	for wrong in '--clip 0.5' '--clip 0.5,0.1' '--clip 1%,5' '--clip -3%,5%' '--clip 1%,101%' \
		'--clip a,b' '--clip ,' '-b 1' '-b x' '--clip 0,1 -b 0.1' '-m linear --mid 0.2' \
		'-m asinh --mid 0.5' '-m log --mid 0.7' '--mid 1' '--mid 0.00001' '--inverse --linked' \
		'--inverse --mid 0.2' '--inverse -m asinh --mid 0.1' '--inverse -m arcsinh' \
		'--inverse -m mtf --clip 1%,99%'; do
		# shellcheck disable=SC2086
		expect 64 stretch $wrong <in
		says --
	done
}
