#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A step done by Siril. What needs no Siril is tested with a stand-in for siril-cli.
#
# Each test is a process of its own; what stands in single quotes is for the stand-in or must not be run.
# shellcheck disable=SC2016,SC2030,SC2031

load ../common
bats_require_minimum_version 1.5.0

setup() {
	needs sky-gen fits-read fits-write fits-calibrate debayer register stack star-find image-diff image-stats \
		master channel-combine
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tmp bin
	export TMPDIR=$PWD/tmp BESIDE=$PWD
	siril=$ROOT/scripts/siril-filter
}

# Whatever happened, no folder is left.
teardown() {
	[[ -z $(ls -A "$BATS_TEST_TMPDIR/tmp") ]]
}

real_siril() {
	command -v siril-cli >/dev/null || skip "siril-cli is not installed (package siril)"
}

# stand_in: a siril-cli that runs standard input, in the private folder.
stand_in() {
	{
		printf '%s\n' '#!/bin/bash' '[[ $1 != --version ]] || { echo "siril ${VERSION:-1.0.6}"; exit; }' \
			'[[ "$1 $3" == "-d -s" && $# == 4 ]] || exit 9' 'cd "$2" && cp "$4" "$BESIDE/steps" || exit' \
			'{ echo "$HOME"; env | grep -E "^(DISPLAY|XDG_CONFIG_HOME)="; } >"$BESIDE/surroundings"'
		cat
	} >bin/siril-cli
	chmod 755 bin/siril-cli
	PATH=$PWD/bin:$PATH
}

# field [OPTION …]: frames with some fifty stars that Siril finds.
field() {
	sky-gen --width 400 --height 300 --stars 300 --flux 1500 --seed 3 "$@"
}

# masters [OPTION …]: ./bias.fits, ./dark.fits and ./flat.fits of that detector.
masters() {
	field --kind bias --count 5 "$@" | master | fits-write -o bias.fits
	field --kind dark --count 5 "$@" | master | fits-write -o dark.fits
	field --kind flat --count 5 "$@" | master --bias bias.fits | fits-write -o flat.fits
}

# values KEY FILE: of each plane, as image-stats has it.
values() {
	image-stats --json <"$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2
}

# close_to LIMIT FACTOR FILE FILE KEY: each value of the first file times FACTOR is one of the second to
# this part of it.
close_to() {
	paste <(values "$5" "$3") <(values "$5" "$4") >pairs
	[[ -s pairs ]]
	awk -v limit="$1" -v factor="$2" '{
		d = ($1 * factor - $2) / $2
		if (!(NF == 2 && d <= limit && -d <= limit)) { print NR ": " $1 * factor " is not " $2; bad = 1 }
	} END { exit bad }' pairs >&2
}

# on_truth FILE: nine of ten bright stars of the first frame in stars.csv are found within 0.4 px.
on_truth() {
	star-find --sigma 8 <"$1" | /usr/bin/python3 "$ROOT/tests/stars.py" show | grep -v index >found
	awk 'FNR == NR { x[NR] = $1; y[NR] = $2; n = NR; next }
		FNR > 1 { split($0, s, ",") }
		FNR > 1 && s[3] > 8000 && s[1] > 20 && s[1] < 380 && s[2] > 20 && s[2] < 280 {
			bright++
			for (i = 1; i <= n; i++)
				if ((x[i] - s[1])^2 + (y[i] - s[2])^2 < 0.16) { hits++; break }
		}
		END { print hits + 0, "of", bright + 0; exit !(bright > 15 && hits > 0.9 * bright) }' found stars.csv >&2
}

@test "siril-filter: help, version, describe" {
	expect 0 "$siril" --help
	[[ $(<out) == 'usage: siril-filter OPERATION '* && ! -s err ]]
	expect 0 "$siril" -V
	[[ $(<out) == "siril-filter $(stack --version | cut -d' ' -f2-)" ]]
	expect 0 "$siril" --describe
	[[ $(sed -n 3,5p out) == $'role\tfilter\nin\tIMAGE\tu16 f32\tadu\nout\tIMAGE\tf32\tadu' ]]
	[[ $(cut -f1 out | xargs) == 'name summary role in out' ]]
	# By another name, from a folder where no command is on PATH but leat.
	ln -s "$siril" other
	mkdir tools
	ln -s "$B/bin/leat" tools
	PATH=$PWD/tools:/usr/bin:/bin expect 0 ./other --version
}

