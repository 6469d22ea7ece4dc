#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Pictures pixel by pixel: without axes, a picture is its data area alone. With the colour map gray
# an entry of the map is its number.

load ../common

# draw WIDTH HEIGHT [ARG …] < spectra: ./pixels, the data area of one subchannel, as planes.
draw() {
	W=$1 H=$2
	shift 2
	waterfall --width "$W" --height "$H" --no-axes --no-colorbar "$@" >image.leat
	stream-payload <image.leat >pixels
	[[ $(stat -c %s pixels) == $((3 * W * H)) ]]
}

# row Y [PLANE]: the values of a row of pixels, one on a line.
row() {
	od -An -v -tu1 -w1 -j $(((${2:-0} * H + $1) * W)) -N "$W" pixels | tr -d ' '
}

# brightest Y: the column of the largest value in a row.
brightest() {
	row "$1" | cat -n | sort -k2,2nr -k1,1n | awk 'NR == 1 { print $1 - 1 }'
}

# plain Y: the one value a row consists of; nothing if there are several.
plain() {
	row "$1" | sort -u | awk '{ v = $1 } END { if (NR == 1) print v }'
}

tone() {
	iq-gen --rate 256k --type cf32 "$@" | fft-slice -n 256
}

@test "a tone lies in its column, on its side of the centre" {
	draw 256 20 --cmap gray < <(tone --seconds 100ms --tone 64k)
	[[ $(brightest 0) == 192 && $(brightest 19) == 192 ]]
	draw 256 20 --cmap gray < <(tone --seconds 100ms --tone -127k)
	[[ $(brightest 10) == 1 ]]
	draw 129 20 --cmap gray < <(iq-gen --real --rate 256k --tone 32k:0.5 | fft-slice -n 256)
	[[ $(brightest 5) == 32 ]]
}

@test "a level has its colour" {
	draw 256 20 --cmap gray --db=-60:0 < <(tone --seconds 100ms --tone 64k:0.1)
	[[ $(row 7 | sed -n 193p) == 170 ]]
	draw 256 20 --db=-60:-1 < <(tone --seconds 100ms --tone 64k)
	[[ $(row 7 0 | sed -n 193p) == 252 && $(row 7 1 | sed -n 193p) == 253 ]]
	[[ $(row 7 2 | sed -n 193p) == 191 ]]
}

@test "percentiles and the automatic range span the levels" {
	tone --seconds 200ms --noise 0.1 >noise
	draw 256 50 --cmap gray --db p0:p100 <noise
	[[ $(od -An -v -tu1 -w1 pixels | sort -un | sed -n '1p;$p' | tr -d ' \n') == 0255 ]]
	draw 256 50 --cmap gray --db auto <noise
	[[ $(od -An -v -tu1 -w1 pixels | sort -un | head -n 1 | tr -d ' ') == 0 ]]
	tone --seconds 10ms >silence
	draw 256 5 --cmap gray <silence
	[[ $(plain 2) == 0 ]]
}

@test "a gap is grey where it is, and the time axis stays true" {
	draw 64 100 --cmap magma < <(tone --seconds 1 --noise 0.5 --gap 500ms:250ms)
	for y in 50 51 60 73 74; do
		[[ $(plain "$y") == 192 ]]
	done
	for y in 0 49 75 99; do
		[[ -z $(plain "$y") ]]
	done
}

@test "a retune is a line, and the axis becomes the offset" {
	draw 64 100 --cmap viridis < <(tone --seconds 1 --noise 0.5 --freq 10M --retune 500ms:12M)
	[[ $(plain 49) == 0 && $(plain 50) == 255 ]]
	[[ -z $(plain 48) && -z $(plain 51) ]]
}

@test "more rows than pixels: the mean of linear power, or the maximum" {
	tone --seconds 1 --tone 64k:0.01 --burst 200ms:1ms:64k:0.99 >burst
	draw 256 10 --cmap gray --db=-40:0 --stat max <burst
	[[ $(row 2 | sed -n 193p) == 255 ]]
	draw 256 10 --cmap gray --db=-40:0 <burst
	# A hundredth of the pixel's time at 0 dB is -20 dB, half the range.
	value=$(row 1 | sed -n 193p)
	other=$(row 2 | sed -n 193p)
	((value + other >= 100 && value <= 140 && other <= 140))
}

@test "a width below the bins joins them, one above repeats them" {
	tone --seconds 100ms --tone 64k >spectra
	draw 32 10 --cmap gray --stat max <spectra
	[[ $(brightest 3) == 24 ]]
	draw 512 10 --cmap gray --db=-60:0 <spectra
	[[ $(row 3 | sed -n 385p) == 255 && $(row 3 | sed -n 386p) == 255 ]]
}

