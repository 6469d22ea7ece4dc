#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Pictures pixel by pixel: without axes, a picture is its data area alone. With the colour map gray
# an entry of the map is its number. Values against numpy stand in tests/peer/sds.py.
# shellcheck disable=SC2317 # functions are called by each other

load ../common

# draw WIDTH HEIGHT [ARG …] < iq: ./pixels, the picture as planes.
draw() {
	W=$1 H=$2
	shift 2
	spectrogram --width "$W" --height "$H" --no-axes --no-colorbar "$@" >image.leat
	stream-payload <image.leat >pixels
	[[ $(stat -c %s pixels) == $((3 * W * H)) ]]
}

# column X [PLANE]: the values of a column of pixels from the top, one on a line.
column() {
	od -An -v -tu1 -w"$W" -j $((${2:-0} * H * W)) -N $((H * W)) pixels | awk -v x="$1" '{ print $(x + 1) }'
}

# brightest X: the row of the largest value in a column.
brightest() {
	column "$1" | cat -n | sort -k2,2nr -k1,1n | awk 'NR == 1 { print $1 - 1 }'
}

# plain X: the one value a column consists of; nothing if there are several.
plain() {
	column "$1" | sort -u | awk '{ v = $1 } END { if (NR == 1) print v }'
}

iq() {
	iq-gen --rate 256k --type cf32 "$@"
}

@test "frequency goes upward: a tone lies in its row, on its side of the centre" {
	draw 20 256 -n 256 --hop 100 --cmap gray < <(iq --seconds 100ms --tone 64k)
	# bin 128 + 64 from below
	[[ $(brightest 0) == 63 && $(brightest 19) == 63 ]]
	draw 20 256 -n 256 --hop 100 --cmap gray < <(iq --seconds 100ms --tone -127k)
	[[ $(brightest 10) == 254 ]]
	draw 20 129 -n 256 --hop 100 --cmap gray < <(iq-gen --real --rate 256k --tone 32k:0.5)
	[[ $(brightest 5) == 96 ]]
}

@test "time goes to the right: a chirp rises" {
	draw 64 64 -n 256 --std 25 --hop 64 --cmap gray < <(iq --seconds 1 --chirp -100k:100k)
	[[ $(brightest 3) -gt 50 && $(brightest 60) -lt 14 ]]
	for x in 10 20 40 50; do
		# 200 kHz of 256 kHz in 64 px each way
		want=$((64 - (28 + (x * 2 + 1) * 200 / 128) * 64 / 256 - 1))
		got=$(brightest $x)
		((got >= want - 1 && got <= want + 1)) || { echo "$x: $got, not $want" >&2; false; }
	done
}

@test "a tone of full scale reads 0 dBFS, whatever the window" {
	for std in 20 100; do
		draw 8 256 -n 256 --std $std --cmap gray --db=-60:0.01 < <(iq --seconds 100ms --tone 64k)
		[[ $(column 4 | sed -n 64p) == 255 ]]
		draw 8 256 -n 256 --std $std --cmap gray --db=-60:0 < <(iq --seconds 100ms --tone 64k:0.1)
		[[ $(column 4 | sed -n 64p) =~ ^(170|171)$ ]]
	done
}

@test "a gap is grey where it is, and the time axis stays true" {
	draw 100 64 -n 256 --hop 64 < <(iq --seconds 1 --noise 0.5 --gap 500ms:250ms)
	for x in 51 60 73; do
		[[ $(plain "$x") == 192 ]]
	done
	for x in 0 48 76 99; do
		[[ -z $(plain "$x") ]]
	done
}

