#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

load ../common

setup() {
	needs register sky-gen
	cd "$BATS_TEST_TMPDIR" || return
}

# corners TRANSFORMS TRUTH WIDTH HEIGHT [REFERENCE]: the root of the mean square, over frames and
# corners, of the distance in px between where a transform and the truth put the corners of the
# reference (a number from 0). Truth turns about the centre, then shifts.
corners() {
	awk -v w="$3" -v h="$4" -v ref="${5:-0}" '
		BEGIN { pi = atan2(0, -1) }
		NR == FNR { if (FNR > 1) { split($0, t, ","); dx[FNR - 2] = t[2]; dy[FNR - 2] = t[3]
				a[FNR - 2] = t[4] * pi / 180 } next }
		FNR > 1 {
			for (i = 0; i < 4; i++) {
				x = i % 2 ? w - 1 : 0; y = i > 1 ? h - 1 : 0
				u = x - w / 2 - dx[ref]; v = y - h / 2 - dy[ref]
				X = cos(a[ref]) * u + sin(a[ref]) * v; Y = cos(a[ref]) * v - sin(a[ref]) * u
				tx = cos(a[$1]) * X - sin(a[$1]) * Y + w / 2 + dx[$1]
				ty = sin(a[$1]) * X + cos(a[$1]) * Y + h / 2 + dy[$1]
				q = $9 * x + $10 * y + $11
				ex = ($3 * x + $4 * y + $5) / q - tx; ey = ($6 * x + $7 * y + $8) / q - ty
				sum += ex * ex + ey * ey; n++
			}
		}
		END { printf "%.4f\n", sqrt(sum / n) }' "$2" <(tr -s ' ' <"$1")
}

# less A B: of numbers.
less() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }' || {
		echo "$1 is not less than $2" >&2
		return 1
	}
}

# values NAME FILE …: of image-stats --json, one a line.
values() {
	local name=$1
	shift
	image-stats --json "$@" | grep -o "\"$name\":[^,}]*" | cut -d: -f2
}

@test "register: transforms are those of the truth" {
	sky-gen --width 1200 --height 900 --count 4 --rotation 2 --shift 15 --truth-frames truth.csv >in
	for model in similarity affine homography; do
		register --model $model --transforms-out t <in >out
		[[ $(wc -l <t) == 5 ]]
		error=$(corners t truth.csv 1200 900)
		echo "$model: $error px"
		less "$error" 0.05
	done
	stream-payload out >/dev/null
}

@test "register: any rotation, and a shift alone" {
	sky-gen --count 4 --rotation 180 --truth-frames truth.csv |
		register --model similarity --transforms-out t >out
	less "$(corners t truth.csv 640 480)" 0.08
	sky-gen --count 4 --rotation 0 --truth-frames truth.csv |
		register --model shift --transforms-out t >out
	less "$(corners t truth.csv 640 480)" 0.05
	awk 'NR > 1 && ($3 != 1 || $4 != 0 || $9 != 0) { exit 1 }' t
}

@test "register: few stars get a similarity, colours are measured in green" {
	sky-gen --count 3 --stars 25 --flux 3000 --truth-frames truth.csv |
		register --transforms-out t >out
	awk 'NR > 2 && ($9 != 0 || $10 != 0) { exit 1 }' t
	less "$(corners t truth.csv 640 480)" 0.25
	sky-gen --count 3 --planes 3 --truth-frames truth.csv | register --transforms-out t >out
	less "$(corners t truth.csv 640 480)" 0.08
	[[ $(stream-head --all out | grep -c '^IMAGE.* f32 \[3\]\[480\]\[640\]') == 3 ]]
}

@test "register: the reference passes as it is, the stars of others come to its places" {
	sky-gen --count 3 --type f32 --cosmic 0 >in
	register --interp lanczos3 <in >out
	cmp <(stream-payload in | head -c $((640 * 480 * 4))) \
		<(stream-payload out | head -c $((640 * 480 * 4)))
	register <in >out
	# Found again, every star is where the first frame has it.
	register --model similarity --transforms-out t <out >again
	awk 'NR > 1 { x = $3 * 320 + $4 * 240 + $5 - 320; y = $6 * 320 + $7 * 240 + $8 - 240
		if (x * x + y * y > 0.0004) { print; exit 1 } }' t
}

@test "register: the reference is filtered like the others, so noise tells their scale" {
	sky-gen --count 4 --stars 200 --rotation 0.5 >in
	register <in >out
	# The sky brightens from frame to frame, and with it its noise: in the same steps as before.
	paste <(values noise <in) <(values noise <out) | awk '
		{ ratio = $2 / $1 } NR == 1 { first = ratio }
		ratio / first > 1.05 || ratio / first < 0.95 { print; exit 1 }' >&2
}

@test "register: a mosaic is refused with a hint" {
	sky-gen --count 1 --cfa GRBG >in
	expect 65 register <in
	says 'debayer'
}

