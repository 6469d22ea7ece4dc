#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0
load ../common

SHARED=${LEAT_SHARED:-$ROOT/../shared}/data/drf
TIME0=2024-06-27T14:49:00Z

# In memory: each file is synced, which takes a disk a while.
setup() {
	MEMORY=$(mktemp -d -p /dev/shm leat-drf.XXXXXX 2>/dev/null || mktemp -d)
	cd "$MEMORY" || return
}

teardown() {
	cd / && rm -rf "$MEMORY"
}

# blocks: contiguous runs of a stream, as SEGMENT INDEX ROWS.
blocks() {
	stream-head --all | awk '
		/^HEAD/ { flush(); segment++ }
		/^IQ/ {
			match($0, /index [0-9]+/); at = substr($0, RSTART + 6, RLENGTH - 6) + 0
			match($0, /\[[0-9]+\]/); rows = substr($0, RSTART + 1, RLENGTH - 2) + 0
			if (n && at == first + n) { n += rows; next }
			flush(); first = at; n = rows
		}
		function flush() { if (n) printf "%d %.0f %.0f\n", segment, first, n; n = 0 }
		END { flush() }'
}

# alike A B: two streams have the same samples at the same indices, in segments as long, tuned alike.
alike() {
	same <(stream-payload "$1") <(stream-payload "$2")
	diff <(blocks <"$1") <(blocks <"$2") >&2
	diff <(stream-head --all "$1" | grep freq_hz) <(stream-head --all "$2" | grep freq_hz) >&2
}

# segment KEY=VALUE … -- FRAME …: one segment; time0 and rate as they are, if not said otherwise.
segment() {
	local word
	printf 'key rate_den 1\nkey kinds IQ\n'
	[[ " $* " == *" time0="* ]] || echo 'key time0 1970-01-01T00:00:00Z'
	[[ " $* " == *" rate_num="* ]] || echo 'key rate_num 1000'
	while [[ $1 != -- ]]; do
		[[ $1 == *= ]] || echo "key ${1/=/ }"
		shift
	done
	echo HEAD
	shift
	for word; do echo "IQ $word"; done
	echo END
}

stream() {
	segment "$@" | mkstream
}

files() {
	(cd "$1" && find . -type f | sort)
}

fingerprint() {
	(cd "$1" && find . -printf '%p %s %T@ %i\n' | sort && find . -type f -exec cat {} + | sha256sum)
}

@test "every element type, gaps and retunes come back bit by bit" {
	for type in u8 i8 u16 i16 u32 i32 u64 i64 f32 f64; do
		for form in "--type c$type" "--type $type --real"; do
			# shellcheck disable=SC2086
			iq-gen --rate 5k --seconds 300ms --freq 1M --noise 0.1 --tone 300:0.3 --gap 50ms:10ms \
				--retune 110ms:2M -c 2 --time0 1970-01-01T00:00:00Z $form >first
			options=(--file-ms 200)
			[[ $form != *real ]] || options+=(--gzip 1 --checksum)
			rm -rf top
			drf-write "${options[@]}" top <first
			drf-read --fill keep top >second
			alike first second
		done
	done
}

@test "what --continuous fills is left out again" {
	for type in ci8 ci16 ci64 cf32 cf64; do
		iq-gen --rate 5k --seconds 300ms --freq 1M --noise 0.1 --gap 50ms:10ms --retune 110ms:2M \
			--time0 "$TIME0" --type "$type" >first
		for options in '' --gzip=1; do
			rm -rf top
			# shellcheck disable=SC2086
			drf-write --continuous --file-ms 200 $options top <first
			drf-check --deep top
			drf-read --fill keep top | blocks >whole
			[[ $(awk '{ n += $3 } END { print n }' whole) == 2000 ]]
			drf-read top >second
			same <(stream-payload first) <(stream-payload second)
			[[ $(blocks <second | wc -l) == 3 ]]
		done
	done
}

