#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

CAPTURE=$ROOT/tests/golden/capture
SHARED=${LEAT_SHARED:-$ROOT/../shared}/data/drf

MADE=$BATS_FILE_TMPDIR/made

# needs_made: the captures of tests/make-drf.py, which makes them once.
needs_made() {
	/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip 'python3-h5py is not there'
	[[ -d $MADE ]] || {
		mkdir "$MADE"
		/usr/bin/python3 "$ROOT/tests/make-drf.py" "$MADE"
	}
}

needs_shared() {
	[[ -e $SHARED/$1 ]] || skip "$SHARED/$1 is not there"
}

# expected CAPTURE: the blocks make-drf.py expects, as INDEX ROWS.
expected() {
	sed -n 's/^block //p' "$1/expect"
}

# blocks: contiguous runs of a stream, as INDEX ROWS.
blocks() {
	stream-head --all | awk '
		$1 == "IQ" {
			match($0, /index [0-9]+/); index_ = substr($0, RSTART + 6, RLENGTH - 6) + 0
			match($0, /\[[0-9]+\]/); rows = substr($0, RSTART + 1, RLENGTH - 2) + 0
			if (n && index_ == first + n) { n += rows; next }
			if (n) printf "%.0f %.0f\n", first, n
			first = index_; n = rows
		}
		END { if (n) printf "%.0f %.0f\n", first, n }'
}

# fingerprint FOLDER: changes with any byte, name or time of a change beneath it.
fingerprint() {
	(cd "$1" && find . -printf '%p %s %C@\n' && find . -type f -exec cat {} +) | sha256sum
}

@test "reads blocks, gaps and retunes, and changes nothing" {
	fingerprint "$CAPTURE" >before
	drf-read "$CAPTURE" >out
	fingerprint "$CAPTURE" | same_text before
	printf '%s\n' '1700000000050 350' '1700000000600 200' >wanted
	blocks <out | same_text wanted
	stream-head --all out >text
	[[ $(grep freq_hz text) == $'  freq_hz 100000000\n  freq_hz 101000000' ]]
	[[ $(grep -c '^END .*more' text) == 1 ]]
	grep -q '  time0 1970-01-01T00:00:00Z' text
	grep -q '^IQ .* index 1700000000300 ' text
	[[ $(grep -c '^IQ .* gap$' text) == 1 ]]
}

@test "takes TOP, TOP/CHANNEL, a slash at the end and ." {
	drf-read "$CAPTURE" | stream-payload >wanted
	for words in "$CAPTURE/" "$CAPTURE/ch0" "-c ch0 $CAPTURE" "-c ch0 $CAPTURE/ch0/"; do
		# shellcheck disable=SC2086
		drf-read $words | stream-payload >out
		same wanted out
	done
	cd "$CAPTURE/ch0"
	drf-read . | stream-payload | cmp - "$BATS_TEST_TMPDIR/wanted"
	drf-read . | stream-head -n 1 | grep -q '  history drf-read .* ch0$'
}

@test "a channel must be named if there are several, and be there" {
	cp -r "$CAPTURE" two
	cp -r two/ch0 two/ch1
	expect 64 drf-read two
	says ch0 ch1
	expect 0 drf-read -c ch1 two
	expect 66 drf-read -c ch2 two
	says ch2
	expect 66 drf-read nowhere
	says nowhere
	mkdir empty
	expect 66 drf-read empty
	says empty
}

@test "--from and --to: indices, times, durations" {
	range() {
		drf-read "$@" "$CAPTURE" | blocks
	}
	day=2023-11-14
	[[ $(range --from 1700000000100 --to 1700000000110) == '1700000000100 10' ]]
	[[ $(range --from +100ms --to +10ms) == '1700000000150 10' ]]
	[[ $(range --from ${day}T22:13:20.1Z --to ${day}T22:13:20.11Z) == '1700000000100 10' ]]
	range --from 1700000000390 --to 1700000000610 >out
	printf '%s\n' '1700000000390 10' '1700000000600 10' | same_text out
	[[ $(range --from 0 --to 1700000000060) == '1700000000050 10' ]]
	[[ $(range --from 1700000000790 --to 9700000000000) == '1700000000790 10' ]]
	expect 64 drf-read --from noon "$CAPTURE"
	says --from noon
	expect 64 drf-read --from 5 --to 5 "$CAPTURE"
	says --to 5
	expect 1 drf-read --from 1800000000000 "$CAPTURE"
	expect 1 drf-read --to 5 "$CAPTURE"
}

@test "a range begins with the tuning in force" {
	drf-read --from 1700000000310 --to 1700000000320 "$CAPTURE" | stream-head --all >text
	[[ $(grep freq_hz text) == '  freq_hz 101000000' ]]
	[[ $(grep -c ^HEAD text) == 1 ]]
}

@test "--subchannel takes one, --float converts" {
	needs_made
	capture=$MADE/type-ci2
	drf-read -s 2 --to +1ms "$capture" | stream-payload | od -An -td2 >out
	drf-read --to +1ms "$capture" | stream-payload | od -An -td2 -w4 -j8 >wanted
	[[ $(tr -s ' \n' ' ' <out) == $(tr -s ' \n' ' ' <wanted) ]]
	drf-read --float -s 0 --to +1ms "$capture" | stream-payload | od -An -tf4 >float
	drf-read -s 0 --to +1ms "$capture" | stream-payload | od -An -td2 >out
	awk 'NR == FNR { for (i = 1; i <= NF; i++) a[i] = $i / 32768; next }
		{ for (i = 1; i <= NF; i++) if (($i - a[i])^2 > 1e-12) exit 1 }' out float
	drf-read --float "$capture" | stream-head -n 1 | grep -q '  full_scale 1$'
	expect 64 drf-read -s 3 "$capture"
	says --subchannel 3
	expect 64 drf-read -s -1 "$capture"
	says --subchannel -1
}