@test "register: a cloud first, a cloud in the middle" {
	sky-gen --count 4 --cloud 0 --truth-frames truth.csv >in
	expect 0 register --transforms-out t <in
	says 'index 0' 'synthetic: rejected' 'stars'
	stream-head --all out >text
	[[ $(grep -c '^IMAGE' text) == 3 ]]
	grep -q 'note register rejected=1' text
	less "$(corners t truth.csv 640 480 1)" 0.06
	sky-gen --count 4 --cloud 2 >in
	expect 0 register <in
	says 'index 2' rejected
	[[ $(stream-head --all out | grep '^IMAGE' | awk '{ print $5 }' | tr '\n' ' ') == '0 1 3 ' ]]
	expect 0 register --ref best <in
	says 'index 2' rejected
	expect 0 register -q <in
	[[ ! -s err ]]
}

@test "register: other stars are rejected, and nothing left is 65" {
	sky-gen --count 1 --seed 5 >ref
	sky-gen --count 2 --seed 6 >in
	expect 65 register --ref ref <in
	grep -q 'no frame could be registered: all 2 were rejected' err
	[[ $(grep -c 'do not match' err) == 2 ]]
	run ! stream-payload out
	sky-gen --kind dark --count 2 >in
	expect 65 register <in
	expect 65 register --ref best <in
	sky-gen --kind dark --count 1 >in
	expect 65 register --ref in <ref
	says --ref 'too few stars'
}

@test "register: one frame only, and none" {
	sky-gen --count 1 >in
	for options in '' '--ref best' '--frame max'; do
		# shellcheck disable=SC2086
		expect 0 register $options <in
		[[ $(stream-head --all out | grep -c '^IMAGE') == 1 ]]
	done
	printf 'key kinds IMAGE\nHEAD\nEND\n' | mkstream >empty
	expect 0 register <empty
}

