#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2094

bats_require_minimum_version 1.5.0

load ../common

# frames KIND [OPTION …]: of one detector, so that masters fit.
frames() {
	sky-gen --width 96 --height 72 --count 1 --type f32 --cosmic 0 --kind "$@"
}

# stat FILE COLUMN: of its first image, by the heading of image-stats.
stat_of() {
	image-stats <"$1" | awk -v name="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
		NR == 2 { print $at }'
}

# near A B MOST
near() {
	awk -v a="${1:-nan}" -v b="${2:-nan}" -v most="$3" 'BEGIN { exit !((a > b ? a - b : b - a) <= most) }' || {
		printf '%s is not %s to %s\n' "$1" "$2" "$3" >&2
		return 1
	}
}

@test "fits-calibrate: a flat of the light itself leaves its mean, and nothing else" {
	frames flat >flat
	fits-calibrate --flat flat flat >out
	near "$(stat_of out min)" "$(stat_of out max)" 0.01
	stream-head --all out | grep -q "~fits.card CALSTAT = 'F       '"
}

@test "fits-calibrate: a light less itself is 0, plus the pedestal" {
	frames light >light
	for option in bias dark; do
		fits-calibrate --$option light --pedestal 12.5 <light >out
		[[ $(stat_of out min) == 12.5 && $(stat_of out max) == 12.5 ]]
	done
	stream-head --all out >said
	grep -q "~fits.card CALSTAT = 'BD      '" said
	grep -q "~fits.card PEDESTAL= *-12.5$" said
	grep -q 'full_scale 65535' said
	stream-head --all out | grep -q 'history fits-calibrate .* --dark=light@[0-9a-f]\{8\} --pedestal=12.5'
}

@test "fits-calibrate: the scale of a dark" {
	frames bias >bias
	frames dark --exposure 300 --hot-pixels 400 >dark
	frames dark --exposure 150 --hot-pixels 400 --count 2 | stream-take --frames 1: >half
	# What is left is the noise of both: no hot pixel stands out.
	fits-calibrate --bias bias --dark dark --dark-scale exp half >out
	near "$(stat_of out median)" 0 2
	fits-calibrate --bias bias --dark dark --dark-scale 0.5 half | stream-payload >by_number
	stream-payload out | cmp - by_number
	expect 0 fits-calibrate -v --bias bias --dark dark --dark-scale auto half
	near "$(sed 's/.*dark scale //' err)" 0.5 0.02
	expect 65 fits-calibrate --bias bias --dark dark --dark-scale exp bias
	says --dark-scale exposure_s
}

@test "fits-calibrate: a master's exposure is that of one of its frames" {
	needs master fits-write
	frames bias --count 4 | master >bias
	frames dark --exposure 150 --count 4 | master >dark
	stream-head --all dark | grep -q 'exposure_s 600'
	fits-write -o dark.fits <dark
	frames light >light
	for master in dark dark.fits; do
		expect 0 fits-calibrate -v --bias bias --dark $master --dark-scale exp light
		grep -q 'dark scale 2$' err
		expect 0 fits-calibrate --dark $master light
		says 'exposure' '(150, the frame'
	done
	frames dark --exposure 300 --count 4 | master >dark
	expect 0 fits-calibrate --dark dark light
	[[ ! -s err ]]
}

@test "fits-calibrate: hot pixels are mended" {
	frames dark --hot-pixels 60 --seed 5 >dark
	frames light --hot-pixels 60 --seed 5 --stars 0 --nebula 0 >light
	frames light --hot-pixels 0 --seed 5 --stars 0 --nebula 0 >clean
	fits-calibrate --dark dark --hot 8 --cold 8 light >out
	hot=$(stream-head --all out | sed -n 's/.*note fits-calibrate hot=//p')
	((hot > 40 && hot < 80))
	# A dark of the lights' noise is not what is tested: the bias alone leaves hot pixels be.
	frames bias >bias
	fits-calibrate --bias bias --dark dark --dark-scale 0 light >unmended
	fits-calibrate --bias bias --dark dark --dark-scale 0 --hot 8 light >mended
	fits-calibrate --bias bias clean >cleaned
	(($(printf '%.0f' "$(stat_of unmended max)") > 2 * $(printf '%.0f' "$(stat_of mended max)")))
	near "$(stat_of mended max)" "$(stat_of cleaned max)" 100
}

@test "fits-calibrate: colours of a mosaic stay with --equalize-cfa" {
	frames flat --cfa GRBG >flat
	frames light --cfa GRBG --stars 0 >light
	fits-calibrate --flat flat --equalize-cfa light | stream-head --all | grep -q '%bayer GRBG'
	frames light >mono
	expect 65 fits-calibrate --flat flat --equalize-cfa mono
	says --equalize-cfa %bayer
	frames light --cfa RGGB >other
	expect 65 fits-calibrate --flat flat other
	says --flat flat GRBG RGGB
}

@test "fits-calibrate: files and a stream of them give the same" {
	frames light >a
	frames light --seed 2 >b
	frames bias >bias
	fits-calibrate --bias bias a b | stream-payload >files
	fits-read a b | fits-calibrate --bias bias | stream-payload | cmp - files
	fits-read a b | fits-calibrate --bias bias - | stream-payload | cmp - files
	expect 66 fits-calibrate --bias bias a absent
	says absent
	expect 66 fits-calibrate --bias absent a
	says absent
	expect 66 fits-calibrate --bias absent <a
}