@test "every element type, order and layout" {
	needs_made
	for case in "$MADE"/{type,layout,rate,blocks,absent,version-2}*; do
		drf-read --fill keep "$case" | blocks >out
		expected "$case" | same_text out
	done
}

@test "a damaged file is a warning and a gap, with --strict an error" {
	needs_made
	for case in "$MADE"/bad-*; do
		drf-read "$case" >stream 2>err
		grep -q ' warning: ch/.*left out$' err
		blocks <stream >out
		expected "$case" | same_text out
		stream-head --all stream | grep -q 'note drf-read skipped_files=1'
		expect 65 drf-read --strict "$case"
		says ch/2023-11-14T22-13-20/rf@
	done
}

@test "what a killed writer leaves is not read" {
	needs_made
	drf-read "$MADE/tmp-file" 2>err | blocks >out
	expected "$MADE/tmp-file" | same_text out
	[[ ! -s err ]]
}

@test "properties that make no sense are 65" {
	needs_made
	for case in "$MADE"/refused-* "$MADE"/version-3; do
		expect 65 drf-read "$case"
		says ch:
	done
}

@test "the fill value is masked where it is no signal, and kept on request" {
	needs_shared cap1
	drf-read "$SHARED/cap1" >out
	stream-head --all out | grep -q 'note drf-read masked=30000'
	[[ $(blocks <out) == '170000279875000 220000' ]]
	[[ $(drf-read --fill keep "$SHARED/cap1" | blocks) == '170000279850000 250000' ]]
	[[ $(drf-read --fill mask:1000000 "$SHARED/cap1" | blocks) == '170000279850000 250000' ]]
	[[ $(drf-read --fill mask:1 "$SHARED/cap1" | blocks) == '170000279875000 220000' ]]
	expect 64 drf-read --fill mask:0 "$SHARED/cap1"
	says --fill mask:0
	expect 64 drf-read --fill zero "$SHARED/cap1"
	says --fill zero
}

@test "captures of the reference library have the bytes of their manifest" {
	needs_shared manifest.json
	/usr/bin/python3 -c '
import json, sys
for c in json.load(open(sys.argv[1]))["captures"]:
    print(c["top"], c["ch"], c["sha256_of_stored_bytes"])' "$SHARED/manifest.json" >list
	[[ $(wc -l <list) == 4 ]]
	while read -r top channel hash; do
		drf-read --fill keep -c "$channel" "$SHARED/$top" | stream-payload >bytes
		[[ $(sha256sum <bytes) == "$hash  -" ]]
	done <list
}

# live CAPTURE: grows a copy of the golden capture, file by file, as a writer does.
publish() {
	local folder=live/ch0/2023-11-14T22-13-20
	mkdir -p "$folder"
	cp "$CAPTURE/ch0/2023-11-14T22-13-20/$1" "$folder/tmp.$1"
	mv "$folder/tmp.$1" "$folder/$1"
}

# waits_for SECONDS COMMAND …: until the command is true.
waits_for() {
	local left=$((10 * $1))
	shift
	until "$@"; do
		((left-- > 0)) || return 1
		sleep 0.1
	done
}

holds_bytes() {
	[[ $(stat -c %s "$1") -ge $2 ]]
}

@test "--follow waits for files, and ends whole on the first INT" {
	mkdir -p live/ch0
	cp "$CAPTURE/ch0/drf_properties.h5" live/ch0
	set -m
	drf-read --follow live >out &
	set +m
	pid=$!
	sleep 0.3
	publish rf@1700000000.000.h5
	waits_for 5 holds_bytes out 600
	publish rf@1700000000.200.h5
	waits_for 5 holds_bytes out 1500
	publish rf@1700000000.600.h5
	waits_for 5 holds_bytes out 2400
	kill -INT "$pid"
	wait "$pid"
	printf '%s\n' '1700000000050 350' '1700000000600 200' >wanted
	blocks <out | same_text wanted
}

@test "--follow ends at --to" {
	expect 0 timeout 5 drf-read --follow --to 1700000000400 "$CAPTURE"
	printf '%s\n' '1700000000050 350' >wanted
	blocks <out | same_text wanted
}

# follow: a drf-read that waits at the end, its pid in $pid, its decoder's in $decoder.
follow() {
	drf-read --follow "$CAPTURE" >out 2>err 3>&- &
	pid=$!
	waits_for 5 holds_bytes out 2400
	decoder=$(tr -d " " <"/proc/$pid/task/$pid/children")
}

@test "the decoder is confined" {
	[[ -z ${SANITIZED:-} ]] || skip 'sanitizers need what is refused'
	follow
	grep -q '^NoNewPrivs:.1' "/proc/$decoder/status"
	grep -q '^Seccomp:.2' "/proc/$decoder/status"
	kill -TERM "$pid"
	wait "$pid"
}

@test "a decoder that dies is 65, and its stream is cut" {
	follow
	kill -ABRT "$decoder"
	code=0
	wait "$pid" || code=$?
	[[ $code == 65 ]]
	grep -q 'drf-read: ch0/.*decoder died' err
	mv out cut
	expect 76 stream-payload cut
}

@test "a decoder does not outlive its parent" {
	follow
	kill -KILL "$pid"
	wait "$pid" || true
	gone() { ! kill -0 "$decoder" 2>/dev/null || grep -q '^State:.Z' "/proc/$decoder/status"; }
	waits_for 5 gone
	mv out cut
	expect 76 stream-payload cut
}