@test "siril-filter: words that make no sense are 64 and named" {
	stand_in <<<'touch "$BESIDE/ran"'
	field --count 2 >in
	expect 64 "$siril" <in
	says operation
	expect 64 "$siril" stak <in
	says "'stak'" 'calibrate|register|stack|channel_align|channel_combine'
	expect 64 "$siril" stack --method=x <in
	says "--method: 'x': must be one of average|median|sum|min|max"
	for word in --method --metod=sum --method=average\|median --method= --rejection=winsor --low=-1 --low=1e3 \
		--low=1001 --high= '--high=3 -out=x' $'--high=3\ncd' --norm=no --bias=x -x; do
		expect 64 "$siril" stack "$word" <in
		says siril-filter: "$(cut -c 1-5 <<<"$word" | head -n 1)"
	done
	for words in 'stack --rejection=percentile --low=1.5' 'stack --rejection=generalized --high=3' \
		'stack --method=median --rejection=mad' 'stack --method=sum --norm=add' 'stack register' \
		'register --method=pattern' 'register --low=3' 'channel_align --names=a' 'calibrate --light=x' \
		'channel_combine --mapping=LRGB' 'channel_combine --names=a,,b' 'channel_combine --names=a/b'; do
		# shellcheck disable=SC2086
		expect 64 "$siril" $words <in
		says siril-filter:
	done
	expect 64 "$siril" stack $'--me\thod=x' <in
	says '--me\x09hod'
	expect 0 "$siril" --help --nonsense
	no_files ran
}

@test "siril-filter: streams are neither read from a terminal nor written to one" {
	stand_in </dev/null
	script -qec "'$siril' stack" /dev/null </dev/null >said || [[ $? == 64 ]]
	grep -q 'standard input is a terminal' said
	script -qec "'$siril' stack <bin/siril-cli" /dev/null </dev/null >said || [[ $? == 64 ]]
	grep -q 'standard output is a terminal' said
}

@test "siril-filter: without Siril it is 69 with a hint, before anything is read" {
	mkdir tools
	cp -s /usr/bin/* tools 2>/dev/null || true
	rm -f tools/siril*
	PATH=$LIBEXEC:$PWD/tools
	field --count 1 >in
	exec 5<in
	expect 69 "$siril" calibrate --dark=nowhere <&5
	says 'siril-cli: not found' 'Debian: siril' '--backend siril=builtin'
	[[ ! -s out && $(cat <&5 | wc -c) == $(wc -c <in) ]]
	expect 64 "$siril" calibrate --drak=nowhere <in
}

@test "siril-filter: a stream that is cut or is none leaves standard output empty" {
	stand_in <<<'touch "$BESIDE/ran"'
	field --count 3 >in
	head -c 600000 in >short
	for operation in calibrate register stack channel_align channel_combine; do
		expect 76 "$siril" "$operation" <short
		[[ ! -s out ]]
	done
	expect 76 "$siril" stack </dev/null
	[[ ! -s out ]]
	generate IQ >iq
	expect 65 "$siril" stack <iq
	[[ ! -s out ]]
	no_files ran
	# What comes after it exits 76.
	run -76 bash -c "'$siril' stack <short 2>/dev/null | stack >after"
}

@test "siril-filter: Siril gets fixed words, names of its own, and nothing of the user's" {
	stand_in <<<'cp light_00000.fit result.fit; for n in 0 1; do cp light_0000$n.fit pp_light_0000$n.fit; done'
	field --count 2 --object '$(touch canary)' >in
	DISPLAY=:7 XDG_CONFIG_HOME=$PWD expect 65 "$siril" stack --rejection=linear --low=2.5 --high=4 --norm=mul <in
	[[ $(<surroundings) == "$TMPDIR"/siril-filter.*/home ]]
	printf '%s\n' 'requires 1.0.0' 'setext fit' set32bits 'setcompress 0' \
		'stack light_ rej linear 2.5 4 -norm=mul -out=result' | same_text steps
	expect 65 "$siril" stack --method=median --norm=none <in
	[[ $(tail -n 1 steps) == 'stack light_ median -nonorm -out=result' ]]
	expect 65 "$siril" stack --rejection=none <in
	[[ $(tail -n 1 steps) == 'stack light_ rej w 0 0 -norm=addscale -out=result' ]]
	expect 65 "$siril" stack --rejection=percentile <in
	[[ $(tail -n 1 steps) == 'stack light_ rej percentile 0.2 0.1 -norm=addscale -out=result' ]]
	expect 65 "$siril" stack --method=max <in
	[[ $(tail -n 1 steps) == 'stack light_ max -out=result' ]]
	masters
	args=(calibrate --bias=bias.fits --dark=dark.fits --flat=flat.fits)
	expect 65 "$siril" "${args[@]}" <in
	[[ $(tail -n 1 steps) == 'preprocess light_ -dark=dark -flat=flat' ]]
	VERSION=1.2.6 expect 65 "$siril" "${args[@]}" <in
	[[ $(tail -n 1 steps) == 'calibrate light_ -dark=dark -cc=dark -flat=flat' ]]
	expect 65 "$siril" calibrate --bias=bias.fits <in
	[[ $(tail -n 1 steps) == 'preprocess light_ -bias=bias' ]]
	field --count 2 --cfa RGGB >in
	expect 65 "$siril" calibrate <in
	[[ $(tail -n 1 steps) == 'preprocess light_ -cfa -equalize_cfa -debayer' ]]
	no_files canary
}

