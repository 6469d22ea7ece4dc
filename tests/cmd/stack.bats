#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

setup() {
	needs stack sky-gen
	cd "$BATS_TEST_TMPDIR" || return
}

# small N [OPTION …]: N frames of 120 x 90 that show the same pixels of the sky.
small() {
	local n=$1
	shift
	sky-gen --width 120 --height 90 --count "$n" --shift 0 --rotation 0 "$@"
}

# note FILE KEY: what stack noted at the end.
note() {
	stream-head --all "$1" | sed -n "s/^  note stack $2=//p"
}

# value FILE NAME [FRAME]: a number of image-stats.
value() {
	image-stats --json <"$1" | grep -o "\"$2\":[^,}]*" | sed -n "$((${3:-0} + 1))s/.*://p"
}

# near A B LIMIT
near() {
	awk -v a="$1" -v b="$2" -v limit="$3" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d <= limit && -d <= limit) }' || {
		echo "$1 is not within $3 of $2" >&2
		return 1
	}
}

# mean_of FILE NAME: over its frames.
mean_of() {
	image-stats --json <"$1" | grep -o "\"$2\":[^,}]*" | awk -F: '{ s += $2 } END { print s / NR }'
}

@test "stack: metadata of the result" {
	small 4 --exposure 30 --object M31 --filter L >in
	stack <in >out
	stream-head --all out >lines
	for line in 'object M31' 'filter L' 'exposure_s 120' 'stack_count 4' 'expect_frames 1' \
		'time_start 2025-01-15T20:00:00Z' "fits.card IMAGETYP= 'Light   '" 'unit adu'; do
		grep -qF "  $line" lines || {
			echo "missing: $line" >&2
			return 1
		}
	done
	[[ $(grep -c '^IMAGE.* f32 \[1\]\[90\]\[120\]' lines) == 1 ]]
	[[ $(grep -c '^  history' lines) == 2 ]]
	# What differs goes; stacks count as many as they are made of.
	small 4 --filter R >other
	cat in other | stack >both
	stream-head both >lines
	grep -q '  object' lines && return 1
	grep -q '  filter' lines && return 1
	cat out in | stack >sum
	stream-head sum | grep -q '  stack_count 8'
	stream-head sum | grep -q '  exposure_s 240'
}

@test "stack: noise falls with the number of frames" {
	small 25 --stars 0 --cosmic 0 --hot-pixels 0 --nebula 0 >in
	stack --norm none --reject none <in >out
	near "$(value out mean)" "$(mean_of in mean)" 0.01
	one=$(value in noise) many=$(value out noise)
	# By the root of 25, but for the detector's pattern.
	near "$(awk "BEGIN { print $one / $many }")" 4.4 0.7
	stack --norm none <in >clipped
	near "$(value clipped noise)" "$many" "$(awk "BEGIN { print 0.03 * $many }")"
}

@test "stack: cosmic rays and trails are gone" {
	small 15 --seed 3 --cosmic 0 --stars 0 --hot-pixels 0 --nebula 0 >clean
	small 15 --seed 3 --cosmic 60 --trails 4 --stars 0 --hot-pixels 0 --nebula 0 >dirty
	stack <clean >expected
	stack <dirty >out
	stack --reject none <dirty >mean
	sigma=$(value expected noise)
	near "$(value out max)" "$(value expected max)" "$(awk "BEGIN { print 3 * $sigma }")"
	near "$(value out mean)" "$(value expected mean)" "$(awk "BEGIN { print $sigma / 5 }")"
	awk "BEGIN { exit !($(value mean max) > $(value mean median) + 30 * $sigma) }"
	[[ $(note out rejected_high) -gt $(note expected rejected_high) ]]
	for how in sigma:3 mad:4,4 percentile:0.2,0.1 minmax:4; do
		stack --reject $how <dirty >out
		awk "BEGIN { exit !($(value out max) < $(value mean max) - 10 * $sigma) }"
	done
}

@test "stack: each way to combine" {
	small 5 >in
	for how in mean median sum min max; do
		stack --norm none --reject none --combine "$how" <in >"of.$how"
	done
	stream-head --all of.sum | grep -q '  full_scale 327675'
	near "$(value of.sum mean)" "$(awk "BEGIN { print 5 * $(value of.mean mean) }")" 0.01
	awk "BEGIN { exit !($(value of.min mean) < $(value of.median mean) && $(value of.median mean) < $(value of.max mean)) }"
	[[ $(value of.max max) == "$(for i in 0 1 2 3 4; do value in max $i; done | sort -n | tail -1)" ]]
	[[ $(value of.min min) == "$(for i in 0 1 2 3 4; do value in min $i; done | sort -n | head -1)" ]]
}

@test "stack: one frame, two frames, a thousand" {
	small 1 >one
	stack <one >out
	[[ $(value out mean) == "$(value one mean)" && $(note out rejected_high) == 0 ]]
	small 2 --cosmic 50 >two
	stack <two >out
	[[ $(note out rejected_high) == 0 && $(note out rejected_low) == 0 ]]
	sky-gen --width 40 --height 30 --count 1000 --stars 3 >many
	stack <many >out
	[[ $(note out frames) == 1000 && $(note out samples) == 1200000 ]]
	[[ $(note out rejected_high) -gt 0 ]]
	expect 65 stack < <(small 1 | edit mask 120)
	grep -q 'no frame to stack' err
}

