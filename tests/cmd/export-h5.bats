#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What h5py makes of the files is tests/peer/export_data.py's concern.

bats_require_minimum_version 1.5.0

load ../common

spectra() {
	iq-gen --rate 20k --seconds 100ms --noise 1 "$@" | fft-slice -n 64
}

@test "export-h5: the same bytes whatever the day, the name and the way out" {
	spectra >in
	export-h5 -o a.h5 <in
	sleep 1.1
	export-h5 -o other-name.h5 <in
	same a.h5 other-name.h5
	export-h5 <in >c.h5
	same a.h5 c.h5
	export-h5 --pass -o d.h5 <in >passed
	same in passed
	same a.h5 d.h5
	[[ $(head -c 8 a.h5 | od -An -tx1 | xargs) == '89 48 44 46 0d 0a 1a 0a' ]]
}

@test "export-h5: --gzip makes it smaller" {
	iq-gen --rate 20k --tone 1k >in
	export-h5 --gzip 0 -o plain.h5 <in
	export-h5 --gzip 9 -o small.h5 <in
	(($(stat -c %s small.h5) * 10 < $(stat -c %s plain.h5)))
}

@test "export-h5: what one file cannot hold is refused, and leaves no file" {
	spectra >in
	spectra --time0 2024-06-27T14:49:00Z >timed
	cat in timed | expect 65 export-h5 -o x.h5
	says time0
	iq-gen --rate 10k --noise 1 | fft-slice -n 64 | cat in - | expect 65 export-h5 -o x.h5
	says 10000/1 20000/1
	iq-gen --rate 20k | cat in - | expect 65 export-h5 -o x.h5
	says 'IQ after SPECTRA'
	printf 'key kinds TABLE\nkey col a u8 -\nkey col a u8 -\nHEAD\npayload 65\nTABLE columns 0 1\nEND\n' |
		mkstream | expect 65 export-h5 -o x.h5
	says 'column a: twice'
	printf 'key kinds SPECTRA\nkey rate_num 1\nkey rate_den 1\nkey row_step 1\nkey row_span 1\nHEAD\nEND\n' |
		mkstream | expect 65 export-h5 -o x.h5
	says 'came'
	head -c 9000 in | expect 76 export-h5 -o x.h5
	no_files x.h5
}

@test "export-h5: a disk that fills up later is 74" {
	iq-gen --seconds 2s --noise 1 >in
	(
		ulimit -f 1000
		exec export-h5 --gzip 0 -o x.h5 <in
	) 2>err && return 1
	says 'File too large'
	no_files x.h5
}