@test "fits-calibrate: a part of a frame" {
	night --cfa RGGB --count 1 >in
	stream-payload in >all
	fits-calibrate --trim 3,2,10,5 in >out
	stream-head --all out >said
	grep -q 'f32 \[1\]\[5\]\[10\]' said
	grep -q '%bayer GRBG' said
	[[ $(stat_of out max) == $(for y in 2 3 4 5 6; do
		tail -c +$(((y * 96 + 3) * 2 + 1)) all | head -c 20 | od -An -v -tu2 -w2
	done | sort -n | tail -n 1 | tr -d ' ') ]]
	for wrong in 3,2,10 0,0,0,5 -1,0,5,5 1,2,3,4,5 x; do
		expect 64 fits-calibrate --trim "$wrong" in
		says --trim "$wrong" X,Y,W,H
	done
	expect 65 fits-calibrate --trim 90,0,10,10 in
	says --trim '96 x 80'
	expect 65 fits-calibrate --trim auto in
	says --trim TRIMSEC
}

@test "fits-calibrate: overscan by cards" {
	# Counting bytes, the last 4 of them being the overscan.
	printf '%s\n' 'key unit adu' 'key full_scale 255' 'HEAD' \
		"key %fits.card TRIMSEC = '[1:12,1:1]'" "key %fits.card BIASSEC = '[13:16,1:1]'" \
		'IMAGE u8 0 1x1x16 last' END | mkstream >in
	stream-payload in | od -An -v -tu1 -w16 | {
		read -ra row
		fits-calibrate --trim auto in >out
		near "$(stat_of out min)" "$(awk -v a="${row[0]}" -v b="${row[13]}" -v c="${row[14]}" 'BEGIN { print a - (b + c) / 2 }')" 0
	}
	stream-head --all out >said
	grep -q '\[1\]\[1\]\[12\]' said
	run ! grep -q 'TRIMSEC\|BIASSEC' said
}

@test "fits-calibrate: masters that do not fit" {
	frames light >light
	sky-gen --width 64 --height 72 --count 1 --kind dark >small
	expect 65 fits-calibrate --dark small light
	says --dark small 64 96
	sky-gen --width 96 --height 72 --count 2 --kind dark >two
	expect 65 fits-calibrate --dark two light
	says --dark two 'more than one'
	echo no >no
	expect 65 fits-calibrate --dark no light
	says no
	expect 64 fits-calibrate light
	says 'nothing to do'
	for wrong in '--hot 3' '--cold 3 --bias light' '--dark-scale exp --dark light' \
		'--dark-scale 0.5 --bias light' '--equalize-cfa --bias light' \
		'--dark-scale 11 --bias light --dark light' '--dark-scale x'; do
		# shellcheck disable=SC2086
		expect 64 fits-calibrate $wrong light
		says "${wrong%% *}"
	done
	cat light small >sizes
	fits-calibrate --pedestal 1 <light >/dev/null
	expect 65 fits-calibrate --pedestal 1 <sizes
	says '64 x 72'
}

@test "fits-calibrate: what does not match is told once" {
	frames light --count 3 >lights
	frames dark --exposure 20 >dark
	expect 0 fits-calibrate --dark dark lights
	says 'warning' 'exposure'
	frames flat >bright
	expect 0 fits-calibrate --bias bright lights
	says 'warning' 'below 0'
	stream-head --all out | grep -q 'negative_frames=3'
	fits-calibrate --bias dark lights >calibrated
	expect 0 fits-calibrate --bias dark calibrated
	says 'warning' CALSTAT
}

@test "fits-calibrate: no data stays no data, holes of the flat become it" {
	printf '%s\n' 'key unit adu' HEAD 'IMAGE u8 0 1x4x64 last' END | mkstream >flat
	[[ $(stream-payload flat | od -An -v -tu1 -w1 | grep -c '^ *0$') == 1 ]]
	fits-calibrate --flat flat flat >out
	[[ $(stat_of out missing) == 1 ]]
	stream-head --all out | grep -q 'flat_holes=1'
	[[ $(fits-calibrate --pedestal 5 out | image-stats | awk 'NR == 2 { print $4 }') == 1 ]]
}

@test "fits-calibrate: PEDESTAL cards" {
	pedestal() {
		printf '%s\n' 'key unit adu' HEAD "key ~fits.card PEDESTAL= $1" \
			'IMAGE u8 0 1x4x16 last' END | mkstream
	}
	pedestal -100 >light
	pedestal 0 >none
	least() {
		stat_of "$1" min
	}
	fits-calibrate --trim 0,0,16,4 none >plain
	fits-calibrate --trim 0,0,16,4 light >out
	near "$(least out)" "$(awk -v v="$(least plain)" 'BEGIN { print v - 100 }')" 0
	fits-calibrate --bias light light >out
	[[ $(least out) == 0 ]]
	fits-calibrate --bias none light >out
	[[ $(least out) == -100 ]]
	stream-head --all out >said
	run ! grep -q PEDESTAL said
}

@test "fits-calibrate: members of a group are cut too" {
	printf '%s\n' 'key unit adu' HEAD 'IMAGE u8 0 1x4x16' 'key role mask' 'IMAGE u8 0 1x4x16 last' \
		END | mkstream >in
	fits-calibrate --trim 2,1,5,2 <in >out
	stream-head --all out >said
	grep -q 'u8 \[1\]\[2\]\[5\]' said
	grep -q 'f32 \[1\]\[2\]\[5\]' said
	fits-calibrate --pedestal 1 <in >out
	stream-head --all out | grep -q 'u8 \[1\]\[4\]\[16\]'
	# A table of pixels goes, and the image is its group's last member then.
	sky-gen --count 2 | star-find --pass | fits-calibrate --trim 0,0,300,300 >out
	stream-head --all out >said
	[[ $(grep -c '^IMAGE.*last' said) == 2 ]]
	run ! grep -q '^TABLE' said
	[[ $(grep -c 'note fits-calibrate dropped=2' said) == 1 ]]
}