@test "register: a reference of another size, from a file" {
	sky-gen --count 3 --truth-frames truth.csv >in
	register --frame max <in >wide
	size=$(stream-head --all wide | sed -n 's/^IMAGE.*f32 \(\[1\]\S*\).*/\1/p' | head -n 1)
	[[ $size != '[1][480][640]' ]]
	stream-take --frames 0:1 <wide >ref
	register --ref ref <in >out
	[[ $(stream-head --all out | grep -cF "f32 $size") == 3 ]]
	history=$(stream-head -n 1 out | grep 'history register')
	[[ $history == *--ref=ref:* || $history == *--ref=ref* ]]
	[[ $history != */* ]]
	expect 66 register --ref nowhere <in
}

@test "register: segments are put on one grid, that of the first with a reference" {
	sky-gen --count 5 --cloud 0 >in
	stream-take --frames 0:1 <in >cloud
	stream-take --frames 1:3 <in >a
	stream-take --frames 3:5 <in >b
	for options in '' '--frame max'; do
		# shellcheck disable=SC2086
		register -q $options <in | stream-payload >one
		# shellcheck disable=SC2086
		cat cloud a b | register -q $options --transforms-out t >out
		[[ $(stream-head --all out | grep -c '^HEAD') == 3 ]]
		[[ $options ]] || stream-payload out | cmp - one
		[[ $(stream-head --all out | sed -n 's/^IMAGE.* f32 \(\S*\).*/\1/p' | sort -u | wc -l) == 1 ]]
		[[ $(grep -vc '^#' t) == 4 && $(awk '$1 == 0 && $3 == 1 && $4 == 0' t | wc -l) == 1 ]]
	done
	cat cloud cloud >in
	expect 65 register --transforms-out none <in
	grep -q 'all 2 were rejected' err
	no_files none
}

@test "register: grids hold what they should" {
	sky-gen --count 4 --rotation 3 --shift 20 --type f32 >in
	register --frame min <in >least
	[[ $(values missing <least | sort -u) == 0 ]]
	register --frame max <in >most
	register <in >same
	for grid in least same most; do
		stream-head --all $grid | sed -n 's/^IMAGE.*f32 \[1\]\[\([0-9]*\)\]\[\([0-9]*\)\].*/\1 \2/p' |
			sort -u >$grid.size
		[[ $(wc -l <$grid.size) == 1 ]]
	done
	read -r h w <least.size
	read -r H W <most.size
	[[ $(<same.size) == '480 640' ]]
	((h < 480 && w < 640 && H > 480 && W > 640))
	# Every pixel of a turned frame is somewhere in the largest grid.
	# A turned frame has its own area, but for what its edges lose.
	values count <most | while read -r n; do
		less $((640 * 480 - 2300)) "$n"
		less "$n" $((640 * 480 + 1))
	done
}

@test "register: a finer grid keeps fluxes" {
	sky-gen --count 2 --sky 0 --nebula 0 --type f32 --cosmic 0 --hot-pixels 0 >in
	register --transforms-out t <in >one
	register --scale 2 <in >two
	stream-head --all two | grep -q '^IMAGE.*\[960\]\[1280\]'
	sum_of() { paste <(values mean <"$1") <(values count <"$1") | awk '{ print $1 * $2 }'; }
	paste <(sum_of one) <(sum_of two) | while read -r a b; do
		less "$(awk -v a="$a" -v b="$b" 'BEGIN { print (b / a - 1) ^ 2 }')" 0.0001
	done
	fwhm() { stream-head --all "$1" | sed -n 's/.*~fwhm_px //p' | head -n 1; }
	less "$(awk -v a="$(fwhm one)" -v b="$(fwhm two)" 'BEGIN { print (b / a - 2) ^ 2 }')" 0.0001
}

@test "register: members of a group go along, tables of pixels do not" {
	needs star-find
	sky-gen --count 3 --shift 12 --rotation 0 | edit mask 100 >in
	register --model shift --transforms-out t <in >out
	stream-head --all out >text
	[[ $(grep -c '^IMAGE.*u8 \[1\]\[480\]\[640\].* last' text) == 3 ]]
	[[ $(grep -c '^  role mask' text) == 3 ]]
	# A mask of 100 columns is now of 100 less the shift, where it is in the frame.
	stream-payload out >payload
	size=$((640 * 480 * 5))
	for i in 0 1 2; do
		columns=$(tail -c +$((i * size + 640 * 480 * 4 + 640 * 240 + 1)) payload | head -c 640 |
			od -An -v -tu1 -w1 | awk '$1 == 1 { n++ } END { print n }')
		dx=$(awk -v i=$i '$1 == i { print $5 }' t)
		less "$(awk -v n="$columns" -v dx="$dx" 'BEGIN { m = dx > 0 ? 100 - dx : 100
			print (n - m) ^ 2 }')" 1.3
	done
	star-find --pass <in | register >out
	stream-head --all out >text
	run ! grep -q '^TABLE' text
	[[ $(grep -c '^IMAGE.* last' text) == 3 ]]
	grep -q 'note register dropped=3' text
}

@test "register: memory and spool make the same bytes" {
	sky-gen --count 5 >in
	register --ref best --frame max <in >one
	register --ref best --frame max --memory 0 <in >two
	same_but_history() { cmp <(stream-payload one) <(stream-payload two); }
	same_but_history
	register --ref best --frame max --memory 1M -j1 <in >two
	same_but_history
}

@test "register: world coordinates are the reference's, on the new grid" {
	sky-gen --count 6 >plain
	edit key "%fits.card CRPIX1  =                100.5 / of the reference" <plain |
		edit key "%fits.card CDELT1  =              -0.0004" |
		edit key "%fits.card CRVAL1  =                 83.6" |
		edit key "%fits.card A_2_0   =               1.0E-5" >in
	card() { stream-head --all out | grep -F "$1" | sort -u; }
	register <in >out
	[[ $(card CRPIX1) == *'CRPIX1  =                100.5 / of the reference' ]]
	[[ $(card A_2_0) == *1.0E-5 ]]
	register --scale 2 <in >out
	# The centre 100.5 of a pixel counted from 1 is at 200.5 of halves.
	[[ $(card CRPIX1) == *'=                200.5 / of the reference' ]]
	[[ $(card CDELT1) == *'-0.0002' && $(card CRVAL1) == *83.6 && -z $(card A_2_0) ]]
	register --frame max <in >out
	[[ $(card CRPIX1) != *' 100.5 '* ]]
}

@test "register: the table of transforms appears whole or not at all" {
	sky-gen --count 2 >in
	expect 73 register --transforms-out nowhere/t <in
	head -c 100000 in >short
	expect 76 register --transforms-out t <short
	no_files t
	register --transforms-out t <in >out
	[[ $(head -n 1 t) == '# frame index m0 '* && $(wc -l <t) == 3 ]]
}

@test "register: small frames crowded with stars match, those of another sky do not" {
	crowd() {
		sky-gen --width 64 --height 48 --stars 60 --flux 3000 --fwhm 2 --sky 50 --shift 3 "$@"
	}
	crowd --count 200 --truth-frames truth.csv >in
	register --transforms-out t <in >out
	[[ $(grep -vc '^#' t) == 200 ]]
	less "$(corners t truth.csv 64 48)" 0.06
	crowd --count 1 --seed 2 >ref
	expect 65 register --ref ref <in
	grep -q 'all 200 were rejected' err
}

@test "register: many small frames in little memory" {
	[[ -z ${SANITIZED:-} ]] || skip 'the sanitizer takes the memory'
	night --count 200 --stars 80 >in
	(
		ulimit -d 60000
		register <in >out 2>err
		register --ref best --memory 0 <in >again 2>err
	)
	[[ $(stream-head --all out | grep -c '^IMAGE') -gt 190 ]]
}

@test "register: a live stream is served frame by frame" {
	sky-gen --count 3 >in
	mkfifo pipe
	register <pipe >out &
	pid=$!
	exec 5>pipe
	read -r at _ < <(edit list <in | sed -n 3p)
	head -c "$at" in >&5
	for ((i = 0; i < 100; i++)); do
		(($(stat -c %s out) > 640 * 480 * 4)) && break
		sleep 0.05
	done
	(($(stat -c %s out) > 640 * 480 * 4))
	tail -c +$((at + 1)) in >&5
	exec 5>&-
	wait $pid
}
