# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034,SC2154
# The functions of compiled scripts: template-compile puts those that a script uses into it, each
# from its line "#: NAME" to the next. What they share:
#   me     the script's name, for messages
#   name   the template's, for the work folder
#   start  the folder that the script was called in
#   out    the output folder, from / on
#   work   the work folder beneath it, where the script is and all is made
#: stop
# stop CODE WORDS …: says why, and ends.
stop() {
	printf '%s: %s\n' "$me" "${*:2}" >&2
	exit "$1"
}
#: warn
warn() {
	printf '%s: warning: %s\n' "$me" "$*" >&2
}
#: verdict
# verdict STATUS …: what the statuses of a pipeline come to, from left to right: the first failure
# that was not caused by another (76: upstream has failed, 141: downstream had enough), see leat(1).
verdict() {
	local status
	for status; do
		[[ $status == 0 || $status == 76 || $status == 141 ]] || return "$status"
	done
	for status; do
		[[ $status != 76 ]] || return 76
	done
	return "${!#}"
}
#: retry
# retry MAX DELAY FACTOR STEP FUNCTION: tries again, at most MAX times, what another try may mend;
# wrong data and wrong words it does not. Each delay is FACTOR times the one before.
retry() {
	local max=$1 delay=$2 factor=$3 tries=0 code
	while true; do
		code=0
		"$5" || code=$?
		case $code in 0 | 1 | 64 | 65 | 66 | 70 | 73 | 78) return "$code" ;; esac
		((tries++ < max)) || return "$code"
		warn "step $4: exit $code: try $tries of $max follows in $delay s"
		sleep "$delay"
		delay=$(awk "BEGIN { print $delay * $factor }")
	done
}
#: leave_out
# leave_out CODE STEP TO FROM …: an optional step has failed; what it took goes on in its place.
leave_out() {
	warn "step $2: exit $1: it is optional, and left out"
	: >"$2${label+.$label}.failed"
	rm -rf -- "$3"
	if (($# == 4)); then
		ln -- "$4" "$3"
	elif (($# > 4)); then
		stream-cat -- "${@:4}" >"$3"
	fi
}
#: go_on
# go_on CODE STEP FILE …: a step that may fail has; what it made goes, unless it has only said "no".
go_on() {
	warn "step $2: exit $1: the rest goes on"
	: >"$2${label+.$label}.failed"
	(($1 == 1)) || rm -rf -- "${@:3}"
}
#: fan_out
# fan_out FIFO …: makes FIFOs, and holds an end of each to write to. So neither who reads nor who
# writes waits for the other for ever, should this script be killed before both are there.
fan_out() {
	local fifo any end
	rm -f -- "$@"
	mkfifo -- "$@"
	for fifo; do
		# shellcheck disable=SC2004,SC2094
		exec {any}<>"$fifo" {end}>"$fifo" {any}>&- && ends[$fifo]=$end
	done
}

# let_go FIFO …: closes the ends of all but these, which a process is to write to.
let_go() {
	local fifo end
	for fifo in "${!ends[@]}"; do
		[[ " $* " != *" $fifo "* ]] || continue
		end=${ends[$fifo]}
		exec {end}>&-
		unset "ends[$fifo]"
	done
}
#: list
# list INPUT MIN EXTENSIONS PATH …: makes INPUT.list, each name ended by NUL; of a folder those with
# one of the extensions.
list() {
	local input=$1 min=$2 extensions=$3 extension path file files=()
	shift 3
	for path; do
		[[ $path == /* ]] || path=$start/$path
		if [[ -d $path ]]; then
			for file in "$path"/*; do
				[[ -f $file ]] || continue
				for extension in ${extensions:-''}; do
					[[ ${file,,} != *".$extension" ]] || break
				done
				[[ -z $extensions || ${file,,} == *".$extension" ]] || continue
				files+=("$file")
			done
		elif [[ -e $path ]]; then
			files+=("$path")
		else
			stop 66 "input $input: ${path@Q}: no such file or folder"
		fi
	done
	(($# == 0 || ${#files[@]} >= min)) ||
		stop 66 "input $input: ${#files[@]} files: needs $min or more${extensions:+, ending in $extensions}"
	: >"$input.list"
	((${#files[@]} == 0)) || printf '%s\0' "${files[@]}" >"$input.list"
}
#: path
# path INPUT -f|-d PATH …: the same of an input that is one file (-f) or one folder (-d).
path() {
	local input=$1 test=$2 path=${3-}
	(($# <= 3)) || stop 64 "input $input: $(($# - 2)) paths: takes one"
	: >"$input.list"
	[[ -n $path ]] || return 0
	[[ $path == /* ]] || path=$start/$path
	case $test in
	-f) [[ -e $path && ! -d $path ]] || stop 66 "input $input: ${path@Q}: no such file" ;;
	-d) [[ -d $path ]] || stop 66 "input $input: ${path@Q}: no such folder" ;;
	esac
	printf '%s\0' "$path" >"$input.list"
}
#: stem
# stem LIST …: sets stem, by which products are called, from the first file that is listed.
stem() {
	local list file
	for list; do
		[[ -s $list ]] || continue
		IFS= read -r -d '' file <"$list"
		while [[ $file == */ ]]; do file=${file%/}; done
		stem=${file##*/}
		[[ ! -f $file ]] || stem=${stem%.[fg]z}
		[[ ! -f $file ]] || stem=${stem%.*}
		stem=${stem:0:64}
		stem=${stem//[!A-Za-z0-9._+-]/_}
		case $stem in '' | [.-]*) stem=_${stem:1} ;; esac
		return
	done
}
#: split
# split LIST KEY: makes LIST.LABEL.list for each file (KEY "frames"), or for the files of each value
# of a key of the metadata, and LIST.labels.
split() {
	local list=$1 key=$2 file label stem labels=() files=()
	local -A seen=()
	[[ ! -s $list.list ]] || mapfile -d '' -t files <"$list.list"
	for file in "${files[@]}"; do
		if [[ $key == frames ]]; then
			printf -v label '%04d' "$((${#labels[@]} + 1))"
		else
			label=$({ fits-read -- "$file" | stream-head -n 2 || true; } 2>/dev/null |
				sed -n "s/^  [%~]\{0,1\}$key //p" | tail -n 1)
			[[ -n $label ]] || stop 65 "${file@Q}: has no $key to be told apart by"
			label=${label//[!A-Za-z0-9._+-]/_}
			label=_${label:0:64}
		fi
		if [[ -z ${seen[$label]-} ]]; then
			labels+=("$label")
			seen[$label]=1
			: >"$list.$label.list"
		fi
		printf '%s\0' "$file" >>"$list.$label.list"
	done
	seen=()
	for label in "${labels[@]}"; do
		stem "$list.$label.list"
		[[ -z ${seen[$stem]-} ]] ||
			stop 65 "input $list: two files are called $stem, and so would be what is made of them"
		seen[$stem]=1
		printf '%s' "$stem" >"$list.$label.stem"
	done
	: >"$list.labels"
	((${#labels[@]} == 0)) || printf '%s\n' "${labels[@]}" >"$list.labels"
}
#: begin
# begin: makes the work folder and goes there. Those that a kill has left are swept: nobody holds
# their lock, which every stage of a running script does.
begin() {
	local left
	[[ $out == /* ]] || out=$PWD/$out
	mkdir -p -- "$out" || stop 73 "output folder ${out@Q}: cannot be made"
	for left in "$out/.leat-$name".????????; do
		[[ ! -d $left ]] || flock -n "$left/lock" rm -rf -- "$left" || true
	done
	while true; do
		work=$(mktemp -d -- "$out/.leat-$name.XXXXXXXX") || stop 73 "output folder ${out@Q}: not writable"
		# Another script may have swept it before it was locked.
		{ exec 9>"$work/lock"; } 2>/dev/null && flock -n 9 && [[ -e $work/lock ]] && break
	done
	trap leave EXIT
	cd -- "$work" || stop 73 "work folder ${work@Q}: cannot go there"
	mkdir products
}

# What a signal leaves running is stopped; the work folder goes.
leave() {
	stop_children "$$"
	rm -rf -- "$work"
}

stop_children() {
	local child children=
	{ read -r children <"/proc/$1/task/$1/children"; } 2>/dev/null || true
	for child in $children; do
		stop_children "$child"
		kill "$child" 2>/dev/null || true
	done
}
#: keep
# keep NAME …: no input, and no folder, may be lost to a product of that name.
keep() {
	local product list inputs input
	for product; do
		[[ -e $out/$product ]] || continue
		[[ ! -d $out/$product ]] || stop 73 "$product: is a folder in the output folder"
		for list in *.list; do
			[[ -s $list ]] || continue
			mapfile -d '' -t inputs <"$list"
			for input in "${inputs[@]}"; do
				[[ ! $input -ef $out/$product ]] ||
					stop 73 "$product: would replace the input ${input@Q}: choose another --out"
			done
		done
	done
}
#: once
# once NAME …: no two products may have one name, of which one would be lost.
once() {
	local name
	local -A seen=()
	for name; do
		[[ -z ${seen[$name]-} ]] || stop 65 "two products are called $name: outputs must tell them apart"
		seen[$name]=1
	done
}
#: gather
# gather: sets products to all that was made, the lists of sets last, safe on the disk; none of them
# has the name of another or of an input.
gather() {
	local product
	products=()
	for product in products/* ./*.products/*; do
		[[ $product == *.manifest || ! -e $product ]] || products+=("$product")
	done
	for product in products/*.manifest ./*.products/*.manifest; do
		[[ ! -e $product ]] || products+=("$product")
	done
	((${#products[@]})) || return 0
	once "${products[@]##*/}"
	keep "${products[@]##*/}"
	sync -- "${products[@]}" || stop 74 "cannot write what was made"
}
#: publish
# publish: all that was made gets its name in the output folder, the lists of sets at last.
publish() {
	local product products
	gather
	for product in "${products[@]}"; do
		mv -fT -- "$product" "$out/${product##*/}" || stop 73 "${product##*/}: cannot be put in place"
	done
	sync -- "$out" || true
}
#: renew
# renew: of a Makefile's inputs, as they are now in new/, those that have changed take the place of
# the ones before; a file that has changed makes its list new too. Published names that are gone are
# to be published again.
renew() {
	local new file label product products=() files
	# Another Makefile's work is of no use.
	cmp -s rules ../rules || for file in ../*; do
		[[ $file == ../new || $file == ../lock ]] || rm -rf -- "$file"
	done
	# What a step made of an element that is gone goes too; one that failed and was left out is
	# tried again.
	for file in ../*.labels; do
		[[ -e $file ]] || continue
		while IFS= read -r label; do
			grep -qxF -e "$label" "${file#../}" 2>/dev/null || rm -rf -- ../*".$label".*
		done <"$file"
	done
	for file in ../*.failed; do
		[[ ! -e $file ]] || rm -f -- "$file" "${file%.failed}.done"
	done
	for new in *.list; do
		[[ -s $new ]] || continue
		mapfile -d '' -t files <"$new"
		stat -L -c '%s %y' -- "${files[@]}" >"$new.stat"
	done
	for file in ../*.list ../*.stem ../*.labels; do
		[[ -e ${file#../} ]] || rm -f -- "$file"
	done
	for new in *.list *.labels stem *.stem rules; do
		[[ -e $new ]] || continue
		if cmp -s -- "$new" "../$new"; then
			[[ -e $new.stat ]] || continue
			! cmp -s -- "$new.stat" "../$new.stat" || continue
		fi
		[[ ! -e $new.stat ]] || mv -- "$new.stat" "../$new.stat"
		mv -- "$new" "../$new"
	done
	[[ ! -e ../published ]] || mapfile -t products <../published
	for product in "${products[@]}"; do
		[[ -e $out/$product ]] || rm -f ../published
	done
}
#: place
# place: the products of a Makefile get their names in the output folder, the lists of sets at last;
# they stay here too, as other names of the same files where the file system can do that.
place() {
	local product base products
	gather
	for product in "${products[@]}"; do
		base=${product##*/}
		ln -f -- "$product" publishing 2>/dev/null || cp -- "$product" publishing ||
			stop 74 "$base: cannot be copied"
		[[ ! publishing -ef $out/$base ]] || rm -f -- "$out/$base"
		mv -fT -- publishing "$out/$base" || stop 73 "$base: cannot be put in place"
	done
	sync -- "$out" || true
	printf '%s\n' "${products[@]##*/}" >published.part
	mv published.part published
}
