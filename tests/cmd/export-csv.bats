#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Values are compared in tests/peer/export_data.py.

bats_require_minimum_version 1.5.0

load ../common

@test "export-csv: samples, with index and time" {
	iq-gen --rate 4 --tone 1 | export-csv >text
	same_text text <<-EOF
		index,time_s,i,q
		0,0,32767,0
		1,0.25,0,32767
		2,0.5,-32768,0
		3,0.75,0,-32768
	EOF
	iq-gen --rate 2 --seconds 2s --time0 2024-06-27T14:49:59Z --type cf32 --real -c 2 |
		export-csv >text
	same_text text <<-EOF
		index,utc,value0,value1
		0,2024-06-27T14:49:59Z,0,0
		1,2024-06-27T14:49:59.5Z,0,0
		2,2024-06-27T14:50:00Z,0,0
		3,2024-06-27T14:50:00.5Z,0,0
	EOF
	[[ $(iq-gen --rate 4 --tone 1 | export-csv --no-head | head -n 1) == 0,0,32767,0 ]]
}

@test "export-csv: tables, their columns and the index of their frames" {
	printf 'key kinds TABLE\nkey col a u8 m\nkey col b_hz u16 Hz\nHEAD\npayload 68\nTABLE columns 5 2\n' >lines
	printf 'payload 66\nTABLE columns 6 1\nEND\n' >>lines
	mkstream <lines >t.leat
	# Byte i of a payload is 7 i: 192 and 199 at 64, as an u16 51136.
	export-csv --index <t.leat >text
	same_text text <<-EOF
		index,a (m),b_hz
		5,0,51136
		5,7,54734
		6,0,51136
	EOF
	export-csv --column b_hz --column a,a <t.leat | head -n 2 >text
	same_text text <<-EOF
		b_hz,a (m),a (m)
		51136,0,0
	EOF
	expect 65 export-csv --column c <t.leat
	says '--column: c: no column'
	sed 's/ Hz$/ kHz/' lines | mkstream >other.leat
	cat t.leat other.leat | expect 65 export-csv -o x.csv
	says 'b_hz' 'one form'
	no_files x.csv
}

@test "export-csv: one head line must hold for all" {
	iq-gen --seconds 10ms --retune 5ms:2M | fft-slice -n 64 >two.leat
	expect 65 export-csv -o x.csv <two.leat
	says 'centre frequency changes' --rtl-power
	no_files x.csv
	expect 65 export-csv --rtl-power <two.leat
	says time0
	iq-gen --seconds 10ms --retune 5ms:2M --time0 2024-06-27T14:49:00Z | fft-slice -n 64 |
		export-csv --rtl-power >rows
	cut -d, -f3,4 rows | sort -u | same_text <(printf ' -500000, 500000\n 1500000, 2500000\n' | sort)
	expect 64 export-csv --rtl-power --column x <two.leat
	says --rtl-power --column
	iq-gen --seconds 10ms | expect 65 export-csv --rtl-power -o x.csv
	says 'no spectra came'
	iq-gen --seconds 10ms | expect 65 export-csv --column a -o x.csv
	says 'no table came'
	no_files x.csv
	{ iq-gen && made TABLE | mkstream; } | expect 65 export-csv
	says 'TABLE after IQ'
}

@test "export-csv: a power of 0 in dB is -inf" {
	iq-gen --rate 1k --seconds 64ms | fft-slice -n 64 | export-csv --db --no-head | cut -d, -f3 |
		same_text <(echo -inf)
}

@test "export-csv: a live stream is seen live" {
	mkfifo in out
	export-csv <in >out &
	exec 5>in 6<out
	iq-gen --rate 4 --tone 1 >iq.leat
	head -c 640 iq.leat >&5
	read -r -t 5 line <&6
	[[ $line == index,time_s,i,q ]]
	tail -c +641 iq.leat >&5
	exec 5>&-
	[[ $(wc -l <&6) == 4 ]]
	wait
}
