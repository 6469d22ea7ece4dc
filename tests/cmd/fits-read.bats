#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

load ../common

meta_of() {
	stream-head --all "$1" | grep -A60 '^IMAGE'
}

@test "fits-read: values, types and NaN as the standard says" {
	{
		cards 'SIMPLE  = T' 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 3' 'NAXIS2  = 1' 'BZERO   = 32768.'
		printf '\x80\x00\x00\x01\x7f\xff' && head -c 2874 /dev/zero
	} >unsigned.fits
	fits-read unsigned.fits | stream-payload | od -An -tu2 | xargs | same_text <(echo 0 32769 65535)
	fits-read --native unsigned.fits | stream-payload | od -An -td2 | xargs |
		same_text <(echo -32768 1 32767)
	{
		cards 'SIMPLE  = T' 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 3' 'NAXIS2  = 1' \
			'BSCALE  = 5.D-1' 'BZERO   = +10' 'BLANK   = 1'
		printf '\x80\x00\x00\x01\x00\x04' && head -c 2874 /dev/zero
	} >scaled.fits
	fits-read scaled.fits | stream-payload | od -An -tf4 | xargs | same_text <(echo -16374 nan 12)
	{
		cards 'SIMPLE  = T' 'BITPIX  = 8' 'NAXIS   = 1' 'NAXIS1  = 2' 'BZERO   = -128'
		printf '\x00\xff' && head -c 2878 /dev/zero
	} >signed.fits
	fits-read signed.fits | stream-payload | od -An -td1 | xargs | same_text <(echo -128 127)
}

@test "fits-read: cubes of 3 are planes, others images; every HDU" {
	{
		cards 'SIMPLE  = T' 'BITPIX  = 8' 'NAXIS   = 3' 'NAXIS1  = 4' 'NAXIS2  = 2' 'NAXIS3  = 3'
		head -c 2880 /dev/zero
		cards "XTENSION= 'IMAGE   '" 'BITPIX  = 8' 'NAXIS   = 3' 'NAXIS1  = 4' 'NAXIS2  = 2' \
			'NAXIS3  = 5' 'PCOUNT  = 0' 'GCOUNT  = 1'
		head -c 2880 /dev/zero
		echo 'and some junk'
	} >cubes.fits
	fits-read cubes.fits >out.leat
	[[ $(stream-head --all out.leat | grep -c '^IMAGE.*\[3\]\[2\]\[4\]') == 1 ]]
	[[ $(stream-head --all out.leat | grep -c '^IMAGE.*\[1\]\[2\]\[4\]') == 5 ]]
	[[ $(fits-read --hdu 1 cubes.fits | stream-head --all | grep -c '^IMAGE') == 5 ]]
	expect 65 fits-read --hdu 7 cubes.fits
	says cubes.fits 'HDU 7'
}

@test "fits-read: cards become keys under any name, and none stands twice" {
	fits_file 4 4 16 "OBJECT  = 'M 31''s  '           / name" "EXPOSURE=                  30." \
		"DATE-OBS= '2024-06-27T14:49:00.5'" 'CCDTEMP = -10' 'NCOMBINE= 1' "ROWORDER= 'TOP-DOWN'" \
		"BAYERPAT= 'GRBG    '" 'XBAYROFF= 1' "CTYPE1  = 'RA---TAN'" "BUNIT   = 'electron'" \
		"FRAME   = 'Light'" 'CHECKSUM= 12' >a.fits
	fits-read a.fits >a.leat
	meta_of a.leat >text
	for line in "object M 31's" 'exposure_s 30' 'time_start 2024-06-27T14:49:00.5Z' \
		'temperature_c -10' 'stack_count 1' '%row_order top-down' '%bayer RGGB' \
		"%fits.card CTYPE1  = 'RA---TAN'" "~fits.card BUNIT   = 'electron'" \
		"fits.card FRAME   = 'Light'" 'full_scale 32767'; do
		grep -qxF "  $line" text
	done
	run ! grep -E 'OBJECT|EXPOSURE|DATE-OBS|CCDTEMP|BAYER|BAYR|CHECKSUM|NAXIS|BITPIX' text
	fits_file 4 4 16 'EXPTIME = 10' 'STACKCNT= 6' 'TOTALEXP= 60' >stack.fits
	fits-read stack.fits >stack.leat
	meta_of stack.leat | grep -qx '  exposure_s 60'
}

