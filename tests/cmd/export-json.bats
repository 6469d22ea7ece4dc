#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Values are compared in tests/peer/export_data.py.

bats_require_minimum_version 1.5.0

load ../common

@test "export-json: an object a row" {
	printf 'key kinds TABLE\nkey col a u8 m\nkey col b cu8 - 2\nHEAD\npayload 72\nTABLE columns 5 2\nEND\n' |
		mkstream >t.leat
	export-json --index <t.leat >text
	same_text text <<-EOF
		{"index":5,"a":0,"b":[[192,199],[206,213]]}
		{"index":5,"a":7,"b":[[220,227],[234,241]]}
	EOF
	export-json --column a <t.leat | same_text <(printf '{"a":0}\n{"a":7}\n')
	expect 65 export-json --column a,c <t.leat
	says '--column: c: no column'
	iq-gen --seconds 10ms | fft-slice | expect 65 export-json --column a
	says 'no table came'
}

@test "export-json: spectra with index, time and frequencies" {
	iq-gen --rate 4 --freq 100 --type cf32 --tone 0:0.5 --time0 2024-06-27T14:49:00Z | fft-slice -n 4 -w rect |
		export-json >text
	same_text text <<-EOF
		{"index":0,"time_s":0,"utc":"2024-06-27T14:49:00Z","subchannel":0,"freq_hz":98,"step_hz":1,"unit":"FS^2","power":[0,0,0.25,0]}
	EOF
}

@test "export-json: reports, keys by name, lists as arrays" {
	printf 'key kinds REPORT\nkey x.b 1\nkey x.b 2\nHEAD\nkey x.a say "hi"\nREPORT columns 0 -\nEND\n' |
		mkstream | export-json |
		same_text <(echo '{"kinds":"REPORT","x.a":"say \"hi\"","x.b":["1","2"]}')
}

@test "export-json: a file is whole or not at all, and --pass forwards" {
	made TABLE | mkstream >t.leat
	head -c 700 t.leat | expect 76 export-json -o x.json
	no_files x.json
	export-json --pass -o x.json <t.leat >passed
	same t.leat passed
	[[ $(wc -l <x.json) == 25 ]]
}
