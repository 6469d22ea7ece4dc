#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What NumPy makes of the files is tests/peer/export_data.py's concern.

bats_require_minimum_version 1.5.0

load ../common

@test "export-npy: the head is 1.0 in Python's words, padded to 64 bytes, the samples follow" {
	iq-gen --rate 4 --tone 1 | export-npy -o tone.npy
	head -c 6 tone.npy | od -An -tx1 | xargs | same_text <(echo 93 4e 55 4d 50 59)
	head -c 10 tone.npy | tail -c 4 | od -An -tu1 | xargs | same_text <(echo 1 0 118 0)
	head -c 128 tone.npy | tail -c 118 | sed 's/ *$//' |
		same_text <(echo "{'descr': '<i2', 'fortran_order': False, 'shape': (4, 1, 2), }")
	tail -c 16 tone.npy | od -An -td2 | xargs | same_text <(echo 32767 0 0 32767 -32768 0 0 -32768)
	[[ $(stat -c %s tone.npy) == 144 ]]
}

@test "export-npy: gaps and other segments are refused, and joined where asked for" {
	iq-gen --rate 1k --seconds 1s --gap 0.5s:0.1s >gap.leat
	expect 65 export-npy -o x.npy <gap.leat
	says 'export-npy: frame 2' 'missing' '--gaps join'
	no_files x.npy
	expect 0 export-npy --gaps join -o x.npy <gap.leat
	[[ ! -s err && $(stat -c %s x.npy) == $((128 + 4 * 900)) ]]
	expect 0 export-npy -v --gaps join -o x.npy <gap.leat
	grep -q 'rows follow one another: 1' err
	iq-gen --rate 1k --retune 0.5s:5M >two.leat
	expect 65 export-npy -o x2.npy <two.leat
	says 'second segment' '--name'
	# An index alone that jumps not is no gap, whatever the flag says.
	printf 'key kinds IQ\nkey rate_num 1\nkey rate_den 1\nHEAD\nIQ u8 0 3x1\nIQ u8 3 3x1 gap\nEND\n' |
		mkstream | export-npy -o flag.npy
}

@test "export-npy: --name writes a file for each segment, or image, and a manifest" {
	iq-gen --rate 1k --retune 0.25s:5M >two.leat
	export-npy --name 's_{n}.npy' <two.leat
	[[ $(stat -c %s s_0.npy) == $((128 + 4 * 250)) && $(stat -c %s s_1.npy) == $((128 + 4 * 750)) ]]
	[[ $(wc -l <s.manifest) == 2 ]]
	made IMAGE | mkstream >one.leat
	cat one.leat one.leat | export-npy --name 'i_{n}.npy'
	[[ $(stat -c %s i_1.npy) == $((128 + 3 * 16 * 24)) ]]
	cat one.leat one.leat | expect 65 export-npy -o i.npy
	says 'second image' --name
	no_files i.npy
}

@test "export-npy: one kind, one shape, one type to a file" {
	printf 'key kinds IQ SPECTRA\nkey rate_num 1\nkey rate_den 1\nkey row_step 1\nkey row_span 1\n' >keys
	printf 'HEAD\nIQ ci16 0 4x1\nSPECTRA f32 0 1x1x4\nEND\n' | cat keys - | mkstream >kinds.leat
	expect 65 export-npy -o x.npy <kinds.leat
	says 'SPECTRA after IQ'
	printf 'HEAD\nIQ ci16 0 4x1\nIQ ci16 4 4x2\nEND\n' | cat keys - | mkstream >shape.leat
	expect 65 export-npy -o x.npy <shape.leat
	says shape
	printf 'HEAD\nIQ ci16 0 4x1\nIQ cf32 4 4x1\nEND\n' | cat keys - | mkstream >type.leat
	expect 65 export-npy -o x.npy <type.leat
	says 'cf32 after ci16'
	printf 'HEAD\nEND\n' | cat keys - | mkstream >none.leat
	expect 65 export-npy -o x.npy <none.leat
	says 'nothing came'
	no_files x.npy
}

@test "export-npy: a column that is not there is named; frames of other kinds are passed over" {
	made TABLE | mkstream >table.leat
	expect 65 export-npy --column t,nope <table.leat
	says '--column: nope'
	iq-gen | expect 65 export-npy --column t
	says 'nothing came'
	export-npy --column t <table.leat >t.npy
	[[ $(stat -c %s t.npy) == $((128 + 25 * 8)) ]]
	stream-payload --column t <table.leat | cmp - <(tail -c 200 t.npy)
}

@test "export-npy: only images of role science" {
	printf 'key kinds IMAGE\nHEAD\nIMAGE u8 0 1x2x3\nkey role mask\nIMAGE u8 0 1x4x5 last\nEND\n' |
		mkstream | export-npy -o one.npy
	[[ $(stat -c %s one.npy) == $((128 + 6)) ]]
}