@test "stack: frames of another shape, unit or scale are refused, both named" {
	small 2 >in
	sky-gen --width 64 --height 48 --count 1 >other
	cat in other >mixed
	expect 65 stack <mixed
	says 'frame' 1x48x64 1x90x120
	{
		printf 'key kinds IMAGE\nHEAD\nkey unit adu\nkey full_scale 1000\n'
		printf 'IMAGE u16 0 1x90x120 last\nEND\n'
	} | mkstream >other
	cat in other >mixed
	expect 65 stack <mixed
	says full_scale 1000 65535
	{
		printf 'key kinds IMAGE\nHEAD\nkey unit display\n'
		printf 'IMAGE u16 0 1x90x120 last\nEND\n'
	} | mkstream >other
	cat in other >mixed
	expect 65 stack <mixed
	says display adu
}

@test "stack: what a mask marks is missing" {
	small 6 >in
	edit mask 7 <in >masked
	stack --norm none <masked >out
	[[ $(value out missing) == $((7 * 90)) && $(note out samples) == $((6 * 113 * 90)) ]]
	# The rest is as without it.
	{ stream-payload out; } >a
	{ stack --norm none <in | stream-payload; } >b
	cmp -s a b && return 1
	[[ $(cmp -l a b | awk '{ x = int(($1 - 1) / 4) % 120; if (x >= 7) n++ } END { print n + 0 }') == 0 ]]
	# A frame that is masked whole is left out by name, first or not.
	{
		small 1 --seed 1 | edit mask 120
		cat in
	} >night
	stack <night >out 2>err
	says 'left out' 'frame 1 '
	[[ $(note out left_out) == 1 && $(note out frames) == 6 ]]
	stack <in | stream-payload >a
	stream-payload out | cmp - a
}

@test "stack: frames of other levels are brought to the first one's" {
	small 9 --cosmic 0 --sky 100 >dark
	small 9 --cosmic 0 --sky 400 --seed 1 >bright
	stack <dark >expected
	{
		stream-take --frames 0:1 <dark
		cat bright
	} >in
	stack --norm addscale <in >out
	near "$(value out median)" "$(value dark median)" 10
	stack --norm add <in >out
	near "$(value out median)" "$(value dark median)" 10
	stack --norm mul <in >out
	near "$(value out median)" "$(value dark median)" 10
	stack --norm none <in >out
	awk "BEGIN { exit !($(value out median) > $(value dark median) + 500) }"
}

@test "stack: weights" {
	{
		small 2 --exposure 10 --seed 2
		small 2 --exposure 90 --seed 3
	} >in
	stack --norm none --reject none --weight exptime <in >out
	low=$(mean_of <(stream-take --frames 0:2 <in) mean)
	high=$(mean_of <(stream-take --frames 2:4 <in) mean)
	near "$(value out mean)" "$(awk "BEGIN { print 0.1 * $low + 0.9 * $high }")" 0.01
	stack --weight noise <in >out
	stack <in >plain
	cmp -s out plain && return 1
	for how in fwhm:fwhm_px stars:star_count; do
		expect 65 stack --weight "${how%:*}" <in
		says --weight "~${how#*:}" frame
	done
	expect 64 stack --weight noise --combine median <in
	says --weight --combine
	if have register; then
		sky-gen --count 4 --width 320 --height 240 | register >registered
		stack --weight fwhm <registered >out
		stack --weight stars <registered >out
	fi
}

@test "stack: the rejection map counts what was rejected" {
	small 12 --cosmic 40 >in
	stack --rejection-map <in >out
	stream-head --all out >lines
	grep -q '^IMAGE.* u16 \[1\]\[90\]\[120\]' lines
	grep -q '  role rejection' lines
	[[ $(grep -c '^IMAGE.* last' lines) == 1 && $(grep -c '^IMAGE' lines) == 2 ]]
	sum=$(stream-payload out | tail -c $((120 * 90 * 2)) | od -An -v -tu2 |
		awk '{ for (i = 1; i <= NF; i++) s += $i } END { print s }')
	[[ $sum == $(($(note out rejected_low) + $(note out rejected_high))) ]]
	stack <in | stream-payload >a
	stream-payload out | head -c $((120 * 90 * 4)) | cmp - a
}

@test "stack: a spool in place of memory changes no byte and leaves nothing" {
	mkdir spool
	sky-gen --width 1000 --height 1000 --count 26 --shift 0 --rotation 0 --stars 10 >in
	stack --memory 1Gi <in >memory
	TMPDIR=$PWD/spool stack --memory 64Mi <in >spooled
	cmp memory spooled
	[[ -z $(ls -A spool) ]]
	mkfifo slow
	TMPDIR=$PWD/spool stack --memory 64Mi <slow >part 3>&- &
	pid=$!
	exec 7>slow
	head -c 51000000 in >&7
	sleep 0.3
	[[ -z $(ls -A spool) ]]
	kill -9 $pid
	wait $pid || true
	exec 7>&-
	[[ -z $(ls -A spool) ]]
}

@test "stack: wrong methods are 64" {
	small 1 >in
	for wrong in winsor sigma: sigma:0 sigma:-1,3 sigma:1,2,3 sigma:nan minmax:1.5 huber:3 '' none:3; do
		expect 64 stack --reject "$wrong" <in
		says --reject
	done
	expect 64 stack --memory 1k <in
}
