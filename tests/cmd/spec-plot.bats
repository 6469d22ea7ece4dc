#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Pictures pixel by pixel: without axes, a picture is its data area alone. The mean is a dark line
# on white, dark in red too; the maximum is dark in blue alone.

load ../common

# draw WIDTH HEIGHT [ARG …] < spectra: ./pixels, the data area of one subchannel, as planes.
draw() {
	W=$1 H=$2
	shift 2
	spec-plot --width "$W" --height "$H" --no-axes "$@" >image.leat
	stream-payload <image.leat >pixels
	[[ $(stat -c %s pixels) == $((3 * W * H)) ]]
}

# plane P: the values of red (0), green or blue (2), a row of pixels on a line.
plane() {
	od -An -v -tu1 -w"$W" -j $(($1 * W * H)) -N $((W * H)) pixels
}

# line_at X: the middle of the mean's line in a column, in px from the top.
line_at() {
	plane 0 | awk -v x=$(($1 + 1)) '{ sum += 255 - $x; at += (255 - $x) * (NR - 0.5) } END { print at / sum }'
}

# near VALUE WANTED [WITHIN]: to a pixel, or so near.
near() {
	awk -v a="$1" -v b="$2" -v within="${3:-1}" 'BEGIN { exit !(a - b <= within && b - a <= within) }' || {
		printf '%s is not near %s\n' "$1" "$2" >&2
		return 1
	}
}

# peak: "COLUMN ROW" of the uppermost dark pixel of the mean, the darkest of its row.
peak() {
	plane 0 | awk '{
		for (x = 1; x <= NF; x++)
			if ($x < 160 && (!best || $x < $best)) best = x
		if (best) { print best - 1, NR - 1; exit }
	}'
}

# inked: the columns that hold any of the mean's line, as ranges "0-9 20-29".
inked() {
	plane 0 | awk '{ for (x = 1; x <= NF; x++) if ($x < 160) ink[x - 1] = 1; n = NF }
		END {
			for (x = 0; x <= n; x++) {
				if ((x in ink) && !(x - 1 in ink)) out = out (out == "" ? "" : " ") x
				if (!(x in ink) && (x - 1 in ink)) out = out "-" x - 1
			}
			print out
		}'
}

# rows BINS VALUE …: a segment of one channel with these powers, row by row.
rows() {
	local bins=$1 at
	shift
	printf 'key kinds SPECTRA\nkey rate_num 64000\nkey rate_den 1\nkey row_step 64\nkey row_span 64
		key unit FS^2\nHEAD\nSPECTRA f32 0 %dx1x%d unsummed\nEND\n' $(($# / bins)) "$bins" |
		sed 's/^\t*//' | mkstream >made
	at=$(edit list <made | awk '$3 == "0x2" { print $1 + 128 }')
	/usr/bin/python3 -c 'import struct, sys
values = [float(v) for v in sys.argv[1:]]
sys.stdout.buffer.write(struct.pack("<%df" % len(values), *values))' "$@" |
		dd of=made bs=1 seek="$at" conv=notrunc status=none
	cat made
}

tone() {
	iq-gen --rate 256k --type cf32 "$@" | fft-slice -n 256
}

size() {
	stream-head --all <"$1" | sed -n 's/^IMAGE.* u8 \[3\]\[\([0-9]*\)\]\[\([0-9]*\)\].*/\1 \2/p'
}

@test "a tone lies in its column, on its side of the centre, at its level" {
	draw 256 60 --db=-60:0 < <(tone --seconds 100ms --tone 64k:0.1)
	[[ $(peak) == "192 "@(19|20|21) ]]
	draw 256 60 --db=-60:0 < <(tone --seconds 100ms --tone -127k:0.01)
	[[ $(peak) == "1 "@(39|40|41) ]]
	draw 516 600 --db=-60:0 < <(iq-gen --real --rate 256k --tone 32k:0.5 | fft-slice -n 256)
	# 0.5 is -6.02 dBFS; bin 32 is columns 128 to 131.
	read -r x y < <(peak)
	[[ $x == 129 || $x == 130 ]]
	near "$y" 60.2 1.5
}

@test "tones between two frequencies each stand at theirs" {
	for k in -100 -31 0 77 127; do
		draw 1024 50 --db=-50:0 < <(tone --seconds 20ms --tone "${k}k:0.1")
		near "$(peak | cut -d' ' -f1)" $(((k + 128) * 4 + 2)) 1
	done
}