@test "captures of the reference library come back" {
	[[ -e $SHARED/westford ]] || skip "$SHARED/westford is not there"
	for name in westford cap1 cap2 cap3 cap4; do
		drf-read "$SHARED/$name" >first
		for options in '' --continuous --gzip=1; do
			rm -rf top
			drf-write $options top <first
			drf-read top >second
			alike first second
		done
	done
}

@test "files and folders are named by their time; indices count since 1970" {
	iq-gen --rate 1k --seconds 25s --time0 2024-06-27T14:59:50Z | drf-write -c c.1-x --file-ms 5000 top
	files top | same_text <(
		printf '%s\n' ./c.1-x/2024-06-27T14-00-00/rf@1719500390.000.h5 \
			./c.1-x/2024-06-27T14-00-00/rf@1719500395.000.h5 \
			./c.1-x/2024-06-27T15-00-00/rf@1719500400.000.h5 \
			./c.1-x/2024-06-27T15-00-00/rf@1719500405.000.h5 \
			./c.1-x/2024-06-27T15-00-00/rf@1719500410.000.h5 ./c.1-x/drf_properties.h5 \
			./c.1-x/metadata/2024-06-27T14-00-00/metadata@1719500390.h5 \
			./c.1-x/metadata/dmd_properties.h5
	)
	[[ $(drf-read top | blocks) == '1 1719500390000 25000' ]]
}

@test "a time between two samples is told; without a time it is 65" {
	iq-gen --rate 3 --seconds 2s --time0 2024-06-27T14:49:00.5Z | drf-write top 2>err
	says warning 2024-06-27T14:49:00.5Z 166666667 late
	[[ $(drf-read top | blocks) == "1 $((1719499740 * 3 + 2)) 6" ]]
	iq-gen --rate 3 --seconds 2s --time0 2024-06-27T14:49:00.3Z | drf-write low 2>err
	says 33333333.3 late
	iq-gen --rate 10 --seconds 1s --time0 2024-06-27T14:49:00.125Z | drf-write early 2>err
	says 25000000 early
	iq-gen --seconds 1ms | expect 65 drf-write none
	says time0 --time0
	[[ -z $(files none) ]]
	stream -- 'ci16 -5 10x1' | expect 65 drf-write none
	says 1970
}

@test "segments are joined if they fit" {
	{ stream freq_hz=1e6 -- 'ci16 1000 64x1' && stream freq_hz=1e6 -- 'ci16 1064 64x1' &&
		stream freq_hz=2e6 -- 'ci16 2000 64x1' && stream -- 'ci16 3000 64x1' &&
		stream rate_num=1000 time0=1970-01-01T00:00:02Z -- 'ci16 3000 64x1'; } >in
	drf-write top <in
	drf-read top >out
	blocks <out | same_text <(printf '%s\n' '1 1000 128' '2 2000 64' '3 3000 64' '3 5000 64')
	[[ $(stream-head --all out | grep freq_hz | tr -s ' \n' ' ') == ' freq_hz 1000000 freq_hz 2000000 ' ]]
	stream -- 'ci16 0 64x1' >first
	while IFS='|' read -r key frame said; do
		rm -rf top
		{ cat first && stream "$key" -- "$frame"; } >in
		expect 65 drf-write top <in
		# shellcheck disable=SC2086
		says $said
	done <<-'EOL'
		rate_num=2000|ci16 64 64x1|rate 1000/1 2000/1
		x=|ci8 64 64x1|ci8 ci16
		x=|ci16 64 64x2|2 1 subchannels
		x=|ci16 63 64x1|63 64 ascend
		x=|ci16 0 1x1|0 64 ascend
		time0=|ci16 64 64x1|time0
	EOL
}

