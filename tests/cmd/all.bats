#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The tests that every command passes without being named anywhere: what it is asked comes from its
# --describe. The words before the colon are the roles a test is for.
#
# `cat FILE |` makes a pipe of what would else be mapped.
# shellcheck disable=SC2002

load ../common

# outputs NAME BASE: the files that -o BASE makes.
outputs() {
	local endings
	read -ra endings <<<"$(line endings "$1")" || true
	printf "$2%s\n" "${endings[@]-}"
}

# run_to FILE NAME [ARG …] < input: the command's result in FILE, be it a file or a stream.
run_to() {
	local result=$1 name=$2
	shift 2
	if fills_folder "$name"; then
		local code=0
		rm -rf "${ARGS[-1]}"
		"$name" "${ARGS[@]}" "$@" || code=$?
		nothing_unfinished "${ARGS[-1]}" || return
		[[ $code == 0 ]] || return $code
		gather "$name" "$result"
	elif [[ $ROLE == sink ]] && has_option "$name" name && [[ ${MANY:-} ]]; then
		"$name" "${ARGS[@]}" "$@" --name "$result-{n}" || return
		cat "$result"-[0-9]* >"$result"
		rm -f "$result"-[0-9]* "$result".manifest
	elif [[ $ROLE == sink ]]; then
		"$name" "${ARGS[@]}" "$@" -o "$result" || return
		gather "$name" "$result"
	else
		"$name" "${ARGS[@]}" "$@" >"$result"
	fi
}

# bundle FOLDER: all there is beneath it, by name and content.
bundle() {
	tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - .
}

# into NAME FILE: INTO, the option by which a sink writes FILE; none if it fills a folder.
into() {
	INTO=(-o "$2")
	! fills_folder "$1" || INTO=()
}

# gather NAME FILE: what a sink made stands in FILE, also if it filled a folder or made several files.
gather() {
	local files
	if fills_folder "$1"; then
		nothing_unfinished "${ARGS[-1]}"
		bundle "${ARGS[-1]}" >"$2"
		rm -rf "${ARGS[-1]}"
		return
	fi
	mapfile -t files < <(outputs "$1" "$2")
	[[ ${files[0]} == "$2" || ! -e ${files[0]} ]] || {
		cat "${files[@]}" >"$2"
		rm "${files[@]}"
	}
}

# refused CODE NAME < input: the status, no file, and what a filter still writes ends in ABORT.
refused() {
	local code=$1 name=$2 got=0 files
	run_to result "$name" 2>err || got=$?
	[[ $got == "$code" ]] || {
		printf '%s: exit %s, expected %s: %s\n' "$name" "$got" "$code" "$(<err)" >&2
		return 1
	}
	if [[ $ROLE == sink ]]; then
		mapfile -t files < <(outputs "$name" result)
		no_files result "${files[@]}"
	else
		no_files
		if [[ -s result ]] && stream-payload <result >/dev/null 2>&1; then
			echo "$name: exit $code, but what it wrote is a whole stream" >&2
			return 1
		fi
		rm -f result
	fi
}

head_of() {
	stream-head -n 1 "$@"
}

help_is_whole() {
	expect 0 "$1" --help
	cp out long
	[[ ! -s err ]]
	expect 0 "$1" -h
	same out long
	[[ $(head -n 1 out) == "usage: $1 "* ]]
	options_of "$1" | cut -f1 | while read -r option; do
		grep -q -e "--$option" out
	done
	awk 'length > 80 { exit 1 }' out # what a terminal shows without breaking words
}

@test "source filter sink tool: --help names every option" {
	each help_is_whole source filter sink tool
}

version_is_told() {
	expect 0 "$1" --version
	[[ $(<out) =~ ^"$1 "[0-9]+\.[0-9]+\.[0-9]+ && ! -s err ]]
	cp out long
	expect 0 "$1" -V
	same out long
}

@test "source filter sink tool: --version" {
	each version_is_told source filter sink tool
}