@test "an impulse in the middle of the signal lies in the middle of the picture" {
	# Rows stand about the middles of their transforms; that of 1024 samples is 512 behind its start.
	draw 80 16 -n 1024 --std 30 --hop 50 --cmap gray < <(iq --seconds 40ms --burst 20ms:1ms)
	[[ $(od -An -v -tu1 -w80 -N $((16 * 80)) pixels | awk '
		{ for (x = 1; x <= NF; x++) sum[x] += $x }
		END { for (x in sum) if (sum[x] > most) { most = sum[x]; at = x } print at }') == 4[0-3] ]]
}

@test "a retune is an upright line, and the axis becomes the offset" {
	draw 100 64 --cmap viridis -n 256 --hop 64 < <(iq --seconds 1 --noise 0.5 --freq 10M --retune 500ms:12M)
	[[ $(plain 49) == 0 && $(plain 50) == 255 ]]
	[[ -z $(plain 47) && -z $(plain 52) ]]
}

@test "the size is the one asked for, with axes and without, however long the signal is" {
	for seconds in 5ms 50ms 3; do
		for size in 1500x900 700x300 640x480; do
			iq --seconds "$seconds" --noise 1 --freq 433.92M --title x 2>/dev/null || true
			iq --seconds "$seconds" --noise 1 --freq 433.92M |
				spectrogram --width "${size%x*}" --height "${size#*x}" |
				stream-head --all >text
			grep -q "u8 \[3\]\[${size#*x}\]\[${size%x*}\]" text
		done
	done
	iq --seconds 10ms --noise 1 --subchannels 3 | spectrogram --title 'Some words' | stream-head -a >text
	grep -q 'u8 \[3\]\[900\]\[1500\]' text
	iq --seconds 10ms --noise 1 --subchannels 6 | spectrogram | stream-head -a >text
	grep -q 'u8 \[3\]\[1350\]\[1500\]' text
}

@test "a picture without room for its axes is 64, and says how much it needs" {
	iq --seconds 10ms >in
	expect 64 spectrogram --height 20 <in
	says --height 20 --no-axes
	expect 64 spectrogram --width 20 <in
	says --width 20 --no-axes
}

@test "means of many transforms are those of few" {
	# Twice as many pixels as transforms, and a fortieth of that: noise settles to its mean.
	iq --seconds 4s --noise 0.1 --tone 64k:0.01 >in
	draw 16 64 -n 256 --hop 64 --cmap gray --db=-80:-20 <in
	# the tone's pixel row holds 4 bins: (1e-4 + noise) / 4
	column 8 | sort -n | sed -n 32p >middle
	# noise of 0.01 over 256 bins, gauss: 0.01 sum w^2 / (sum w)^2
	awk -v got="$(<middle)" 'BEGIN {
		for (k = 0; k < 256; k++) { w = exp(-((k - 127.5) / 100) ^ 2 / 2); s += w; q += w * w }
		want = int((10 * log(0.01 * q / (s * s)) / log(10) + 80) / 60 * 256)
		if (got < want - 2 || got > want + 2) { print got, want > "/dev/stderr"; exit 1 } }'
}

@test "memory stays while samples come" {
	[[ -z ${SANITIZED:-} ]] || skip "sanitizers use memory of their own"
	iq --seconds 40 --noise 1 >long # 80 MB
	(
		ulimit -d 60000
		spectrogram <long >image.leat
	)
}

@test "framing, threads and the level of the CPU change no byte" {
	iq --seconds 3 --noise 0.3 --gap 100ms:10ms --gap 1s:300ms >in
	for compat in none sds; do
		spectrogram --compat $compat --width 200 --height 200 -j1 <in >one
		dribble 1000 <in | spectrogram --compat $compat --width 200 --height 200 -j3 | same - one
	done
	for level in 1 2 3; do
		LEAT_CPU=$level spectrogram --compat sds --width 200 --height 200 <in | same - one
	done
}

@test "segments that do not agree are 65, both named" {
	iq --seconds 10ms >a
	iq-gen --rate 128k --type cf32 --seconds 10ms | cat a - >ab
	expect 65 spectrogram <ab
	says 128000/1 256000/1
	iq-gen --rate 256k --seconds 10ms --subchannels 2 | cat a - >ab
	expect 65 spectrogram <ab
	says "1 x 1024 bins" "2 x 1024 bins"
}

@test "too few samples make no picture, with a warning; as SDS they do" {
	iq --seconds 2ms --tone 64k >short
	spectrogram <short >image.leat 2>err
	says 'no picture'
	[[ $(stream-head --all <image.leat | grep -c ^IMAGE) == 0 ]]
	draw 10 16 --compat sds <short
}

@test "indices at the ends of 64 bits are refused or drawn" {
	for index in 9223372036854770000 -9223372036854775808; do
		printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' HEAD \
			"IQ ci16 $index 5000x1" END | mkstream >in
		expect 0 spectrogram <in
		expect 65 spectrogram --compat sds <in
		says '64 bits'
	done
}

@test "the unit is display, keys of the samples are gone, those of the signal stay" {
	iq --seconds 10ms --freq 1M --time0 2024-06-27T14:49:00Z | spectrogram >image.leat
	stream-head --all <image.leat >text
	grep -q 'unit display' text
	grep -q '%row_order top-down' text
	grep -q 'time0 2024-06-27T14:49:00Z' text
	grep -q 'freq_hz 1000000' text
	[[ $(grep -cE 'row_step|full_scale|bin0_hz|^ *zero' text) == 0 ]]
}

@test "real captures: the carrier 625 kHz above 1024 MHz; a retune" {
	needs drf-read
	data=${LEAT_SHARED:-$ROOT/../shared}/data/drf
	[[ -d $data/westford ]] || skip "no captures in $data"
	drf-read -c cap-2024-06-27T14-00-00 "$data/westford" >in
	draw 100 1024 --cmap gray <in
	for x in 0 50 99; do
		[[ $(brightest "$x") == 255 && -z $(plain "$x") ]]
	done
}