@test "the mean of noise is where theory has it" {
	# 20 log10(0.1) - 10 log10(256) + 10 log10(1.5), the noise bandwidth of hann: -42.32 dBFS.
	draw 256 600 --db=-60:0 < <(tone --seconds 20 --noise 0.1)
	for x in 0 50 100 150 200 255; do
		near "$(line_at $x)" 423.2 6
	done
	total=$(for ((x = 0; x < W; x += 5)); do line_at $x; done | awk '{ s += $1 } END { print s / NR }')
	near "$total" 423.2 1
	# A density: 20 log10(0.1) - 10 log10(256000) = -74.08 dBFS/Hz.
	iq-gen --rate 256k --type cf32 --seconds 20 --noise 0.1 | fft-slice -n 256 --norm density >in
	draw 64 600 --db=-100:-40 <in
	near "$(line_at 32)" 340.8 3
}

@test "rows count once each, in linear power, and --max is their maximum" {
	rows 1 1 3 >in # 3.01 dB and 4.77 dB
	draw 10 100 --db=0:10 --max <in
	near "$(line_at 5)" 69.9
	near "$(plane 2 | awk 'NR < 65 && $5 < 200 { s += NR - 0.5; n++ } END { print s / n }')" 52.3
	draw 10 100 --db=0:10 <in
	[[ -z $(plane 2 | awk 'NR < 65 && $5 < 255') ]]
	{ rows 1 1 1 1 && rows 1 5; } >in # 2, over segments
	draw 10 100 --db=0:10 <in
	near "$(line_at 5)" 69.9
}

@test "bins are joined by straight lines, in dB" {
	draw 100 100 --db=-40:10 < <(rows 2 1 0.01)
	near "$(line_at 25)" 21
	near "$(line_at 50)" 40.5
	near "$(line_at 74)" 59
	[[ $(inked) == @(24|25)-@(74|75) ]]
}

@test "NaN is a break, and a bin alone a dash" {
	draw 50 20 --db=-10:10 < <(rows 5 1 1 nan 1 1)
	[[ $(inked) == "5-14 35-44" ]]
	draw 50 20 --db=-10:10 < <(rows 5 1 nan 1 nan 1)
	[[ $(inked) == "0-9 20-29 40-49" ]]
	draw 50 20 --db=-10:10 --max < <(rows 5 nan nan nan nan nan)
	[[ -z $(inked) && -z $(plane 2 | tr -d ' 25\n') ]]
	# What is missing in one row counts for nothing there.
	draw 20 100 --db=-10:10 < <(rows 2 1 nan 1 2 nan nan)
	near "$(line_at 6)" 49.5 2
	near "$(line_at 13)" 36.5 2
}

@test "one bin is a line from edge to edge" {
	draw 77 40 --db=-40:0 < <(rows 1 0.01)
	[[ $(inked) == 0-76 ]]
	near "$(line_at 0)" 20
	near "$(line_at 76)" 20
}

@test "powers beyond the axis, zero, infinite and negative ones, leave a picture" {
	draw 60 40 --db=-40:0 < <(rows 6 1e30 1e-30 0 inf 1 -1)
	[[ $(inked) == *-* ]]
	draw 60 40 < <(rows 6 1e30 1e-30 0 inf 1 -1)
	draw 60 40 --max < <(rows 3 0 0 0)
	[[ -z $(inked) ]]
}

@test "very many bins: the narrowest peak and hole are there" {
	iq-gen --rate 1M --type cf32 --seconds 300ms --tone 125k:0.1 --noise 0.01 |
		fft-slice -n 131072 --window rect >many
	draw 80 100 --db=-120:0 <many
	[[ $(peak) == "50 "@(15|16|17|18) || $(peak) == "49 "@(15|16|17|18) ]]
	values=(1)
	for ((i = 1; i < 1000; i++)); do values[i]=1; done
	values[333]=0.0001 values[777]=1000
	draw 10 90 --db=-50:40 < <(rows 1000 "${values[@]}")
	near "$(plane 0 | awk '$8 < 200 { print NR; exit }')" 10 1.5
	near "$(plane 0 | awk '$4 < 200 { last = NR } END { print last }')" 80 1.5
}

@test "the automatic range cuts off no peak; percentiles are exact" {
	tone --seconds 100ms --tone 64k --noise 0.001 >in
	draw 256 200 <in
	read -r x y < <(peak)
	[[ $x == 192 ]]
	((y > 0 && y < 20))
	[[ -z $(plane 0 | tail -n 1 | tr -d ' 25\n') ]]
	draw 256 200 --db p0:p100 <in
	[[ $(peak) == 192\ [01] ]]
	[[ -n $(plane 0 | tail -n 1 | tr -d ' 25\n') ]]
	draw 100 220 < <(rows 1 1) # 20 dB from the only level on, and 1 dB at both ends
	near "$(line_at 50)" 210
}

