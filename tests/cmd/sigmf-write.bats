#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a recording says, how it appears, and that nothing is lost on the way to it and back.
# tests/peer/sigmf.py reads and writes the same with json, numpy and tarfile.

bats_require_minimum_version 1.5.0
load ../common

# told FILE: what makes a stream what it is, but for its frames and what commands say of themselves.
told() {
	stream-head --all "$1" | grep -E '^HEAD|^  ' | grep -vE '^  (frames|note|kinds|expect_frames|history sigmf)' |
		sed 's/^HEAD.*/HEAD/'
}

# spans FILE: the runs of samples that have no gap.
spans() {
	stream-head --all "$1" | awk '/^HEAD/ { print "segment"; end = "" }
		/^IQ/ { split($7, dim, /[][]/); if ($5 != end) print $5, $6; end = $5 + dim[2] }'
}

# there_and_back FILE: the stream through two files and through an archive.
there_and_back() {
	local name
	told "$1" >said
	spans "$1" >>said
	stream-payload "$1" | sha256sum >>said
	sigmf-write --pass -o pair <"$1" | sigmf-write --archive -o one
	for name in pair one; do
		sigmf-read $name >back
		{ told back && spans back && stream-payload back | sha256sum; } | same_text said
	done
	rm -f pair.* one.*
}

@test "a recording has many names" {
	local name
	iq-gen --seconds 10ms --tone 1k >in
	there_and_back in
	sigmf-write --pass -o pair <in | sigmf-write --archive -o one
	sigmf-write <in >piped.sigmf
	for name in pair pair.sigmf-meta pair.sigmf-data one one.sigmf piped "$PWD/one"; do
		sigmf-read "$name" | cmp <(stream-payload in) <(stream-payload)
	done
}

@test "every type, gaps, retunes, subchannels, a fraction for a rate: there and back" {
	local type
	set -- --rate 100000/7 --seconds 100ms --gap 20ms:30ms --retune 70ms:5.25M --noise 0.1 --freq 1M \
		--subchannels 2 --time0 2024-06-27T14:49:00.123456789Z
	for type in cu8 ci8 cu16 ci16 cu32 ci32 cf32 cf64 u8 i8 u16 i16 u32 i32 f32 f64; do
		iq-gen --type $type "$@" | sigmf-write --pass -o w >in
		sigmf-read w | stream-payload | cmp - <(stream-payload in)
	done
	there_and_back in
	iq-gen --type cu8 "$@" >in
	there_and_back in
}

@test "DigitalRF to SigMF and back" {
	local name folder
	/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip 'python3-h5py is not there'
	folder=$(captures)
	for name in blocks blocks-many rate-rational tuned-four tuned-retune type-cf4-be type-cu2-gzip type-f8; do
		drf-read "$folder/$name" >in
		there_and_back in
	done
}

@test "the captures in shared/ to SigMF and back" {
	local folder=${LEAT_SHARED:-$ROOT/../shared}/data/drf cap
	for cap in cap1 cap2 cap3 cap4; do
		[[ -d $folder/$cap ]] || skip "$folder/$cap is not there"
		drf-read "$folder/$cap" >in
		there_and_back in
	done
}

@test "the capture of westford hashes alike" {
	local folder=${LEAT_SHARED:-$ROOT/../shared}/data/drf/westford
	[[ -d $folder ]] || skip "no westford in shared/data/drf"
	drf-read "$folder"/* >in
	sigmf-write -o west <in
	[[ $(stream-payload in | sha256sum) == "$(sigmf-read west | stream-payload | sha256sum)" ]]
	[[ $(sha256sum <west.sigmf-data) == "$(stream-payload in | sha256sum)" ]]
	diff <(told in) <(sigmf-read west >back && told back)
	diff <(spans in) <(spans back)
}

@test "unknown keys, of HEAD and of frames, indices below 0 and empty segments: there and back" {
	mkstream >in <<-'EOL'
		key rate_num 1000
		key rate_den 3
		key freq_hz 5e6
		key freq_hz 6e6
		key x.note a\n\\ \xFF "é"
		key x.note second
		key zero 3.5
		key full_scale 100
		HEAD
		IQ ci16 -50 30x2
		IQ ci16 -20 30x2
		key x.frame 1
		IQ ci16 10 30x2
		key x.frame 2
		IQ ci16 100 30x2 gap
		END
		key rate_num 1000
		key rate_den 3
		key kinds IQ
		key x.empty 1
		HEAD
		END
		key rate_num 2000
		key rate_den 6
		HEAD
		IQ ci16 -50 30x2
		END
	EOL
	stream-payload in >/dev/null
	sigmf-write -o w <in
	sigmf-read w >back
	cmp <(stream-payload in) <(stream-payload back)
	diff <(spans in) <(spans back)
	told back >text
	[[ $(grep -c '^HEAD' text) == 3 ]]
	[[ $(grep -c '^  x.note' text) == 2 && $(grep -c '^  freq_hz' text) == 2 ]]
	diff <(told in | grep -v kinds | sed 's/^  rate.*//;/^$/d') <(grep -v kinds text | sed 's/^  rate.*//;/^$/d')
}

@test "as many keys as a stream can carry: there and back" {
	{
		printf 'key rate_num 1\nkey rate_den 1\n'
		yes 'key x.b some \\ words' | head -n 32700
		printf 'HEAD\nIQ ci16 0 10x1\nEND\n'
	} | mkstream >in
	sigmf-write -o w <in
	sigmf-read w >back
	diff <(told in) <(told back)
	cmp <(stream-payload in) <(stream-payload back)
	# With what sigmf-read adds, these would be too many.
	{
		printf '{"global": {"core:datatype": "cu8", "core:sample_rate": 1}, "captures": [{"core:sample_start": 0, "leat:head": ['
		yes '["x.b", "1"],' | head -n 32767
		printf '["x.b", "1"]]}]}'
	} >w.sigmf-meta
	expect 65 sigmf-read w
	says 'more than a stream can carry'
}