@test "siril-filter: masters of hostile names are read, none is run" {
	stand_in <<<'tail -c 480960 dark.fit >"$BESIDE/got"; exit 1'
	field --count 2 >in
	masters
	expect 65 "$siril" calibrate --dark=dark.fits <in
	mv got plain
	for name in 'a b' "it's" 'say "x"' $'new\nline' '$(touch canary)' '`touch canary`' ';touch canary' \
		'-o canary' - '*' 'x[1].fits' "$PWD/-deep dir/dark" 'a,b'; do
		mkdir -p "$PWD/-deep dir"
		cp dark.fits "./${name/#"$PWD"\//}"
		expect 65 "$siril" calibrate --dark="$name" <in
		[[ ! -s out ]]
		same got plain
		rm got
		run ! grep -qvE '^(requires|setext|set32bits|setcompress|preprocess)( [a-z0-9_.=-]+)*$' steps
	done
	no_files canary
	expect 66 "$siril" calibrate --flat=nowhere <in
	says '--flat: nowhere'
	expect 66 "$siril" calibrate --flat= --dark=dark.fits <in
	says '--flat:'
	expect 65 "$siril" calibrate --flat="$ROOT/README.md" <in
	[[ ! -s out ]]
	expect 65 "$siril" calibrate --flat=in <in
}

@test "siril-filter: what Siril said is shown when it fails, harmless, and under -v" {
	stand_in <<-'EOL'
		for i in {1..30}; do echo "log: line $i"; done
		printf 'log: \033[2Jred\n'
		printf 'noise\n'
		exit 3
	EOL
	field --count 2 >in
	expect 65 "$siril" stack <in
	[[ ! -s out && $(wc -l <err) == 21 && $(tail -n 1 err) == 'siril-filter: stack: Siril failed: exit 3' ]]
	grep -qxF 'siril-filter: siril: \x1B[2Jred' err
	grep -qx 'siril-filter: siril: line 12' err
	run ! grep -q noise err
	stand_in <<<'kill -KILL $$'
	expect 71 "$siril" stack <in
	stand_in <<<'exit 0'
	for operation in calibrate register stack channel_combine; do
		expect 65 "$siril" "$operation" <in
		[[ ! -s out ]]
	done
}

@test "siril-filter: a signal ends Siril at once and leaves nothing" {
	stand_in <<<'sleep 100 & echo $$ $! >"$BESIDE/started"; wait'
	field --count 2 >in
	for signal in TERM INT HUP; do
		rm -f started
		# A shell's background has INT ignored; python3 gives the defaults back.
		/usr/bin/python3 - "$signal" "$siril" <<-'EOL'
			import os, signal, subprocess, sys, time
			number = signal.Signals["SIG" + sys.argv[1]]
			signal.signal(signal.SIGINT, signal.SIG_DFL)
			child = subprocess.Popen([sys.argv[2], "stack"], stdin=open("in"), stdout=open("out", "w"),
			                         restore_signals=True)
			while not (os.path.exists("started") and open("started").read().endswith("\n")):
			    time.sleep(0.01)
			start = time.monotonic()
			child.send_signal(number)
			assert child.wait() == -number, child.returncode
			assert time.monotonic() - start < 2
		EOL
		[[ ! -s out && -z $(ls -A tmp) ]]
		read -r -a pids <started
		for pid in "${pids[@]}"; do
			gone "$pid"
		done
	done
	# While it waits for the stream too.
	mkfifo pipe
	"$siril" stack <pipe >out &
	waiting=$!
	exec 6>pipe
	for _ in {1..200}; do
		[[ -z $(ls -A tmp) ]] || break
		sleep 0.02
	done
	kill -TERM "$waiting"
	got=0
	wait "$waiting" || got=$?
	exec 6>&-
	[[ $got == 143 && ! -s out ]]
}