description_is_well_formed() {
	expect 0 "$1" --describe
	[[ $(line name "$1") == "$1" && -n $(line summary "$1") && ! -s err ]]
	[[ $(line segments "$1") == each || $(line segments "$1") == join ]]
	awk -F'\t' '
		$1 == "option" && (NF != 11 || $2 !~ /^[a-z0-9-]+$/ || $11 == "") { bad = 1 }
		$1 == "option" && seen[$2]++ { bad = 1 }
		$1 == "option" && $3 != "" && letter[$3]++ { bad = 1 }
		($1 == "in" || $1 == "out") && (NF != 4 || $2 == "" || $3 == "" || $4 == "") { bad = 1 }
		bad { print "malformed: " $0; exit 1 }' out >&2
	case $ROLE in
	source) [[ -n $(line out "$1") && -z $(line in "$1") ]] ;;
	filter) [[ -n $(line out "$1") && -n $(line in "$1") ]] ;;
	sink) [[ -n $(line in "$1") ]] && has_option "$1" pass && { has_option "$1" output || [[ -n $(line operands "$1") ]]; } ;;
	tool) ;;
	*) false ;;
	esac
}

@test "source filter sink tool: --describe is well formed" {
	each description_is_well_formed source filter sink tool
}

page_agrees() {
	[[ -e $ROOT/man/$1.1 ]] || ! compgen -G "$ROOT/man/*.1" >/dev/null || {
		echo "man/$1.1 is missing" >&2
		return 1
	}
	[[ -e $ROOT/man/$1.1 ]] || return 42
	"$ROOT/scripts/check-man" "$1" >&2
}

@test "source filter sink tool: the man page has the options of --describe" {
	each page_agrees source filter sink tool
}

examples_run() {
	local page=$ROOT/man/$1.1 example
	[[ -e $page ]] || return 42
	grep '^\.Dl' "$page" >examples || return 42
	# The first one makes what others read.
	[[ $(head -n 1 examples) =~ ^\.Dl\ (iq|sky)-gen ]] || return 42
	while read -r _ example; do
		example=$(sed 's/\\-/-/g; s/\\e/\\/g; s/\\(aq/'"'"'/g' <<<"$example")
		echo "$example"
		bash -c "set -o pipefail; $example" </dev/null >out
	done <examples
}

@test "source filter sink tool: the examples on the man page run" {
	each examples_run source filter sink tool
}

unknown_options_are_refused() {
	expect 64 "$1" --no-such-option </dev/null
	says "$1: --no-such-option" --help
	expect 64 "$1" --no-such-option=3 </dev/null
	says "$1: --no-such-option" --help
	expect 64 "$1" -% </dev/null
	says "$1: -%"
	expect 64 "$1" --quiet=yes </dev/null
	says --quiet yes
	expect 64 "$1" -j </dev/null
	says -j
}

@test "source filter sink tool: an unknown option is 64" {
	each unknown_options_are_refused source filter sink tool
}