@test "types without a name in SigMF are refused, with what would help" {
	local type
	for type in cu64 ci64 u64 i64; do
		expect 65 sigmf-write -o w < <(iq-gen --seconds 1ms --type $type)
		says 'expects elements of type ci16 cf32' "got $type"
		no_files w.sigmf-data w.sigmf-meta
	done
}

@test "a recording has one form, and samples" {
	cat <(iq-gen --seconds 1ms) <(iq-gen --seconds 1ms --rate 2M) | expect 65 sigmf-write -o w
	says 'one form' '2e+06'
	cat <(iq-gen --seconds 1ms) <(iq-gen --seconds 1ms --type cf32) | expect 65 sigmf-write -o w
	says 'one form' cf32
	cat <(iq-gen --seconds 1ms) <(iq-gen --seconds 1ms -c 2) | expect 65 sigmf-write -o w
	says 'one form'
	expect 65 sigmf-write -o w < <(iq-gen --seconds 0)
	says 'expects IQ, got none'
	no_files w.sigmf-data w.sigmf-meta
}

@test "an archive is one for tar, with data before metadata, the same at any time" {
	local name
	iq-gen --seconds 1ms >in
	sigmf-write --archive -o w <in
	[[ $(tar -tf w.sigmf | tr '\n' ' ') == 'w/ w/w.sigmf-data w/w.sigmf-meta ' ]]
	tar -xf w.sigmf
	same w/w.sigmf-data <(stream-payload in)
	sleep 1.1
	sigmf-write --archive -o w2 <in
	[[ $(tar -xOf w2.sigmf w2/w2.sigmf-meta) == "$(<w/w.sigmf-meta)" ]]
	name=$(printf '%044d' 0)
	sigmf-write --archive -o "$name" <in
	sigmf-read "$name" | cmp <(stream-payload in) <(stream-payload)
	expect 73 sigmf-write --archive -o "${name}0" <in
	says 'at most 44 bytes'
}

@test "metadata that are there stay until all is well, and never stand beside foreign data" {
	local before
	iq-gen --seconds 1ms >one
	iq-gen --seconds 2ms --tone 1k >two
	sigmf-write -o w <one
	before=$(sha256sum w.*)
	head -c 5000 two | expect 76 sigmf-write -o w
	[[ $(sha256sum w.*) == "$before" ]]
	sigmf-write -o w <two
	sigmf-read w | cmp <(stream-payload two) <(stream-payload)
	expect 73 sigmf-write --no-clobber -o w <one
	rm w.sigmf-meta
	expect 73 sigmf-write --no-clobber -o w <one
	says w.sigmf-data
	no_files
}

# Whenever it dies: no metadata of the new recording, or all of it.
@test "kill -9 at any moment leaves no metadata that lie" {
	local pid
	iq-gen --seconds 200ms --noise 0.1 >in
	for _ in {1..20}; do
		rm -f w.*
		sigmf-write -o w <in &
		pid=$!
		sleep "$(printf '0.%03d' $((RANDOM % 25)))"
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		[[ ! -e w.sigmf-meta ]] || [[ $(stat -c %s w.sigmf-data) == 800000 ]]
		[[ ! -e w.sigmf-data ]] || [[ $(stat -c %s w.sigmf-data) == 800000 ]]
	done
	sigmf-write -o w <in
	no_files
	sigmf-read w | cmp <(stream-payload in) <(stream-payload)
}

# What the tables become is in tests/peer/sigmf.py.
@test "a file of annotations must be there, whole, and have some" {
	iq-gen --rate 1k --seconds 1s >in
	printf 'key kinds TABLE\nkey col start_s f64 s\nHEAD\npayload 80\nTABLE columns 0 10\nEND\n' | mkstream >found
	expect 65 sigmf-write --annotations found -o w <in
	says 'no TABLE with a column index or start_s'
	expect 66 sigmf-write --annotations nowhere -o w <in
	says nowhere
	head -c 700 found >shorter
	expect 76 sigmf-write --annotations shorter -o w <in
	no_files w.sigmf-data w.sigmf-meta
}

@test "a table without times beside IQ is passed over with a warning" {
	printf 'key rate_num 10\nkey rate_den 1\nkey kinds IQ TABLE\nkey col x f64 s\nHEAD\npayload 80
		IQ ci16 0 10x1\npayload 80\nTABLE columns 0 10\nEND\n' | tr -d '\t' | mkstream >in
	expect 0 sigmf-write -o w <in
	says warning 'no annotations'
	tr -d ' \n' <w.sigmf-meta | grep -q '"annotations":\[\]'
	printf 'key kinds TABLE\nkey col index i64 s\nHEAD\npayload 80\nTABLE columns 0 10\nEND\n' | mkstream >in
	expect 65 sigmf-write -o v <in
	says 'expects IQ'
	no_files v.sigmf-data v.sigmf-meta
}

@test "a name with its ending is the same recording" {
	iq-gen --seconds 10ms >in
	for name in one one.sigmf-meta one.sigmf-data; do
		sigmf-write -o $name <in
		rm one.sigmf-{meta,data}
	done
	sigmf-write --archive -o one.sigmf <in
	[[ $(ls) == $'in\none.sigmf' ]]
}
