#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# verified FILE: fitsverify, where it is there, finds nothing.
verified() {
	command -v fitsverify >/dev/null || return 0
	fitsverify -q "$1" | grep -q '0 warnings and 0 errors\|verification OK' || {
		fitsverify "$1" >&2
		return 1
	}
}

header() {
	head -c 11520 "$1" | fold -w 80 | sed '/^END *$/q'
}

@test "fits-write: every type comes back as it went" {
	local type
	for type in u8:16 i8:16 u16:16 i16:16 u32:16 i32:16 u64:16 i64:16 f32:16 f64:16; do
		printf 'key kinds IMAGE\nkey unit adu\nHEAD\nIMAGE %s 0 3x5x7 last\nEND\n' "${type%:*}" |
			mkstream >in
		fits-write -o a.fits <in
		verified a.fits
		fits-read a.fits >back
		cmp <(stream-payload in) <(stream-payload back)
		[[ $(stream-head --all back | awk '/^IMAGE/ { print $6 }') == "${type%:*}" ]]
		fits-write --checksum -o b.fits <in
		verified b.fits
		cmp <(stream-payload in) <(fits-read b.fits | stream-payload)
		[[ ${type%:*} == *[uif]64 || ${type%:*} == f* ]] && continue
		fits-write --rice --checksum -o c.fits <in
		verified c.fits
		cmp <(stream-payload in) <(fits-read c.fits | stream-payload)
	done
}

@test "fits-write: cards go through files unchanged" {
	fits_file 4 4 16 "OBJECT  = 'M 31    '" 'EXPTIME = 30' "DATE-OBS= '2024-06-27T14:49:00.5'" \
		"BAYERPAT= 'GRBG    '" "CTYPE1  = 'RA---TAN'" 'CRVAL1  = 10.5' 'CRVAL2  = 1' 'CRPIX1  = 1' 'CRPIX2  = 1' "CTYPE2  = 'DEC--TAN'" "LONGWORD= 'a''&'" \
		"CONTINUE  'b'" "INSTRUME= 'x'" "INSTRUME= 'again'" "BAD KEY = 1" \
		"OPEN    = 'unterminated" 'HISTORY before' "FILTER  = 'caf"$'\xe9'"'" >a.fits
	fits-read a.fits | fits-write -o b.fits
	verified b.fits
	fits-read b.fits | fits-write -o c.fits
	verified c.fits
	header b.fits >b
	for line in "OBJECT  = 'M 31    '" 'EXPTIME =                 30.0' \
		"DATE-OBS= '2024-06-27T14:49:00.5'" "BAYERPAT= 'GRBG    '" "CTYPE1  = 'RA---TAN'" \
		"LONGWORD= 'a''&'" "CONTINUE  'b'" "COMMENT OPEN    = 'unterminated" 'HISTORY before' \
		'COMMENT BAD KEY = 1' "FILTER  = 'caf\\xE9 '"; do
		grep -qF "$line" b
	done
	[[ $(grep -c '^INSTRUME' b) == 1 ]]
	# all but the history, which grows
	same_text <(header c.fits | grep -v HISTORY) < <(grep -v HISTORY b)
	[[ $(header c.fits | grep -c '^HISTORY') -gt $(grep -c '^HISTORY' b) ]]
}

@test "fits-write: long texts go on in CONTINUE and come back whole" {
	local long
	long="it's "$(printf 'long%.0s' {1..60})
	printf 'key kinds IMAGE\nHEAD\nkey object %s\nIMAGE u8 0 1x2x2 last\nEND\n' "$long" | mkstream >in
	fits-write -o a.fits <in
	verified a.fits
	fits-read a.fits | stream-head --all | grep -qxF "  object $long"
}

@test "fits-write: a stack says its frames and their exposure" {
	printf 'key kinds IMAGE\nHEAD\nkey exposure_s 60\nkey stack_count 6\nIMAGE f32 0 1x2x2 last\nEND\n' |
		mkstream | fits-write -o a.fits
	verified a.fits
	header a.fits >a
	grep -q '^STACKCNT= *6 ' a
	grep -q '^EXPTIME = *10.0 ' a
	grep -q '^LIVETIME= *60.0 ' a
	grep -q '^TOTALEXP= *60.0 ' a
	grep -q '^FULLSCAL=' a
	fits-read a.fits | stream-head --all | grep -qx '  exposure_s 60'
}

@test "fits-write: integers are rounded and clipped, never wrapped" {
	needs fits-read
	{
		cards 'SIMPLE  = T' 'BITPIX  = -32' 'NAXIS   = 2' 'NAXIS1  = 5' 'NAXIS2  = 1' 'FULLSCAL= 65535'
		# -1, 1.5, 65534.6, 1e9, NaN
		printf '\xbf\x80\0\0\x3f\xc0\0\0\x47\x7f\xfe\x9a\x4e\x6e\x6b\x28\x7f\xc0\0\0'
		head -c 2860 /dev/zero
	} >a.fits
	fits-read a.fits | fits-write --bitpix 16 -o b.fits
	fits-read b.fits | stream-payload | od -An -tu2 | xargs | same_text <(echo 0 2 65535 65535 0)
	fits-read a.fits | fits-write --bitpix 8 -o b.fits
	fits-read b.fits | stream-payload | od -An -tu1 | xargs | same_text <(echo 0 0 255 255 0)
	fits-read a.fits >a.leat
	expect 65 fits-write --rice -o c.fits <a.leat
	says --rice f32 --bitpix
	no_files c.fits
}