@test "fits-read: hostile names and values stay text" {
	fits_file 4 4 8 "OBJECT  = '\$(touch pwned)'" $'FILTER  = \'a\033[2Jb\'' >'x[1](pwned).fits'
	fits-read 'x[1](pwned).fits' >a.leat
	meta_of a.leat >text
	# shellcheck disable=SC2016
	grep -qF 'object $(touch pwned)' text
	run ! grep -q $'\033' text
	fits-info 'x[1](pwned).fits' >info
	run ! grep -q $'\033' info
	fits-write --name '{object}_{filter}.fits' <a.leat
	no_files pwned
	[[ -e __touch_pwned__a__2Jb.fits || $(ls ./*touch_pwned*.fits) ]]
}

@test "fits-read: order, lists of names, gzip" {
	fits_file 4 4 8 "DATE-OBS= '2024-01-02T00:00:00'" >b.fits
	fits_file 5 4 8 "DATE-OBS= '2024-01-01T00:00:00'" >c.fits
	widths() { stream-head --all | sed -n 's/^IMAGE.*\]\[\([0-9]*\)\] .*/\1/p' | xargs; }
	[[ $(fits-read c.fits b.fits | widths) == '5 4' ]]
	[[ $(fits-read --sort name c.fits b.fits | widths) == '4 5' ]]
	[[ $(fits-read --sort date b.fits c.fits | widths) == '5 4' ]]
	[[ $(printf 'c.fits\0b.fits\0' | fits-read --from0 - | widths) == '5 4' ]]
	gzip -k b.fits
	fits-read b.fits | stream-payload >plain
	fits-read b.fits.gz | stream-payload | cmp - plain
	expect 66 fits-read nowhere.fits
	says nowhere.fits
	expect 64 fits-read
}

# bad NAME: what fits-read and fits-info make of it: 65, soon, in little memory, and no END.
bad() {
	local program code
	for program in fits-read fits-info; do
		code=0
		(
			[[ ${SANITIZED:-} ]] || ulimit -v 1000000
			exec timeout 10 $program "$1" >out 2>err
		) || code=$?
		[[ $code == 65 ]] || {
			echo "$program $1: exit $code: $(<err)" >&2
			return 1
		}
		says "$program: $1:"
	done
}

# may_hold NAME: fits-read and fits-info make something of it or are like bad(); no byte of it reaches
# a terminal raw.
may_hold() {
	local program code
	for program in fits-read fits-info; do
		code=0
		(
			[[ ${SANITIZED:-} ]] || ulimit -v 1000000
			exec timeout 10 $program "$1" >out 2>err
		) || code=$?
		[[ $code == 0 || $code == 65 ]] || {
			echo "$program $1: exit $code: $(<err)" >&2
			return 1
		}
		if grep -a $'[\001-\010\013-\037]' err || { [[ $program == fits-info ]] &&
			grep -a $'[\001-\010\013-\037\177]' out; }; then
			echo "$program $1: says bytes that a terminal acts upon" >&2
			return 1
		fi
	done
}

image() {
	cards 'SIMPLE  = T' "$@"
	head -c 2880 /dev/zero
}

packed() {
	cards 'SIMPLE  = T' 'BITPIX  = 8' 'NAXIS   = 0'
	cards "XTENSION= 'BINTABLE'" 'BITPIX  = 8' 'NAXIS   = 2' 'NAXIS1  = 8' 'NAXIS2  = 1' \
		'PCOUNT  = 64' 'GCOUNT  = 1' 'TFIELDS = 1' "TTYPE1  = 'COMPRESSED_DATA'" \
		"TFORM1  = '1PB(64)'" 'ZIMAGE  = T' 'ZBITPIX = 16' 'ZNAXIS  = 2' "$@"
	printf '\x00\x00\x00\x40\x00\x00\x00\x00'
	yes 'junk and junk' | head -c 64
	head -c 2808 /dev/zero
}

@test "fits-read: files that lie are 65, whatever they claim" {
	local i axes=()
	for ((i = 1; i <= 130; i++)); do axes+=("NAXIS$i = 1"); done
	image 'BITPIX  = 16' 'NAXIS   = 130' "${axes[@]}" >axes.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 2147483647' 'NAXIS2  = 2147483647' >huge.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 9223372036854775807' 'NAXIS2  = 2' >wide.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 1.5E3' 'NAXIS2  = 2' >real.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = -5' 'NAXIS2  = 2' >negative.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 0' 'NAXIS2  = 2' >zero.fits
	image 'BITPIX  = 17' 'NAXIS   = 2' 'NAXIS1  = 4' 'NAXIS2  = 2' >bitpix.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 4' 'NAXIS2  = 2' 'BSCALE  = 0' >bscale.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 4' 'NAXIS2  = 2' 'NAXIS1  = 5' >twice.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 4' 'NAXIS2  = 2' \
		'PCOUNT  = 9223372036854775807' >pcount.fits
	image 'BITPIX  = 16' 'NAXIS   = 0' >none.fits
	image 'BITPIX  = 16' 'NAXIS   = 2' 'NAXIS1  = 100' 'NAXIS2  = 100' >short.fits
	fits_file 4 4 16 | head -c 2000 >header.fits
	: >empty.fits
	yes 'COMMENT nothing ends' | head -c 2880000 >noend.fits
	{ printf '%-80s' 'SIMPLE  = T' && cat noend.fits; } >noend2.fits
	fits_file 300 300 16 | gzip | head -c 200 >cut.fits.gz
	{ cards 'SIMPLE  = T' 'BITPIX  = 8' 'NAXIS   = 2' 'NAXIS1  = 10000' 'NAXIS2  = 10000' &&
		head -c 100000800 /dev/zero; } | gzip -9 >bomb.fits.gz
	for i in axes huge wide real negative zero bitpix bscale twice pcount short header empty noend noend2; do
		bad $i.fits
	done
	expect 65 fits-read none.fits
	says none.fits
	bad cut.fits.gz
	bad bomb.fits.gz
}

@test "fits-read: tables that only look like images are 65" {
	local codec
	for codec in RICE_1 GZIP_1 GZIP_2 HCOMPRESS_1 PLIO_1 NOSUCH; do
		packed 'ZNAXIS1 = 16' 'ZNAXIS2 = 16' 'ZTILE1  = 16' 'ZTILE2  = 16' \
			"ZCMPTYPE= '$codec'" >junk.fits
		[[ $codec == RICE_1 || $codec == PLIO_1 ]] || bad junk.fits
		packed 'ZNAXIS1 = 16' 'ZNAXIS2 = 16' 'ZTILE1  = 0' 'ZTILE2  = 0' \
			"ZCMPTYPE= '$codec'" >tile.fits
		bad tile.fits
		packed 'ZNAXIS1 = 1000000' 'ZNAXIS2 = 1000000' 'ZTILE1  = 1000000' \
			'ZTILE2  = 1000000' "ZCMPTYPE= '$codec'" >vast.fits
		bad vast.fits
	done
}

@test "fits-read: the bad files of the shared folder: 65 or what they hold, soon and in little memory" {
	local maker=${LEAT_SHARED:-$ROOT/../shared}/bench/badfits/mkbadfits.py files
	[[ -e $maker ]] || skip 'the shared folder is not there'
	/usr/bin/python3 "$maker" made >/dev/null
	files=(made/*)
	((${#files[@]} > 150))
	for file in "${files[@]}"; do
		case ${file#made/} in
		# What is wrong is a value, a bit somewhere, or nothing: a picture may come of it.
		000-good* | kw-* | flip-* | trunc-nopad* | z-PLIO_1-ff*) may_hold "$file" ;;
		# No image, but HDUs whose cards can be shown.
		bint-*)
			expect 65 fits-read "$file"
			may_hold "$file"
			;;
		*) bad "$file" ;;
		esac
	done
	[[ ! -e /tmp/pwned ]]
}

@test "fits-read: a FITS file where a stream belongs is named as one" {
	sky-gen --count 1 | fits-write -o light.fits
	expect 65 stack <light.fits
	says 'FITS file' fits-read
}

@test "fits-read: a folder in place of its files is told from a bad file" {
	mkdir lights
	expect 66 fits-read lights
	says lights 'is a folder'
}