@test "one frequency for each subchannel, or one for all" {
	stream freq_hz=1e6 -- 'ci16 0 64x3' | drf-write one
	drf-read one | stream-head -n 1 | grep -c freq_hz | same_text <(echo 3)
	printf 'key freq_hz %s\n' 1 2.5 3000000000 | cat - <(segment -- 'ci16 0 64x3') | mkstream >in
	drf-write three <in
	drf-read three >out
	alike in out
	printf 'key freq_hz %s\n' 1 2 | cat - <(segment -- 'ci16 0 64x3') | mkstream >in
	expect 65 drf-write two <in
	says freq_hz 2 3
}

@test "framing changes no byte" {
	stream -- 'ci16 10 6400x1' >one
	{
		segment -- | sed '/^END/d'
		for i in {0..99}; do echo "IQ ci16 $((10 + 64 * i)) 64x1"; done
		echo END
	} | mkstream >many
	same <(stream-payload one) <(stream-payload many)
	for options in '' --continuous --gzip=3 --checksum; do
		drf-write --file-ms 1000 $options a <one
		drf-write --file-ms 1000 $options b <many
		diff -r a b
		rm -rf a b
	done
}

@test "--uuid is in the files; by default it follows from the data" {
	/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip 'python3-h5py is not there'
	stream -- 'ci16 0 64x1' >in
	drf-write --uuid 'my run' 1 <in
	drf-write 2 <in
	drf-write 3 <in
	stream -- 'ci16 1 64x1' | drf-write 4
	/usr/bin/python3 -c "
import glob, h5py
for name in sorted(glob.glob('?/ch0/1*/rf@*')):
    print(h5py.File(name)['rf_data'].attrs['uuid_str'].decode())" >uuids
	mapfile -t uuid <uuids
	[[ ${uuid[0]} == 'my run' && ${uuid[1]} =~ ^[0-9a-f]{32}$ ]]
	[[ ${uuid[1]} == "${uuid[2]}" && ${uuid[1]} != "${uuid[3]}" ]]
	expect 64 drf-write --uuid "$(printf 'x%.0s' {1..128})" d <in
	says --uuid 127
}

@test "a channel that is there gets new files, and no file is replaced" {
	stream freq_hz=1 -- 'ci16 0 64x1' | drf-write --file-ms 100 top
	fingerprint top >before
	stream freq_hz=2 -- 'ci16 200 300x1' >later
	drf-write --file-ms 100 top <later
	drf-check --deep top
	drf-read top | blocks | same_text <(printf '%s\n' '1 0 64' '2 200 300')
	# Both entries are in one file of a second.
	drf-read top | stream-head --all | grep -c 'freq_hz [12]$' | same_text <(echo 2)
	fingerprint top >before
	expect 73 drf-write --file-ms 100 top <later
	says 'rf@0.200.h5' 'is there already'
	fingerprint top | same_text before
	stream -- 'ci16 9000 64x1' >far
	for options in '--file-ms 200' '--file-ms 100 --subdir-s 60' '--file-ms 100 --continuous'; do
		# shellcheck disable=SC2086
		expect 73 drf-write $options top <far
		says ch0 'is there'
	done
	stream -- 'ci8 9000 64x1' | expect 73 drf-write --file-ms 100 top
	says 'another element type' H5Tget_size
	stream -- 'ci16 9000 64x2' | expect 73 drf-write --file-ms 100 top
	says num_subchannels 1 2
	stream rate_num=2000 -- 'ci16 9000 64x1' | expect 73 drf-write --file-ms 100 top
	says sample_rate_numerator 1000 2000
	fingerprint top | same_text before
	echo garbage >top/ch0/drf_properties.h5
	expect 65 drf-write --file-ms 100 top <far
	says drf_properties.h5
}

@test "operands and options that cannot be" {
	stream -- 'ci16 0 64x1' >in
	echo file >file
	expect 73 drf-write file <in
	says file 'no folder'
	expect 73 drf-write nowhere/top <in
	says nowhere/top
	drf-write top <in
	expect 73 drf-write top/ch0 <in
	says 'channel itself'
	for name in '' . .. a/b .x; do
		expect 64 drf-write -c "$name" top <in
		says --channel
	done
	expect 64 drf-write --file-ms 7000 top <in
	says --file-ms 7000 3600
	expect 64 drf-write --gzip 10 top <in
	expect 64 drf-write -o x top <in
	stream rate_num=9000000000000 -- 'ci16 0 64x1' | expect 65 drf-write big
	says --file-ms 'TiB'
	{ segment -- && echo; } | sed '/^$/d' | mkstream | expect 65 drf-write none
}