wrong_values_are_refused() {
	local option type least most
	while read -r option type least most; do
		expect 64 "$1" "--$option=%wrong" </dev/null
		says "--$option" %wrong
		[[ $type == int && $most =~ ^[0-9]{1,12}$ ]] || continue
		expect 64 "$1" "--$option=$((most + 1))" </dev/null
		says "--$option" $((most + 1)) "$most"
		expect 64 "$1" "--$option" $((least - 1)) </dev/null
		says "--$option" $((least - 1)) "$least"
	done < <(options_of "$1" | awk -F'\t' '
		$3 ~ /^(int|real|frequency|duration|rate|enum)$/ { print $1, $3, $6 "", $7 "" }')
}

@test "source filter sink tool: a wrong value is 64, with option, value and what is allowed" {
	each wrong_values_are_refused source filter sink tool
}

surplus_operands_are_refused() {
	[[ -z $(line operands "$1") ]] || return 42
	expect 64 "$1" "${ARGS[@]}" surplus </dev/null
	says surplus
	[[ $ROLE != @(filter|sink) ]] || says 'standard input'
}

@test "source filter sink tool: an operand too many is 64" {
	each surplus_operands_are_refused source filter sink tool
}

words_need_room() {
	local option code=0
	for option in --help --version --describe; do
		"$1" "$option" >/dev/full 2>err || code=$?
		[[ $code == 74 ]]
		says "$1: " 'No space left'
	done
}

@test "source filter sink tool: /dev/full for its words is 74" {
	each words_need_room source filter sink tool
}

empty_is_truncation() {
	refused 76 "$1" </dev/null
	says "$1: "
	: | refused 76 "$1"
	local code=0
	"$1" "${ARGS[@]}" <&- >result 2>err || code=$?
	[[ $code == 76 ]]
}

@test "filter sink: empty or closed standard input is 76" {
	each empty_is_truncation filter sink
}

noise_is_no_stream() {
	head -c 4096 /dev/zero | tr '\0' x | refused 65 "$1"
	says "$1: " 'not a leat stream'
	head -c 4096 /dev/zero >zeros
	refused 65 "$1" <zeros
	says 'not a leat stream'
}

@test "filter sink: what is no stream is 65" {
	each noise_is_no_stream filter sink
}

wrong_kinds_are_named() {
	local kind kinds wrong='' other=REPORT
	kinds=$(line in "$1")
	[[ $kinds != any ]] || return 42
	for kind in IQ SPECTRA IMAGE TABLE REPORT; do
		[[ " $kinds " == *" $kind "* ]] || wrong=${wrong:-$kind}
	done
	generate "$wrong" >foreign
	refused 65 "$1" <foreign
	says "$1: " "expects $kinds" "got $wrong"
	# Beside frames of its own they pass.
	[[ " $kinds " != *" REPORT "* ]] || other=GAIN
	made "$wrong" | sed "/^END/d;s/^key kinds .*/key kinds $wrong $other/" >lines
	made "$other" | sed '1,/^HEAD/d' | sed -n '/^payload/p;/^[A-Z]* columns/p;$p' >>lines
	mkstream <lines | refused 65 "$1"
}

@test "filter sink: frames of a foreign kind alone are 65, both kinds named" {
	each wrong_kinds_are_named filter sink
}

wrong_types_are_named() {
	local types type wrong=
	types=$(line in "$1" 2)
	[[ $types != any && $(input_kind "$1") != SPECTRA ]] || return 42
	for type in u8 i64 f64 cu64 cf64; do
		[[ " $types " == *" $type "* ]] || wrong=${wrong:-$type}
	done
	[[ $wrong ]] || return 42
	made "$(input_kind "$1")" | sed -E "s/^(IQ|IMAGE) [a-z0-9]+ /\1 $wrong /" | mkstream >foreign
	refused 65 "$1" <foreign
	says "$1: " "$wrong"
}

@test "filter sink: elements of a foreign type are 65, the types named" {
	each wrong_types_are_named filter sink
}

cuts_are_noticed() {
	local at size border seed=${SEED:-$RANDOM}
	echo "seed $seed"
	RANDOM=$seed
	size=$(stat -c %s in)
	border=$(edit list <in | awk 'END { print $1 }')
	edit list <in | awk '{ print $1 }' >borders
	for at in 1 64 127 128 129 $((RANDOM % size)) $((RANDOM * 31 % size)) $((border - 1)) "$border" \
		$((border + 100)) $((size - 1)) $(sed -n '2p;3p' borders); do
		((at > 0)) || continue
		head -c "$at" in >short
		refused 76 "$1" <short
		head -c "$at" in | refused 76 "$1"
	done
}

@test "filter sink: a stream cut anywhere is 76 and leaves no file" {
	each cuts_are_noticed filter sink
}

cut_between_segments_is_noticed() {
	edit more <in >announced
	MANY=1 refused 76 "$1" <announced
	says cut
	cat announced | refused 76 "$1"
}

@test "filter sink: a cut between segments is 76 and leaves no file" {
	each cut_between_segments_is_noticed filter sink
}

flips_are_noticed() {
	local region i more=(3 4 5 6) seed=${SEED:-$RANDOM}
	echo "seed $seed"
	[[ ! ${SANITIZED:-} ]] || more=() # they are slow, and see many commands
	for region in header meta payload padding; do
		for i in 1 2 ${more[@]+"${more[@]}"}; do
			edit flip "$region" $((seed + i)) <in >flipped
			refused 65 "$1" <flipped
			cp err err.file
			cat flipped | refused 65 "$1"
			same err err.file
		done
	done
}

@test "filter sink: a flipped bit in header, metadata, payload or padding is 65" {
	each flips_are_noticed filter sink
}

lies_are_cheap() {
	[[ -z ${SANITIZED:-} ]] || return 42
	local lie
	while read -r lie; do
		{
			printf 'key kinds IQ\nkey rate_num 1\nkey rate_den 1\nHEAD\n'
			printf '%s\n' "$lie" | tr ';' '\n'
			printf 'END\n'
		} | mkstream >lying
		local code=0
		(
			ulimit -d 65536
			exec timeout 10 "$1" "${ARGS[@]}" <lying >result 2>err
		) || code=$?
		[[ $code == 65 || $code == 76 ]] || {
			echo "exit $code after: $lie: $(<err)" >&2
			return 1
		}
		rm -f result
		cat lying | (
			ulimit -d 65536
			exec timeout 10 "$1" "${ARGS[@]}" >result 2>err
		) && return 1
		rm -f result
	done <<-'EOL'
		set payload_len 0x3fffffffffffffff;IQ ci16 0 10x1
		set payload_len 0xffffffffffffffff;IQ ci16 0 10x1
		set payload_len 4611686018427387904;set dim0 1152921504606846976;IQ ci16 0 10x1
		set payload_len 1048576;set dim0 262144;IQ ci16 0 10x1
		set dim0 0x8000000000000000;set dim1 4;IQ ci16 0 10x1
		set dim0 0xffffffffffffffff;set dim1 0xffffffffffffffff;IQ ci16 0 10x1
		set kind 3;set ndim 3;set dim0 1;set dim1 1073741824;set dim2 1073741824;set payload_len 4611686018427387904;IQ ci16 0 10x1
		set meta_len 16777216;IQ ci16 0 10x1
		set meta_len 16777217;IQ ci16 0 10x1
		set meta_len 0xffffffff;IQ ci16 0 10x1
		set ndim 9;IQ ci16 0 10x1
		set ndim 255;IQ ci16 0 10x1
		set dtype 9;IQ ci16 0 10x1
		set dtype 0x80;IQ ci16 0 10x1
		set dtype 0;IQ ci16 0 10x1
		set seq 7;IQ ci16 0 10x1
		set index 0x7fffffffffffffff;IQ ci16 0 10x1
		set reserved0 1;IQ ci16 0 10x1
		set reserved1 1;IQ ci16 0 10x1
		set dim7 1;IQ ci16 0 10x1
		set version 0x200;IQ ci16 0 10x1
		set flags 0x101;IQ ci16 0 10x1
		set flags 9;IQ ci16 0 10x1
		set flags 0;IQ ci16 0 10x1
		IQ ci16 0 10x1;IQ ci16 5 10x1
		IQ ci16 0 10x1;IQ ci16 30 10x1
		IQ ci16 0 0x0
		IQ ci16 0 10
		IQ cf64 0 70000x1
		SPECTRA f32 0 1x1x8
		key BAD;IQ ci16 0 10x1
		key x \q;IQ ci16 0 10x1;key frames 1\x00
		IQ ci16 0 10x1;key frames 2
		IQ ci16 0 10x1;key frames -1
		IQ ci16 0 10x1;key frames 99999999999999999999
		HEAD
		ABORT
	EOL
}

@test "filter sink: streams that lie are 65 or 76, in little memory and time" {
	each lies_are_cheap filter sink
}

long_metadata_is_quick() {
	[[ -z ${SANITIZED:-} ]] || return 42
	local key code=0
	for key in 'kinds x' 'note x' '%a' 'x.b'; do
		{
			echo "key kinds $(input_kind "$1" | sed 's/TABLE/REPORT/')"
			printf 'key rate_num 1\nkey rate_den 1\nkey row_step 1\nkey row_span 1\n'
			yes "key $key" | head -n 150000
			printf 'HEAD\nkey frames 0\n'
			yes 'key note x' | head -n 150000
			printf 'END\n'
		} | mkstream >long
		timeout 5 "$1" "${ARGS[@]}" <long >out 2>err || code=$?
		[[ $code == 0 || $code == 65 ]]
	done
}

@test "filter sink: a hundred thousand lines of metadata take no time" {
	each long_metadata_is_quick filter sink
}

unknown_keys_pass() {
	local out
	edit key 'x.test hello' <in | edit key 'somefuturekey 17' >known
	if [[ $ROLE == sink ]]; then
		into "$1" result
		"$1" "${ARGS[@]}" --pass "${INTO[@]}" <known >out
	else
		"$1" "${ARGS[@]}" <known >out
	fi
	out=$(head_of out)
	[[ $out == *'x.test hello'* && $out == *'somefuturekey 17'* ]]
}

@test "filter sink: keys that nobody knows pass" {
	each unknown_keys_pass filter sink
}

# gone_if WORD KEY NAME: the key is gone from ./text if NAME changes WORD, else it stays.
gone_if() {
	if [[ $(line changes "$3") == *"$1"* ]]; then
		! grep -q "^  $2" text
	else
		grep -q "^  $2" text
	fi
}

scoped_keys_are_dropped() {
	edit key '%x.axes 1' <in | edit key '~x.level 2' | "$1" "${ARGS[@]}" >out
	head_of out >text
	gone_if shape '%x.axes 1' "$1"
	gone_if values '~x.level 2' "$1"
	[[ $(line in "$1") == "$(line out "$1")" || $(line out "$1") == same ]] ||
		[[ $(line changes "$1") == *shape*values* ]]
}

@test "filter: %keys go where the shape changes, ~keys where the values do, and stay otherwise" {
	each scoped_keys_are_dropped filter
}

history_grows() {
	local before after words
	[[ -e in ]] || : >in
	before=$(grep -ac '^history ' in || true)
	"$1" "${ARGS[@]}" -j2 <in >out
	head_of out >text
	after=$(grep -c '^  history ' text)
	words=$(grep '^  history ' text | tail -n 1)
	[[ $words == "  history $1 "[0-9]* ]]
	[[ $after == $((before + 1)) && $words != */* && $words != *' -j'* && $words != *jobs* ]]
}

@test "source filter: the history grows by one line without paths and -j" {
	each history_grows source filter
}

sources_are_whole() {
	"$1" "${ARGS[@]}" >first
	"$1" "${ARGS[@]}" | cat >again
	same first again
	"$1" "${ARGS[@]}" -j2 >again
	same first again
	expect 0 stream-payload first
	[[ -s out ]]
}

@test "source: its example makes a whole stream, twice the same" {
	each sources_are_whole source
}

concatenation_is_a_stream() {
	export MANY=1
	run_to once "$1" <in
	run_to twice "$1" <two
	cat two | run_to piped "$1"
	same twice piped
	if [[ $ROLE == filter ]]; then
		expect 0 stream-payload twice
		if [[ $(line segments "$1") == each ]]; then
			[[ $(stream-head --all twice | grep -c '^HEAD') == 2 ]]
		else
			[[ $(stream-head --all twice | grep -c '^HEAD') == 1 ]]
		fi
	else
		[[ $(stat -c %s twice) -gt 0 ]]
	fi
}

@test "filter sink: cat a b is a stream" {
	each concatenation_is_a_stream filter sink
}

threads_change_nothing() {
	run_to one "$1" -j1 <in
	run_to many "$1" -j2 <in
	same one many
	run_to many "$1" -j3 < <(cat in)
	same one many
	run_to many "$1" <in
	same one many
}

@test "filter sink: -j changes no byte" {
	each threads_change_nothing filter sink
}

pieces_change_nothing() {
	local piece
	run_to whole "$1" <in
	for piece in 1 7 64 127 4096 1048576; do
		dribble $piece <in | run_to pieces "$1"
		same whole pieces
		rm -f pieces
	done
}

@test "filter sink: reads of 1 byte to 1 MiB give the same bytes" {
	each pieces_change_nothing filter sink
}

offset_is_honoured() {
	run_to whole "$1" <in
	{ head -c 4096 /dev/zero && cat in; } >later
	{
		dd bs=4096 count=1 of=/dev/null 2>/dev/null
		run_to result "$1"
	} <later
	same whole result
	rm -f result
	{ head -c 100 /dev/zero && cat in; } >later
	{
		dd bs=100 count=1 of=/dev/null 2>/dev/null
		run_to result "$1"
	} <later
	same whole result
}

@test "filter sink: a file is read from its current offset" {
	each offset_is_honoured filter sink
}

date_and_place_change_nothing() {
	run_to one "$1" <in
	mkdir elsewhere
	sleep 1.1
	(cd elsewhere && TZ=Asia/Tokyo LC_ALL=C.UTF-8 run_to two "$1" <../in)
	same one elsewhere/two
}

@test "filter sink: date, place, time zone and locale change no byte" {
	each date_and_place_change_nothing filter sink
}

checksums_can_be_off() {
	run_to summed "$1" <in
	LEAT_CRC=0 run_to unsummed "$1" <in
	if [[ $ROLE == filter ]]; then
		expect 0 stream-payload summed
		mv out payload
		expect 0 stream-payload unsummed
		same out payload
	elif has_option "$1" name; then
		same summed unsummed
	fi
	edit flip payload 3 <in >flipped
	rm -f summed unsummed
	LEAT_CRC=0 run_to unsummed "$1" <flipped
}

@test "filter sink: LEAT_CRC=0 sums and verifies nothing" {
	each checksums_can_be_off filter sink
}

abort_goes_on() {
	edit abort <in >aborted
	refused 76 "$1" <aborted
	[[ $ROLE == filter ]] || return 0
	"$1" "${ARGS[@]}" <aborted >out 2>err || true
	[[ ! -s err ]]
	[[ $(edit list <out | awk '$3 == "0xfe" { print NR }') == $(edit list <out | awk 'END { print NR }') ]]
	[[ ! -s out ]] || {
		stream-head --all out >text || true
		grep -A4 '^ABORT' text | same_text <(
			printf 'ABORT seq %s\n  tool edit\n  reason test\n  code 70\n' \
				"$(sed -n 's/^ABORT seq //p' text)"
		)
	}
}

@test "filter sink: ABORT is 76, goes on unchanged and leaves no file" {
	each abort_goes_on filter sink
}

terminals_are_refused() {
	local command
	printf -v command '%q ' "$1" "${ARGS[@]}"
	if [[ $ROLE != source ]]; then
		script -qec "$command" /dev/null </dev/null >out || [[ $? == 64 ]]
		grep -q 'standard input is a terminal' out
		if [[ $(line operands "$1") == *FILE* ]]; then
			script -qec "$command -" /dev/null </dev/null >out || [[ $? == 64 ]]
			grep -q 'standard input is a terminal' out
		fi
	fi
	if [[ $ROLE != sink ]]; then
		[[ -e in ]] || : >in
		script -qec "$command < in" /dev/null </dev/null >out || [[ $? == 64 ]]
		grep -q 'standard output is a terminal' out
	elif has_option "$1" name; then
		script -qec "$command < in" /dev/null </dev/null >out || [[ $? == 64 ]]
		grep -q 'standard output is a terminal' out
		script -qec "$command --pass -o result < in" /dev/null </dev/null >out || [[ $? == 64 ]]
		grep -q 'standard output is a terminal' out
		no_files result
	fi
}

@test "source filter sink: a terminal is refused with 64 and a hint" {
	each terminals_are_refused source filter sink
}

full_devices_are_noticed() {
	local code=0
	[[ -e in ]] || : >in
	local pass=()
	! fills_folder "$1" || pass=(--pass)
	"$1" "${ARGS[@]}" "${pass[@]}" <in >/dev/full 2>err || code=$?
	[[ $code == 74 ]]
	says "$1: " 'No space left'
}

@test "source filter sink: /dev/full for its output is 74" {
	each full_devices_are_noticed source filter sink
}

closed_output_is_null() {
	[[ -e in ]] || : >in
	"$1" "${ARGS[@]}" <in >&- 2>err
	gather "$1" result
	"$1" "${ARGS[@]}" <in >out 2>&-
	gather "$1" result
	if [[ $ROLE == sink ]]; then
		into "$1" result
		"$1" "${ARGS[@]}" "${INTO[@]}" <in >&- 2>&-
		gather "$1" result
		[[ -s result ]]
	fi
}

@test "source filter sink: closed standard output and error are the null device" {
	each closed_output_is_null source filter sink
}

# A pipe whose reader has left, on descriptor 4.
without_reader() {
	rm -f fifo
	mkfifo fifo
	exec 3<>fifo
	exec 4>fifo
	exec 3>&-
}

leaving_is_quiet() {
	local code=0
	[[ -e in ]] || : >in
	without_reader
	"$1" "${ARGS[@]}" <in >&4 2>err || code=$?
	[[ $code == 141 && ! -s err ]]
	(
		trap '' PIPE
		exec "$1" "${ARGS[@]}" <in >&4 2>err
	) || code=$?
	[[ $code == 141 && ! -s err ]]
}

@test "source filter: a reader that leaves is 141, without a word" {
	each leaving_is_quiet source filter
}

passing_goes_on_alone() {
	local code=0
	without_reader
	run_to alone "$1" <in
	into "$1" result
	"$1" "${ARGS[@]}" <in --pass "${INTO[@]}" >&4 2>err || code=$?
	gather "$1" result
	[[ $code == 141 && ! -s err ]]
	same alone result
}

@test "sink: with --pass it finishes its file when the reader leaves, and exits 141" {
	each passing_goes_on_alone sink
}

passing_passes() {
	run_to alone "$1" <in
	into "$1" result
	"$1" "${ARGS[@]}" --pass "${INTO[@]}" <in >passed
	gather "$1" result
	same alone result
	same in passed
	MANY=1
	cat in | "$1" "${ARGS[@]}" --pass "${INTO[@]}" >passed
	same in passed
	! fills_folder "$1" || return 0
	expect 64 "$1" "${ARGS[@]}" --pass <in
	says --pass -o
}

@test "sink: --pass forwards every byte" {
	each passing_passes sink
}

outputs_are_checked() {
	local path last paths=(folder pipe link nowhere/file folder/)
	! fills_folder "$1" || return 42
	last=$(outputs "$1" '' | tail -n 1)
	mkdir "folder$last"
	mkfifo "pipe$last"
	ln -s elsewhere "link$last"
	cp in "copy$last"
	[[ $last ]] || paths+=(/dev/null)
	for path in "${paths[@]}"; do
		expect 73 "$1" "${ARGS[@]}" -o "$path" <in
		says "$path" 'cannot create'
	done
	expect 73 "$1" "${ARGS[@]}" -o "$PWD/copy" <"copy$last"
	says 'the input itself'
	same in "copy$last"
	echo mine >"result$last"
	expect 73 "$1" "${ARGS[@]}" --no-clobber -o result <in
	says no-clobber
	[[ $(<"result$last") == mine ]]
	head -c 300 in | expect 76 "$1" "${ARGS[@]}" -o result
	[[ $(<"result$last") == mine ]]
	"$1" "${ARGS[@]}" -o result <in
	[[ $(head -c 5 "result$last") != mine ]]
	no_files elsewhere
}

@test "sink: -o takes a file or nothing, and replaces it whole" {
	each outputs_are_checked sink
}

disks_fill_up() {
	local code=0 files
	into "$1" result
	(
		ulimit -f 0
		exec "$1" "${ARGS[@]}" "${INTO[@]}" <in
	) 2> >(cat >err) || code=$?
	[[ $code == 74 ]]
	mapfile -t files < <(outputs "$1" result)
	no_files "${files[@]}"
	! fills_folder "$1" || nothing_unfinished "${ARGS[-1]}"
}

@test "sink: a file that cannot grow is 74 and does not appear" {
	each disks_fill_up sink
}

leftovers_are_swept() {
	local files file
	! fills_folder "$1" || return 42
	mapfile -t files < <(outputs "$1" result)
	for file in "${files[@]}"; do : >".$file.99999999-0.part"; done
	: >.other.99999999-0.part
	"$1" "${ARGS[@]}" -o result <in
	for file in "${files[@]}"; do [[ ! -e .$file.99999999-0.part ]]; done
	[[ -e .other.99999999-0.part ]]
	rm .other.99999999-0.part
	no_files
}

@test "sink: what a kill left is swept by the next start" {
	each leftovers_are_swept sink
}

# wait_for_sleep PID: until the process waits for its FIFO.
wait_for_sleep() {
	local i
	for ((i = 0; i < 200; i++)); do
		[[ $(awk '/^State/ { print $2 }' "/proc/$1/status") != S ]] || return 0
		sleep 0.01
	done
	return 1
}

privileges_are_least() {
	local pid status
	mkfifo input
	"$1" "${ARGS[@]}" -j 2 <input >out 2>err &
	pid=$!
	exec 5>input
	head -c 128 in >&5
	sleep 0.05
	wait_for_sleep $pid
	status=$(cat /proc/$pid/task/*/status)
	exec 5>&-
	wait $pid && return 1
	[[ $status == *NoNewPrivs:?1* && $status != *NoNewPrivs:?0* ]]
	# each thread by itself
	[[ ${SANITIZED:-} ]] || [[ $status == *Seccomp:?2* && $status != *Seccomp:?[01]* ]]
}

@test "filter sink: privileges are given up before it waits for the first byte" {
	each privileges_are_least filter sink
}

interrupts_wait() {
	local pid
	mkfifo input
	"$1" "${ARGS[@]}" <input >out 2>err &
	pid=$!
	exec 5>input
	head -c 128 in >&5
	sleep 0.05
	wait_for_sleep $pid
	kill -INT $pid
	tail -c +129 in >&5
	exec 5>&-
	wait $pid
}

# Children in the background of a script ignore INT; as a job of its own this one does not.
@test "filter sink: the first INT waits for the end of the stream" {
	set -m
	each interrupts_wait filter sink
}

terms_leave_nothing() {
	local pid code=0 files
	mkfifo input
	if [[ $ROLE == sink ]]; then
		into "$1" result
		"$1" "${ARGS[@]}" "${INTO[@]}" <input 2>err &
	else
		"$1" "${ARGS[@]}" <input >result 2>err &
	fi
	pid=$!
	exec 5>input
	head -c 500 in >&5
	sleep 0.05
	wait_for_sleep $pid
	kill -TERM $pid
	wait $pid || code=$?
	exec 5>&-
	[[ $code == 143 ]]
	mapfile -t files < <(outputs "$1" result)
	[[ $ROLE != sink ]] || no_files "${files[@]}"
	! fills_folder "$1" || nothing_unfinished "${ARGS[-1]}"
}

@test "filter sink: TERM is 143 and leaves no file" {
	each terms_leave_nothing filter sink
}

tools_have_no_stream() {
	expect 0 "$1" "${ARGS[@]}" </dev/null
	"$1" "${ARGS[@]}" >/dev/full 2>err </dev/null && return 1
	says "$1: "
}

@test "tool: its example runs, and /dev/full is an error" {
	each tools_have_no_stream tool
}