@test "siril-filter: folders of hostile names" {
	real_siril
	field --count 3 >in
	export TMPDIR=$PWD/tmp/$'-a b\'"\n$(touch canary){n},'
	mkdir "$TMPDIR"
	expect 0 "$siril" register <in
	mv out plain
	[[ -z $(ls -A "$TMPDIR") ]]
	rmdir "$TMPDIR"
	TMPDIR=$PWD/tmp expect 0 "$siril" register <in
	same out plain
	expect 73 "$siril" register <in
	says 'cannot make a folder'
	no_files canary
}

@test "siril-filter: a mono night, against the truth and leat's own steps" {
	real_siril
	masters
	field --count 7 --trails 1 --filter ha --object 'M 31' --truth-stars stars.csv >raw
	expect 0 "$siril" calibrate --bias=bias.fits --dark=dark.fits --flat=flat.fits <raw
	[[ ! -s err ]]
	mv out calibrated
	fits-calibrate --dark dark.fits --flat flat.fits <raw >ours
	close_to 0.002 65535 calibrated ours median
	close_to 0.01 65535 calibrated ours noise
	stream-head --all calibrated >lines
	[[ $(grep -c 'full_scale 1$' lines) == 7 && $(grep -c 'unit adu' lines) == 7 ]]
	for key in 'object M 31' 'filter ha' 'exposure_s 300' 'time_start 2025-01-15T20:05:00Z' 'gain 4' \
		'temperature_c -10' '%row_order bottom-up'; do
		grep -qxF "  $key" lines
	done
	run ! grep -q 'fits.card DATE' lines
	[[ $(grep -c '^IMAGE.* f32 \[1\]\[300\]\[400\]' lines) == 7 ]]

	expect 0 "$siril" register --method=global_star_align <calibrated
	mv out registered
	expect 0 "$siril" stack <registered
	mv out stacked
	on_truth stacked
	# Seven frames: the noise falls by 2.6, and interpolation takes some away.
	awk -v one="$(values noise calibrated | head -n 1)" -v all="$(values noise stacked)" \
		'BEGIN { exit !(all < one / 2.3) }'
	register <ours | stack >our_stack
	close_to 0.005 65535 stacked our_stack median
	stream-head stacked >lines
	for key in 'object M 31' 'filter ha' 'exposure_s 2100' 'time_start 2025-01-15T20:00:00Z' 'stack_count 7' \
		'full_scale 1'; do
		grep -qxF "  $key" lines
	done
	# Siril's frames in leat's stack and leat's in Siril's: pixels without data are known to both.
	stack <registered >mixed
	close_to 0.005 65535 mixed our_stack median
	close_to 0.2 1 mixed stacked noise
	register <ours | "$siril" stack >mixed
	close_to 0.005 65535 mixed our_stack median
	close_to 0.2 65535 mixed our_stack noise
	on_truth mixed
	# The same bytes again.
	expect 0 "$siril" stack <registered
	same out stacked
}

@test "siril-filter: every way to stack" {
	real_siril
	field --count 5 >raw
	"$siril" register <raw >in
	stack --norm none --combine median <in >ours
	for words in '--method=average --norm=none' '--method=median --norm=none' --rejection=none --rejection=sigma \
		'--rejection=mad --low=4 --high=4' --rejection=percentile --rejection=linear --rejection=generalized \
		--norm=add --norm=mul --norm=mulscale --method=min --method=max --method=sum; do
		# shellcheck disable=SC2086
		expect 0 "$siril" stack $words <in
		[[ $(values max out) == 1 || $words != *sum ]]
		awk -v got="$(values median out)" -v want="$(values median ours)" \
			'BEGIN { exit !(got > want / 1.3 && got < want * 1.3) }'
	done
	expect 0 "$siril" stack --method=median --norm=none <in
	close_to 0.002 1 out ours median
	sky-gen --count 1 >one
	expect 65 "$siril" stack <one
	says two
	expect 0 "$siril" calibrate <one
	[[ $(stream-head --all out | grep -c ^IMAGE) == 1 ]]
	# Frames of two scales that are one to Siril, and such that are not.
	"$siril" stack --norm=none <raw >wanted
	"$siril" calibrate <raw | stream-take --frames 0:2 >two
	stream-take --frames 2:5 <raw | cat two - | "$siril" stack --norm=none >out
	image-diff --with wanted --max-abs 1e-6 <out
	printf '%s\n' 'key kinds IMAGE' 'key unit adu' 'key full_scale 4095' HEAD 'IMAGE u16 0 1x300x400 last' END |
		mkstream | cat raw - >both
	expect 65 "$siril" stack <both
	says full_scale 'frame 5'
}