@test "the picture has the height asked for, however long the stream is" {
	for seconds in 1ms 20ms 5; do
		tone --seconds "$seconds" --noise 1 | draw 256 40
	done
}

@test "memory stays while rows come" {
	[[ -z ${SANITIZED:-} ]] || skip "sanitizers use memory of their own"
	tone --seconds 50 --noise 1 >long # 51 MB
	(
		ulimit -d 30000
		draw 256 100 <long
	)
}

@test "axes, colour bar and title take room, a panel for each subchannel" {
	tone --seconds 10ms --subchannels 3 --noise 1 >three
	waterfall --width 100 --height 80 <three >plain.leat
	waterfall --width 100 --height 80 --title 'A title' <three >titled.leat
	size() {
		stream-head --all <"$1" | sed -n 's/^IMAGE.* u8 \[3\]\[\([0-9]*\)\]\[\([0-9]*\)\].*/\1 \2/p'
	}
	read -r height width < <(size plain.leat)
	read -r titled other < <(size titled.leat)
	((height > 80 && width > 3 * 100 && titled > height && other == width))
}

@test "pictures now and then" {
	tone --seconds 1 --noise 1 >one
	waterfall --height 20 --every 300ms <one >some.leat
	[[ $(stream-head --all <some.leat | grep -c ^IMAGE) == 4 ]]
	waterfall --height 20 <one >last.leat
	stream-take --frames 3: <some.leat | stream-payload | cmp - <(stream-payload <last.leat)
}

@test "the unit is display, keys of spectra are gone, those of the signal stay" {
	tone --seconds 10ms --freq 1M --time0 2024-06-27T14:49:00Z | waterfall --height 8 >image.leat
	stream-head --all <image.leat >text
	grep -q 'unit display' text
	grep -q '%row_order top-down' text
	grep -q 'time0 2024-06-27T14:49:00Z' text
	grep -q 'freq_hz 1000000' text || grep -q 'freq_hz 1e' text
	[[ $(grep -cE 'row_step|row_span|full_scale|bin0_hz' text) == 0 ]]
}

@test "segments that do not agree are 65, both named" {
	tone --seconds 10ms >a
	iq-gen --rate 256k --seconds 10ms | fft-slice -n 128 >b
	cat a b >ab
	expect 65 waterfall <ab
	says "1 x 128 bins" "1 x 256 bins"
	iq-gen --rate 128k --seconds 10ms | fft-slice -n 256 | cat a - >ab
	expect 65 waterfall <ab
	says 128000/1 256000/1
	iq-gen --rate 256k --seconds 10ms | fft-slice -n 256 --norm density | cat a - >ab
	expect 65 waterfall <ab
	says "'FS^2/Hz'" "'FS^2'"
}

@test "a segment that lies before the one before it is drawn below it, with a warning" {
	tone --seconds 100ms --tone 64k >a
	tone --seconds 100ms --tone -64k | cat a - >ab
	draw 256 20 --cmap gray <ab 2>err
	says "does not hold"
	[[ $(brightest 9) == 192 && $(brightest 10) == 64 ]]
}

@test "segments are placed by their time" {
	tone --seconds 100ms --tone 64k --time0 2024-06-27T00:00:00Z >a
	tone --seconds 100ms --tone -64k --time0 2024-06-27T00:00:00.3Z | cat a - >ab
	draw 256 40 --cmap gray <ab
	[[ $(brightest 9) == 192 && $(plain 10) == 192 && $(plain 29) == 192 ]]
	[[ $(brightest 30) == 64 ]]
}

@test "no spectra make no picture, with a warning" {
	tone --seconds 0.1ms | waterfall >image.leat 2>err
	says "no spectra"
	[[ $(stream-head --all <image.leat | grep -c ^IMAGE) == 0 ]]
}

@test "wrong ranges are refused" {
	for range in 0 0:0 1:-1 a:b p1:99 p-1:p50 p1:p101 1:p2 :; do
		expect 64 waterfall "--db=$range" </dev/null
		says --db "'$range'"
	done
}

@test "a real capture: no gaps, the carrier 625 kHz above the centre of 1024 MHz" {
	needs drf-read
	capture=$ROOT/../shared/data/drf/westford
	[[ -d $capture ]] || skip "no $(basename "$capture") capture here"
	drf-read -c cap-2024-06-27T14-00-00 "$capture" | fft-slice >spectra
	draw 1024 100 --cmap gray <spectra
	for y in 0 50 99; do
		[[ $(brightest "$y") == 768 && -z $(plain "$y") ]]
	done
	stream-head -n 1 <image.leat >text
	grep -q 'freq_hz 1024000000' text
	grep -q 'time0' text
}
