#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

load ../common

@test "fits-info: cards as they stand, then statistics" {
	{
		cards 'SIMPLE  = T' 'BITPIX  = 8' 'NAXIS   = 2' 'NAXIS1  = 5' 'NAXIS2  = 1' \
			"OBSERVER= 'somebody'" "TELESCOP= 'S50_1234abcd'" 'SITELAT = 47.1'
		printf '\1\2\3\4\n' && head -c 2875 /dev/zero
	} >a.fits
	expect 0 fits-info a.fits
	grep -qxF "  OBSERVER= 'somebody'" out
	grep -q 'min 1, max 10, mean 4, .* median 3, mad 1,' out
	expect 0 fits-info --scrub a.fits
	run ! grep -E 'somebody|1234abcd|47.1' out
	expect 0 fits-info --json a.fits a.fits
	[[ $(wc -l <out) == 2 ]]
	/usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    plane = json.loads(line)["hdus"][0]["planes"][0]
    assert plane["median"] == 3 and plane["max"] == 10 and plane["missing"] == 0' <out
}

# says what a night's frame is, whatever its cards call it.
class_of() {
	fits-info --classify "$1" | sed -n 's/^  class //p'
}

@test "fits-info: kinds by evidence, printed with its weight" {
	needs sky-gen
	local kind
	for kind in light dark flat bias; do
		sky-gen --count 1 --kind $kind --width 320 --height 240 | fits-write -o x.fits
		class_of x.fits | grep -q "^$kind"
	done
	fits_file 8 8 16 "IMAGETYP= 'Light'" 'EXPTIME = 10' 'STACKCNT= 50' 'TOTALEXP= 500' >x.fits
	[[ $(class_of x.fits) == stack ]]
	# a card that lies loses against exposure, level and name
	sky-gen --count 1 --kind flat --width 320 --height 240 | fits-write -o y.fits
	fits-read y.fits | edit key "fits.card IMAGETYP= 'BIAS'" | fits-write -o flat_001.fits
	class_of flat_001.fits | grep -q '^flat'
	fits-info --classify x.fits | grep -q 'stack +6.0  STACKCNT is 50'
	fits-info --classify --json x.fits | grep -q '"class":"stack","certain":true,"evidence":\[{"for"'
}

@test "fits-info: bad files are named" {
	echo nothing >a.fits
	expect 65 fits-info a.fits
	says a.fits 'not a FITS file'
	expect 66 fits-info b.fits
	says b.fits
	expect 64 fits-info
}