@test "siril-filter: a night of mosaics" {
	real_siril
	for pattern in RGGB GBRG; do
		masters --cfa $pattern
		field --count 3 --cfa $pattern --nebula 400 >raw
		expect 0 "$siril" calibrate --dark=dark.fits --flat=flat.fits <raw
		mv out calibrated
		[[ $(stream-head --all calibrated | grep -c '^IMAGE.* f32 \[3\]\[300\]\[400\]') == 3 ]]
		run ! grep -q bayer <(stream-head --all calibrated)
		fits-calibrate --dark dark.fits --flat flat.fits --equalize-cfa <raw | debayer >ours
		close_to 0.005 65535 calibrated ours median
		rm -f ./*.fits
	done
	"$siril" register <calibrated | "$siril" stack >stacked
	register <ours | stack >our_stack
	close_to 0.005 65535 stacked our_stack median
	close_to 0.2 65535 stacked our_stack noise
	# Rows from the top: the pattern is still that of the first row.
	fits-write --name 'top{n}.fits' <raw
	for file in top?.fits; do
		/usr/bin/python3 - "$file" <<-'EOL'
			import sys
			data = open(sys.argv[1], "rb").read()
			at = data.index(b"INSTRUME")
			assert at % 80 == 0
			open(sys.argv[1], "wb").write(data[:at] + b"ROWORDER= 'TOP-DOWN'".ljust(80) + data[at + 80:])
		EOL
	done
	fits-read top?.fits | "$siril" calibrate >out
	fits-read top?.fits | debayer >ours
	close_to 0.005 65535 out ours median
	stream-head out | grep -qx '  %row_order top-down'
	# A mosaic has no stars yet, but may be stacked.
	expect 65 "$siril" register <raw
	says '%bayer' debayer
	expect 0 "$siril" stack --norm=none <raw
	[[ $(stream-head out | grep bayer) == "$(stream-head raw | grep bayer)" ]]
}

@test "siril-filter: frames without stars are left out, of channels none may be" {
	real_siril
	field --count 3 >in
	field --kind dark --count 1 >blank
	cat in blank >four
	expect 0 "$siril" register <four
	says warning '1 of 4 frames'
	[[ $(stream-head --all out | grep -c ^IMAGE) == 3 ]]
	expect 65 "$siril" channel_align <four
	says '3 of 4'
	[[ ! -s out ]]
}

@test "siril-filter: channels are aligned and become planes" {
	real_siril
	field --count 3 --filter ha,oiii,sii --shift 9 --truth-stars stars.csv >in
	expect 0 "$siril" channel_align <in
	mv out aligned
	[[ $(stream-head --all aligned | grep '^  filter' | xargs) == 'filter ha filter oiii filter sii' ]]
	# Of 120000 pixels, 480000 bytes each.
	stream-payload aligned >all
	head -c 480000 all >ha
	head -c 960000 all | tail -c 480000 >oiii
	tail -c 480000 all >sii
	expect 0 "$siril" channel_combine --mapping=SHO <aligned
	same <(stream-payload out) <(cat sii ha oiii)
	grep -q '^IMAGE.* f32 \[3\]\[300\]\[400\]' <(stream-head out)
	on_truth out
	expect 0 "$siril" channel_combine --mapping=HOO --names=ha,oiii,sii <aligned
	same <(stream-payload out) <(cat ha oiii oiii)
	expect 0 "$siril" channel_combine --names=r,g,b <aligned
	same <(stream-payload out) all
	expect 65 "$siril" channel_combine <aligned
	[[ ! -s out ]]
}