@test "axes, grid, title and legend take room; a panel for each subchannel" {
	tone --seconds 10ms --subchannels 3 --noise 1 >three
	spec-plot --width 200 --height 80 <three >plain.leat
	spec-plot --width 200 --height 80 --title 'A title' <three >titled.leat
	spec-plot --width 200 --height 80 --max <three >max.leat
	read -r height width < <(size plain.leat)
	read -r titled other < <(size titled.leat)
	((height > 80 && width > 3 * 200 && titled > height && other == width))
	[[ $(size max.leat) == "$height $width" ]]
	spec-plot --no-axes <three >bare.leat
	read -r height width < <(size bare.leat)
	((height == 500 && width >= 3 * 333))
	tone --seconds 10ms --noise 1 >one
	[[ $(spec-plot --no-axes <one >bare.leat && size bare.leat) == "500 1000" ]]
	spec-plot --no-axes --max <one >again.leat
	[[ $(size again.leat) == "500 1000" ]]
}

@test "a wide picture of many subchannels is refused with a hint" {
	tone --seconds 10ms --subchannels 200 >many
	expect 64 spec-plot <many
	says 'panels of 250 pixels' --width
	expect 0 spec-plot --width 10 --height 20 <many
	tone --seconds 5ms --subchannels 257 >many
	expect 65 spec-plot <many
	says '257 subchannels' 256
}

@test "the unit is display, keys of spectra are gone, those of the signal stay" {
	tone --seconds 10ms --freq 1M --time0 2024-06-27T14:49:00Z | spec-plot --max --db=-9:9 >image.leat
	stream-head --all <image.leat >text
	grep -qx '  unit display' text
	grep -qx '  %row_order top-down' text
	grep -qx '  time0 2024-06-27T14:49:00Z' text
	grep -q '^  freq_hz 1' text
	grep -qx '  history spec-plot 0.1.0 --max --db=-9:9' text
	[[ $(grep -cE 'row_step|row_span|full_scale|bin0_hz' text) == 0 ]]
	[[ $(grep -c '^IMAGE' text) == 1 ]]
}

@test "a retune joins over the offset from the centre, with a warning" {
	iq-gen --rate 256k --type cf32 --seconds 200ms --tone 64k:0.1 --freq 10M --retune 100ms:12M \
		--retune 150ms:14M | fft-slice -n 256 >in
	draw 256 60 --db=-60:0 <in 2>err
	says warning '10 → 12' offset
	[[ $(peak) == "192 "@(19|20|21) ]]
	tone --seconds 10ms --freq 10M >a
	cat a a >in
	draw 256 60 <in 2>err
	[[ ! -s err ]]
}

@test "segments that do not agree are 65, both named" {
	tone --seconds 10ms >a
	iq-gen --rate 256k --seconds 10ms | fft-slice -n 128 | cat a - >ab
	expect 65 spec-plot <ab
	says "1 x 128 bins" "1 x 256 bins"
	iq-gen --rate 128k --seconds 10ms | fft-slice -n 256 | cat a - >ab
	expect 65 spec-plot <ab
	says 128000/1 256000/1
	iq-gen --rate 256k --seconds 10ms | fft-slice -n 256 --norm density | cat a - >ab
	expect 65 spec-plot <ab
	says "'FS^2/Hz'" "'FS^2'"
	# As many bins, but other ones.
	iq-gen --real --rate 256k --seconds 10ms | fft-slice -n 510 | cat a - >ab
	expect 65 spec-plot <ab
	says "from 0 by"
}

@test "no spectra make no picture, with a warning" {
	tone --seconds 0.1ms | spec-plot >image.leat 2>err
	says "no spectra"
	[[ $(stream-head --all <image.leat | grep -c ^IMAGE) == 0 ]]
}

@test "wrong ranges are refused" {
	for range in 0 0:0 1:-1 a:b p1:99 p-1:p50 p1:p101 1:p2 :; do
		expect 64 spec-plot "--db=$range" </dev/null
		says --db "'$range'"
	done
}

@test "the same spectra make the same bytes" {
	tone --seconds 1 --noise 1 --tone 10k >in
	spec-plot --max --title Again <in >one
	spec-plot --max --title Again -j 3 < <(cat in) >two
	same one two
	dribble 1000 <in | spec-plot --max --title Again >two
	same one two
}
