#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A night as a whole: what a pipeline of several commands does with good nights and bad ones.
#
# Each test is a process of its own, and `cat FILE |` makes a pipe of what would else be mapped.
# shellcheck disable=SC2002,SC2030,SC2031

load ../common

setup() {
	needs sky-gen fits-read fits-write fits-calibrate master register stack stretch export-tiff \
		export-png star-find image-stats image-diff debayer
	cd "$BATS_TEST_TMPDIR" || return
}

# lights [OPTION …]: small frames with some forty stars.
lights() {
	sky-gen --width 300 --height 260 --stars 120 --hot-pixels 60 "$@"
}

# masters [OPTION …]: ./bias.fits, ./dark.fits and ./flat.fits of that detector.
masters() {
	lights --kind bias --count 5 "$@" | master | fits-write -o bias.fits
	lights --kind dark --count 5 "$@" | master | fits-write -o dark.fits
	lights --kind flat --count 5 "$@" | master --bias bias.fits | fits-write -o flat.fits
}

# pipeline CODES STAGES: runs it in a shell, so that the stages exit with these codes; what they said
# on standard error is in ./err, in lines.
pipeline() {
	local codes=$1
	bash -c "$2"' ; printf "%s\n" "${PIPESTATUS[*]}" >codes' >out 2>err
	[[ $(<codes) == "$codes" ]] || {
		printf '%s: exit %s, expected %s: %s\n' "$2" "$(<codes)" "$codes" "$(<err)" >&2
		return 1
	}
}

# told WORDS …: one line of ./err has them all.
told() {
	local word lines
	lines=$(<err)
	for word; do
		lines=$(grep -F -- "$word" <<<"$lines") || {
			printf "no line with '%s' in: %s\n" "$word" "$(<err)" >&2
			return 1
		}
	done
}

# less A B: of numbers.
less() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }' || {
		echo "$1 is not less than $2" >&2
		return 1
	}
}

# is FILE LINE …: stream-head --all shows these lines.
is() {
	local line
	stream-head --all "$1" >shown
	shift
	for line; do
		grep -qxF -- "  $line" shown || {
			printf "no '%s' in: %s\n" "$line" "$(<shown)" >&2
			return 1
		}
	done
}

# values NAME FILE: of its images, one a line.
values() {
	image-stats --json <"$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2
}

# floats FILE: its first image's values, one a line.
floats() {
	stream-payload <"$1" | od -An -v -tf4 -w4
}