# A stream cut after its second file of samples.
@test "full files appear at once and stay, the one in hand never does" {
	iq-gen --rate 100k --seconds 3500ms --time0 "$TIME0" >in
	head -c 1200000 in | expect 76 drf-write top
	drf-check --deep top
	[[ $(files top | grep -c rf@) == 2 ]]
	[[ $(drf-read top | blocks) == "1 $((1719499740 * 100000)) 200000" ]]
	edit abort <in >aborted
	expect 76 drf-write abort <aborted
	[[ $(files abort | grep -c rf@) == 3 ]]
	drf-check --deep abort
	mkfifo fifo
	drf-write term <fifo 2>err &
	pid=$!
	exec 5>fifo
	head -c 1200000 in >&5
	for i in {1..100}; do [[ $(files term | grep -c '/rf@') -lt 2 ]] || break; sleep 0.02; done
	files term | grep -q '/tmp.rf@1719499742.000.h5'
	# What has appeared can be read while the rest is written.
	[[ $(drf-read term | blocks) == "1 $((1719499740 * 100000)) 200000" ]]
	# Another one may not come between.
	expect 75 drf-write term <in
	says ch0
	kill -KILL $pid
	wait $pid || true
	exec 5>&-
	expect 1 drf-check term
	grep -q 'tmp.rf@1719499742.000.h5: not finished' out
	# Who goes on where it was cut sweeps that file.
	iq-gen --rate 100k --seconds 1500ms --time0 2024-06-27T14:49:02Z | drf-write term
	drf-check --deep term
	[[ $(drf-read term | blocks) == "1 $((1719499740 * 100000)) 350000" ]]
}

@test "a full disk is 74, and nothing is left of a channel without samples" {
	iq-gen --rate 100k --seconds 2s --time0 "$TIME0" >in
	iq-gen --rate 100k --seconds 2s --time0 2024-06-27T14:49:02Z --type cf64 >wide.in
	code=0
	(ulimit -f 200 && exec drf-write --continuous top <in 2>err) || code=$?
	[[ $code == 74 ]]
	says rf@1719499740.000.h5 'cannot write' 'File too large'
	[[ ! $(find top -type f) ]] # what would describe samples that are not there goes, too
	code=0
	(ulimit -f 600 && exec drf-write -c wide top <wide.in 2>err) || code=$?
	[[ $code == 74 ]]
	says 'cannot write'
	[[ ! $(find top -type f) ]]
}

@test "nothing outside its channel is touched" {
	mkdir -p top/other
	echo mine | tee top/file top/other/rf@0.000.h5 >/dev/null
	stream -- 'ci16 0 64x1' >in
	fingerprint top/other >before
	LEAT_SANDBOX=require drf-write top <in || [[ ${SANITIZED:-} ]]
	fingerprint top/other | same_text before
	[[ $(<top/file) == mine ]]
	[[ $(ls top) == $'ch0\nfile\nother' ]]
	ln -s /etc top/ch0/1970-01-01T01-00-00
	stream -- 'ci16 3600000 64x1' | expect 73 drf-write top
	says 'is a link'
	stream -- 'ci16 3600000 64x1' | LEAT_SANDBOX=off expect 73 drf-write top
	[[ ! -e /etc/rf@3600.000.h5 && ! -e /etc/tmp.rf@3600.000.h5 ]]
}

@test "levels that DigitalRF cannot tell are a warning" {
	stream full_scale=2048 -- 'ci16 0 64x1' | drf-write top 2>err
	says warning full_scale 2048 32768
}