@test "a night from raw files to a picture leaves the picture, its FITS file and nothing else" {
	masters
	mkdir raw tmp
	lights --count 6 --trails 1 --filter Ha --object 'M 31' | fits-write --name 'raw/l{n}.fits'
	rm raw/*.manifest
	before=$(find . -type f | sort)
	export TMPDIR=$PWD/tmp
	pipeline '0 0 0 0 0 0' 'fits-calibrate --dark dark.fits --flat flat.fits --hot 5 raw/*.fits |
		register --ref best | stack | fits-write --pass -o m31.fits | stretch |
		export-tiff -o m31.tif'
	[[ ! -s err ]]
	rm out err codes
	changes=$(find . -type f | sort | diff <(echo "$before") - | grep '^[<>]')
	[[ $changes == $'> ./m31.fits\n> ./m31.tif' ]] || {
		echo "$changes" >&2
		false
	}
	fits-read m31.fits >stacked
	is stacked 'object M 31' 'filter Ha' 'exposure_s 1800' 'stack_count 6' \
		'time_start 2025-01-15T20:00:00Z' 'gain 4' 'temperature_c -10' 'unit adu'
	# Every step with what it was done by stands in the file, the masters with their CRC.
	tr -d '\n' <<<"$(fold -w 80 m31.fits | sed -n 's/^HISTORY //p')" | tr -s ' ' >history
	for step in 'fits-calibrate 0' '--dark=dark.fits@' '--flat=flat.fits@' 'l0.fits l1.fits' \
		'register 0.1.0 --ref=best' 'stack 0.1.0'; do
		grep -qF -- "$step" history || {
			echo "no '$step' in: $(<history)" >&2
			false
		}
	done
	card() { fold -w 80 m31.fits 2>/dev/null | grep -a -m1 "^$1 *="; }
	[[ $(card STACKCNT) =~ =\ *6\  && $(card LIVETIME) =~ =\ *1800 && $(card TOTALEXP) =~ =\ *1800 ]]
	[[ $(card EXPTIME) =~ =\ *300 ]]
	! command -v fitsverify >/dev/null || fitsverify -q m31.fits
}

@test "what fits-write makes of a stack passes fitsverify" {
	command -v fitsverify >/dev/null || skip 'fitsverify is not there'
	lights --count 4 | register | stack --rejection-map >stacked
	fits-write --checksum -o plain.fits <stacked
	stretch <stacked | fits-write --bitpix 16 --rice -o packed.fits
	for file in plain packed; do
		fitsverify -q $file.fits >said
		[[ $(<said) == *OK* ]]
	done
}

@test "the same night makes the same bytes with any number of threads and any size of reads" {
	masters --cfa GRBG
	lights --cfa GRBG --count 5 --trails 1 >in
	night_by() {
		fits-calibrate "$@" --dark dark.fits --flat flat.fits --hot 5 | debayer "$@" |
			register "$@" --model similarity | stack "$@" | stretch "$@" |
			fits-write "$@" -o made.fits
	}
	for jobs in 1 2 8; do
		night_by -j $jobs <in
		mv made.fits jobs$jobs.fits
	done
	same jobs1.fits jobs2.fits
	same jobs1.fits jobs8.fits
	for size in 7 4096 65536; do
		dribble $size <in | fits-calibrate --dark dark.fits --flat flat.fits --hot 5 |
			dribble 65536 | debayer | dribble 100000 | register --model similarity |
			dribble 3001 | stack | dribble 4097 | stretch | dribble 65536 |
			fits-write -o made.fits
		same jobs1.fits made.fits
	done
}

@test "too few stars: every frame is named, 65, no file" {
	lights --stars 4 --count 3 >in
	pipeline '65 76 76 76' 'register <in | stack | stretch | export-tiff -o a.tif'
	for i in 0 1 2; do
		told register: "index $i:" 'rejected: too few stars'
	done
	told 'register: no frame could be registered: all 3 were rejected'
	no_files a.tif
	# Nine are too few for a reference, but a reference of many takes a frame of less.
	[[ $(grep -c . err) == 4 ]]
}

@test "clouds: first, in the middle, named and counted in the END of the stack" {
	for cloud in 0 2; do
		lights --count 4 --cloud $cloud >in
		pipeline '0 0' 'register <in | stack >stacked'
		[[ $(grep -c . err) == 1 ]]
		told register: warning: "index $cloud:" 'synthetic: rejected: too few stars'
		is stacked 'note register rejected=1' 'note stack frames=3' 'note stack left_out=0' \
			'stack_count 3' 'exposure_s 900'
	done
	is stacked 'time_start 2025-01-15T20:00:00Z'
	# The first frame is not in it, so the stack begins with the second one.
	lights --count 4 --cloud 0 | register -q | stack >stacked
	is stacked 'time_start 2025-01-15T20:05:00Z'
}

@test "clouds: all night long is 65, and no file" {
	for i in 0 1 2; do
		lights --count 3 --cloud $i | stream-take --frames $i:$((i + 1)) |
			fits-write -o cloud$i.fits
	done
	pipeline '0 65 76 76' 'fits-read cloud?.fits | register | stack | fits-write -o a.fits'
	told 'register: no frame could be registered: all 3 were rejected'
	no_files a.fits
}

@test "a frame of another size: register puts it on the grid, stack and fits-calibrate refuse it" {
	lights --count 3 | fits-write --name 'l{n}.fits'
	sky-gen --width 320 --height 280 --stars 120 --count 1 | fits-write -o l9.fits
	pipeline '0 0 0' 'fits-read l?.fits | register | stack >stacked'
	is stacked 'note stack frames=4' 'stack_count 4'
	grep -qF '[1][260][300]' shown
	pipeline '0 65' 'fits-read l?.fits | stack >stacked'
	told stack: 'index 3' 1x280x320 1x260x300
	lights --kind dark --count 3 | master | fits-write -o dark.fits
	expect 65 fits-calibrate --dark dark.fits l?.fits
	says '320 x 280' '300 x 260' l9.fits
}

@test "masters that are missing are 66, of another size 65; each is named and no file appears" {
	masters
	lights --count 3 | fits-write --name 'l{n}.fits'
	sky-gen --width 320 --height 280 --kind dark --count 1 | fits-write -o big.fits
	rest='register | stack | stretch | export-tiff -o a.tif'
	for option in bias dark flat; do
		pipeline '66 76 76 76 76' "fits-calibrate --$option absent.fits l?.fits | $rest"
		told fits-calibrate: "--$option" absent.fits
		pipeline '65 76 76 76 76' "fits-calibrate --$option big.fits l?.fits | $rest"
		told fits-calibrate: "--$option" big.fits '320 x 280' '300 x 260'
	done
	pipeline '66 76 76 76 76' "fits-calibrate --dark dark.fits l0.fits absent.fits l1.fits | $rest"
	told fits-calibrate: absent.fits
	head -c 50000 l1.fits >cut.fits
	pipeline '65 76 76 76 76' "fits-calibrate --dark dark.fits l0.fits cut.fits | $rest"
	told fits-calibrate: cut.fits
	no_files a.tif
	expect 66 master --bias absent.fits <<<''
	says --bias absent.fits
	expect 66 register --ref absent.fits <<<''
	says --ref absent.fits
}

@test "one frame only is a stack of one" {
	masters
	lights --count 1 | fits-write -o l.fits
	pipeline '0 0 0 0 0' 'fits-calibrate --dark dark.fits --flat flat.fits l.fits |
		register --interp lanczos3 | stack | fits-write --pass -o one.fits | export-png -o one.png'
	[[ ! -s err ]]
	fits-read one.fits >one
	is one 'exposure_s 300' 'stack_count 1'
	fits-calibrate --dark dark.fits --flat flat.fits l.fits >calibrated
	cmp <(floats one) <(floats calibrated)
}

@test "all saturated: no stars, so register refuses; what stacks and stretches them goes on" {
	lights --count 4 --sky 100000 >in
	[[ $(values min in | sort -u) == 65535 ]]
	pipeline '65 76' 'register <in | stack'
	told 'register: no frame could be registered: all 4 were rejected'
	expect 0 star-find <in
	is out 'note star-find starless=4'
	pipeline '0 0 0' 'stack <in | tee stacked | stretch >display'
	[[ $(values min stacked) == 65535 && $(values max stacked) == 65535 ]]
	is stacked 'note stack rejected_low=0' 'note stack rejected_high=0'
	[[ $(values min display) == 1 && $(values max display) == 1 ]]
	export-png -o white.png <display
}

@test "1000 small frames need the memory of few" {
	[[ -z ${SANITIZED:-} ]] || skip 'the sanitizer takes the memory'
	sky-gen --width 64 --height 48 --count 1000 --stars 60 --flux 3000 --fwhm 2 --sky 50 --shift 3 >in
	pipeline '0 0 0' 'ulimit -d 40000; cat in | register -q | stack --memory 64Mi >stacked'
	is stacked 'note stack frames=1000' 'stack_count 1000'
}

@test "stack and register beyond their memory make the same bytes, and keep the limit" {
	[[ -z ${SANITIZED:-} ]] || skip 'the sanitizer takes the memory'
	# 120 MB; what is limited are 90 MB and counts the stacks of threads.
	sky-gen --width 400 --height 300 --count 250 --stars 60 --type f32 >in
	mkdir tmp
	export TMPDIR=$PWD/tmp
	cat in | stack --memory 2Gi >large
	(
		ulimit -d 88000
		cat in | stack --memory 64Mi >small
	)
	same large small
	stack --memory 64Mi -j1 <in | cmp - large
	[[ -z $(ls -A tmp) ]]
	register -q --ref best <in >large
	(
		ulimit -d 60000
		cat in | register -q --ref best --memory 16Mi >small
	)
	same large small
	[[ -z $(ls -A tmp) ]]
}

@test "a spool without room is 74, with the way out, and no result" {
	sky-gen --width 400 --height 300 --count 200 --stars 60 --type f32 --cosmic 0 >in
	pipeline '74 76' 'ulimit -f 20000; stack --memory 64Mi <in | export-tiff -o a.tif'
	told stack: 'spool' TMPDIR --memory
	pipeline '74 76' 'ulimit -f 20000; register --ref best --memory 0 <in | export-tiff -o a.tif'
	told register: 'spool' TMPDIR --memory
	no_files a.tif
}

@test "a stack killed with its spool full leaves nothing, and 76 behind it" {
	sky-gen --width 400 --height 300 --count 200 --stars 60 --type f32 --cosmic 0 >in
	mkdir tmp
	export TMPDIR=$PWD/tmp
	mkfifo input
	stack --memory 64Mi <input 2>err.stack | export-tiff -o a.tif 2>err &
	sink=$!
	exec 5>input
	head -c 90000000 in >&5
	stack=$(pgrep -P $$ -x stack)
	# It has spooled: what it wrote has no name.
	[[ $(stat -L -c %h "/proc/$stack/fd/"* | grep -c '^0$') -ge 1 && -z $(ls -A tmp) ]]
	kill -9 "$stack"
	exec 5>&-
	code=0
	wait $sink || code=$?
	[[ $code == 76 ]]
	no_files a.tif
	[[ -z $(ls -A tmp) ]]
}

@test "satellites and cosmic rays are gone after winsor 3,3" {
	lights --count 8 --cosmic 0 --hot-pixels 0 | register | stack >clean
	lights --count 8 --cosmic 12 --trails 2 --hot-pixels 0 | register >dirty
	stack --reject winsor:3,3 <dirty >rejected
	stack --reject none <dirty >kept
	noise=$(values noise clean)
	# Where something was: far above the noise without rejection.
	paste <(floats clean) <(floats kept) <(floats rejected) | awk -v noise="$noise" '
		$2 - $1 > 5 * noise { n++; was += $2 - $1; left += $3 - $1; square += ($3 - $1) ^ 2 }
		END { print n, was / n / noise, left / n / noise, sqrt(square / n) / noise }' >found
	read -r pixels was left rms <found
	echo "$pixels px: $was sigma without rejection, $left with, rms $rms"
	((pixels > 300))
	less 8 "$was"
	less "$left" 1
	less -1 "$left"
}

# holed FILE: a flat, one of 8 bits, that is 0 in the columns 100 to 129 of the rows 50 to 59.
holed() {
	{
		printf '%-80s' 'SIMPLE  =                    T' 'BITPIX  =                    8' \
			'NAXIS   =                    2' 'NAXIS1  =                  300' \
			'NAXIS2  =                  260' "IMAGETYP= 'Flat'" END
		head -c $((2880 - 7 * 80)) /dev/zero | tr '\0' ' '
		head -c $((300 * 50)) /dev/zero | tr '\0' d
		for _ in 0 1 2 3 4 5 6 7 8 9; do
			head -c 100 /dev/zero | tr '\0' d
			head -c 30 /dev/zero
			head -c 170 /dev/zero | tr '\0' d
		done
		head -c $((300 * 200 + 2400)) /dev/zero | tr '\0' d
	} >"$1"
}

@test "no data stays no data from the calibration to the picture, and is 0 in integers" {
	holed flat.fits
	lights --count 4 | fits-write --name 'l{n}.fits'
	fits-calibrate --flat flat.fits l?.fits >calibrated
	is calibrated 'note fits-calibrate flat_holes=300'
	[[ $(values missing calibrated | tr '\n' ' ') == '300 300 300 300 ' ]]
	# It is where it was made, in a file too.
	stack <calibrated | fits-write --pass -o stacked.fits >stacked
	floats stacked | awk '{ x = (NR - 1) % 300; y = int((NR - 1) / 300)
		hole = x >= 100 && x < 130 && y >= 50 && y < 60
		if (hole != ($1 == "nan")) { print x, y, $1; exit 1 } }'
	fits-read stacked.fits | stream-payload | cmp - <(stream-payload stacked)
	# Frames moved against each other fill what others lack, and what none has stays open.
	register <calibrated >registered
	stack <registered >filled
	[[ $(values missing registered | head -n 1) == 300 ]]
	less 0 "$(values missing filled)"
	less "$(values missing filled)" 300
	# Stretched and exported: a picture of 16 bits has 0 there, one of floats NaN. Its first row is
	# the last one.
	stretch <stacked >display
	[[ $(values missing display) == 300 ]]
	export-tiff -o a.tif <display
	export-tiff --bits 32f -o b.tif <display
	python3 "$ROOT/tests/show-tiff.py" a.tif | tail -n 260 >integers
	python3 "$ROOT/tests/show-tiff.py" b.tif | tail -n 260 >reals
	[[ $(sed -n 201,210p integers | tr -d ' ' | cut -c 401-520 | sort -u) == "$(printf '%0120d' 0)" ]]
	[[ $(sed -n 201,210p reals | tr -d ' ' | cut -c 801-1040 | sort -u) =~ ^(7fc00000){30}$ ]]
	[[ $(tr -d ' ' <reals | fold -w 8 | grep -c 7fc00000) == 300 ]]
	fits-write --bitpix 16 -o c.fits <display
	fits-read c.fits | stream-payload | od -An -v -tu2 -w2 | awk '{ x = (NR - 1) % 300
		y = int((NR - 1) / 300)
		if (x >= 100 && x < 130 && y >= 50 && y < 60 && $1 != 0) { print x, y, $1; exit 1 } }'
	export-png -o d.png <display
}

@test "members of a group: masks go along and count, tables of pixels are dropped and counted" {
	lights --count 3 --shift 0 --rotation 0 | edit mask 40 >in
	star-find --pass <in | stream-head --all | grep -c '^TABLE' | grep -qx 3
	pipeline '0 0 0' 'star-find --pass <in | register --model shift | stack >stacked'
	is stacked 'note register dropped=3' 'note stack frames=3'
	[[ $(grep -c '^IMAGE' shown) == 1 && $(<shown) != *TABLE* && $(<shown) != *'role mask'* ]]
	# 40 columns have no data, give or take what is lost by rounding the shift.
	missing=$(values missing stacked)
	((missing >= 39 * 260 && missing <= 41 * 260))
	# Calibrated, the mask is still with its image; exports take the images alone.
	lights --kind dark --count 3 | master | fits-write -o dark.fits
	fits-calibrate --dark dark.fits <in | tee calibrated | export-png --name 'm{n}.png'
	[[ $(stream-head --all calibrated | grep -c 'role mask') == 3 ]]
	[[ $(printf '%s ' m*.png) == 'm0.png m1.png m2.png ' ]]
	fits-calibrate --trim 10,20,200,100 --dark dark.fits <in | stack >stacked
	[[ $(values missing stacked) == $((30 * 100)) ]]
}

@test "world coordinates of the reference stand in the stack, and fall where they would lie" {
	lights --count 3 | edit key "%fits.card CRPIX1  =                150.5" |
		edit key "%fits.card CRVAL1  =                 10.7" |
		edit key "%fits.card CTYPE1  = 'RA---TAN'" >in
	cards() { fits-read a.fits | stream-head --all | grep -c 'CRPIX1\|CRVAL1\|CTYPE1'; }
	register <in | stack | fits-write -o a.fits
	[[ $(cards) == 3 ]]
	stretch <in | register | stack | fits-write -o a.fits
	[[ $(cards) == 3 ]]
	fits-calibrate --trim 10,20,200,100 <in | stack >stacked
	is stacked '%fits.card CTYPE1  = '"'RA---TAN'"
	[[ $(grep 'CRPIX1' shown) =~ 140\.5 ]]
	sky-gen --cfa RGGB --width 300 --height 260 --count 1 |
		edit key "%fits.card CRPIX1  =                150.5" |
		edit key "%fits.card CTYPE1  = 'RA---TAN'" | debayer --method superpixel >half
	# The middle is the middle of half as many pixels.
	stream-head --all half | grep -q '%fits.card CRPIX1 .* 75.5$'
}

@test "names of files with blanks, line ends, dashes and brackets" {
	masters
	odd=$'-a b\n[1]$(touch pwned)'
	mkdir made
	lights --count 2 | fits-write --name 'l{n}.fits'
	mv -- l0.fits "$odd 0.fits"
	mv -- l1.fits "$odd 1+[2:3].fits"
	mv -- dark.fits $'-d [k]\nx.fits'
	mv flat.fits 'f(1),{n}*.fits'
	fits-calibrate --dark=$'-d [k]\nx.fits' --flat='f(1),{n}*.fits' -- "$odd 0.fits" \
		"$odd 1+[2:3].fits" | stack | fits-write -o "made/$odd.fits"
	[[ $(find made -type f -printf x) == x && ! -e pwned ]]
	fits-read -- "made/$odd.fits" | stream-payload >again
	fits-read -- "$odd 0.fits" "$odd 1+[2:3].fits" >in
	[[ $(stream-head --all in | grep -c '^IMAGE') == 2 ]]
	printf '%s\0' "$odd 0.fits" "$odd 1+[2:3].fits" >list
	fits-read --from0=list | cmp <(stream-payload in) <(stream-payload)
	expect 66 fits-read -- $'no\nsuch\e[31m.fits'
	says 'no\x0Asuch\x1B[31m.fits'
	# What a header says is no name of a file either.
	lights --count 1 --object $'../x/\e[1m$(touch pwned)' | fits-write --name 'made/{object}_{n}.fits'
	[[ ! -e pwned && ! -e x && $(find made -type f -name '*_0.fits' -printf x) == x ]]
}

@test "M27: six raw frames of a colour camera register, six of six" {
	local lights=${LEAT_SHARED:-$ROOT/../shared}/data/fits/m27-lights
	[[ -d $lights ]] || skip 'the shared folder is not there'
	pipeline '0 0 0 0' 'fits-read --sort date '"$(printf '%q' "$lights")"'/*.fits | debayer |
		register --transforms-out t | stack >stacked'
	[[ ! -s err && $(wc -l <t) == 7 ]]
	is stacked 'note stack frames=6' 'note stack left_out=0' 'exposure_s 36' 'stack_count 6'
	grep -qF '[3][976][1304]' shown
	# Stars lie together to a third of a pixel or so, nearly all of those that are found twice.
	awk 'NR > 1 { if ($13 < 0.8 * $12 || $13 < 100 || $14 > 0.5) { print; exit 1 } }' t >&2
	# Balanced, and made visible by one curve: the background is grey.
	color-balance <stacked | stretch --linked >display
	values median display | awk '{ if ($1 < 0.22 || $1 > 0.28) { print; exit 1 } }' >&2
}

@test "every command of frames takes every type that a camera or a program writes" {
	local name type taken=0
	for name in $(commands); do
		case $(line in "$name") in IMAGE*) ;; *) continue ;; esac
		taken=$((taken + 1))
		for type in u8 i8 u16 i16 u32 i32 f32 f64; do
			[[ " $(line in "$name" 2) " == *" $type "* ]] || {
				echo "$name: does not take $type" >&2
				return 1
			}
		done
	done
	((taken >= 15))
	# And it makes of integers what it makes of the same values as f32.
	for type in u8 i8 u16 i16; do
		{
			printf 'key kinds IMAGE\nkey unit adu\nkey full_scale 30000\n'
			printf 'HEAD\nIMAGE %s 0 1x24x32 last\nEND\n' $type
		} | mkstream >in
		fits-write --bitpix -32 <in >f.fits
		fits-read f.fits >real
		for name in stretch 'debayer --pattern GRBG'; do
			cmp <($name <in | stream-payload) <($name <real | stream-payload)
		done
		cmp <(image-stats <in) <(image-stats <real)
	done
}

@test "the night of the README runs" {
	mkdir bias darks flats lights
	lights --kind bias --count 3 | fits-write --name 'bias/{n}.fits'
	lights --kind dark --count 3 | fits-write --name 'darks/{n}.fits'
	lights --kind flat --count 3 | fits-write --name 'flats/{n}.fits'
	lights --count 4 | fits-write --name 'lights/{n}.fits'
	sed -n '/^A night of yours/,/^## /p' "$ROOT/README.md" | sed -n '/^    /p' >script
	grep -q fits-calibrate script && grep -q debayer script
	head -n 5 script >mono
	bash -euo pipefail mono
	[[ -s m31.fits && -s m31.tif ]]
	rm lights/*
	lights --cfa RGGB --count 4 | fits-write --name 'lights/{n}.fits'
	tail -n +6 script >colour
	bash -euo pipefail colour
	[[ -s m27.jpg ]]
}

@test "the tour of leat(7) runs" {
	grep '^\.Dl' "$ROOT/man/leat.7" | sed 's/^\.Dl //; s/\\-/-/g; s/\\e/\\/g' >tour
	(($(wc -l <tour) > 15))
	bash -euo pipefail tour >out
	[[ -s stack.png && -s n.png && $(tail -n 1 out) == whole ]]
}

@test "whatever stage is killed, the picture is absent or whole" {
	seed=${SEED:-$RANDOM}
	echo "seed $seed"
	RANDOM=$seed
	lights --count 5 --type f32 >in
	mkdir tmp run
	export TMPDIR=$PWD/tmp
	stages=("stream-cat ../in" "register --ref best" stack stretch "export-tiff -o a.tif")
	words=()
	for i in 0 1 2 3 4; do
		read -ra some <<<"${stages[i]}"
		words+=("${some[@]}" --)
	done
	unset 'words[-1]'
	cd run
	stream-cat ../in | tee >(wc -c >../size0) | register --ref best | tee >(wc -c >../size1) |
		stack | tee >(wc -c >../size2) | stretch | tee >(wc -c >../size3) | export-tiff -o ../whole.tif
	for ((i = 0; i < 15; i++)); do
		victim=$((i % 5))
		size=$(<"../size$((victim < 4 ? victim : 3))")
		read -ra status < <(killer $victim $((RANDOM * 31 % (size + 1))) 0 "${words[@]}" 2>../said)
		echo "stage $victim killed: ${status[*]}"
		for j in 0 1 2 3 4; do
			case ${status[j]} in
			0 | 76 | 141) ;;
			*) [[ ${status[j]} == 137 && $j == "$victim" ]] ;;
			esac
		done
		[[ ! -e a.tif ]] || cmp a.tif ../whole.tif
		[[ ${status[4]} != 0 || -e a.tif ]]
		((victim == 4)) || no_files
		rm -f a.tif .a.tif.*.part
		[[ -z $(find . ../tmp -type f) ]]
	done
}
