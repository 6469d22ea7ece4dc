#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Compiled templates, run: what they make, and what they leave when something fails. Which templates
# are refused, and with which words, is in template-errors.bats.
#
# shellcheck disable=SC2016,SC2103

bats_require_minimum_version 1.5.0
load ../common

REFERENCE=${LEAT_SHARED:-$ROOT/../shared}/reference/templates

# reference NAME: the template as it was asked for, where it is; else the shipped one.
reference() {
	[[ -e $REFERENCE/$1.yaml ]] && echo "$REFERENCE/$1.yaml" || echo "$ROOT/templates/$1.yaml"
}

# sky_files FOLDER [OPTION …]: frames of 96 x 80 as FOLDER/f_N.fits.
sky_files() {
	local folder=$1
	shift
	mkdir -p "$folder"
	night "$@" | fits-write --name "$folder/f_{n}.fits"
	rm "$folder"/*.manifest
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	PATH=$PWD/path:$PATH # where stand_in puts another leat
}

# alone FOLDER NAME …: the folder holds these and nothing else, hidden ones included.
alone() {
	local folder=$1
	shift
	diff <((($# == 0)) || printf '%s\n' "$@" | sort) <(find "$folder" -mindepth 1 -printf '%P\n' | sort) >&2
}

# stand_in NAME < SCRIPT: from now on scripts find this in place of the command; others are the real ones.
stand_in() {
	[[ -d stand-in ]] || {
		mkdir stand-in path
		ln -s "$LIBEXEC"/* stand-in
		printf '#!/bin/sh\necho "%s"\n' "$PWD/stand-in" >path/leat
		chmod +x path/leat
	}
	rm -f "stand-in/$1"
	cat >"stand-in/$1"
	chmod +x "stand-in/$1"
}

@test "template-compile: the templates that were asked for compile as written" {
	for name in seestar-quick full-calibration-stack narrowband; do
		expect 0 template-compile "$(reference "$name")"
		bash -n out
	done
	expect 69 template-compile "$(reference mosaic)"
	grep -q 'mosaic.yaml:4:16: operation plate_solve: not built yet' err
	[[ ! -s out ]]
	diff -r "$(dirname "$(reference mosaic)")" "$ROOT/templates" | (! grep '^[<>]') >&2
}

@test "template-compile: every shipped script and Makefile is clean, and the same a second time" {
	needs spec-plot qa-gate
	for file in "$ROOT"/templates/*.yaml; do
		[[ $file != */mosaic.yaml ]] || continue
		expect 0 template-compile "$file"
		shellcheck out >&2
		cp out first
		template-compile "$file" 2>/dev/null | cmp - first
		template-compile --target make "$file" >first.mk 2>/dev/null
		template-compile --target make "$file" 2>/dev/null | cmp - first.mk
		template-compile --plan "$file" 2>/dev/null | /usr/bin/python3 -m json.tool >/dev/null
		template-compile --dot "$file" 2>/dev/null | grep -q '^digraph'
	done
}

@test "template-compile: a quick picture, whatever its file is called" {
	sky_files in
	template-compile -o quick.sh "$(reference seestar-quick)"
	names=($'new\nline' "it's" '-rf' '$(touch canary)' '`touch canary`' 'a  b' '"q"' $'\xff\xfe' 'x;touch canary' '*' '~' '#' '%s')
	for name in "${names[@]}"; do
		mkdir -p "d/$name"
		cp in/f_0.fits "d/$name/$name.fits"
		expect 0 ./quick.sh --out "p/$name" image="d/$name/$name.fits"
		[[ $(find "p/$name" -type f -printf x) == xx && ! -e canary && ! -s err ]]
	done
	fits-read in/f_0.fits | stretch --method arcsinh --black-point 0.001 | color-balance --method auto |
		export-png --pass -o hand.png | export-jpeg -o hand.jpg
	expect 0 ./quick.sh --out made image=in/f_0.fits
	[[ ! -s out && ! -s err ]]
	alone made f_0.png f_0.jpeg
	same made/f_0.png hand.png
	same made/f_0.jpeg hand.jpg
	[[ ! -e canary ]]
}

@test "template-compile: calibration and stack by both targets, as by hand" {
	for kind in bias dark flat; do sky_files "$kind" --kind "$kind"; done
	sky_files lights --cfa RGGB --seed 4
	rm -r lights
	LIGHTS=5 sky_files lights
	args=(lights=lights darks=dark flats=flat bias=bias)
	template-compile -q --backend siril=builtin -o full.sh "$(reference full-calibration-stack)"
	expect 0 ./full.sh --out made "${args[@]}"
	alone made f_0.fits
	for kind in bias dark; do fits-read "$kind"/* | master --kind "$kind" | fits-write -o "m.$kind.fits"; done
	fits-read flat/* | master --kind flat --bias m.bias.fits | fits-write -o m.flat.fits
	fits-read lights/* | fits-calibrate --bias m.bias.fits --dark m.dark.fits --flat m.flat.fits |
		debayer | register | stack | stretch --method arcsinh >hand.leat
	fits-read made/f_0.fits | stream-payload -o made.raw
	stream-payload -o hand.raw <hand.leat
	same made.raw hand.raw

	template-compile -q --backend siril=builtin --target make -o full.mk "$(reference full-calibration-stack)"
	expect 0 make -j4 -f full.mk OUT=by_make "${args[@]}"
	same by_make/f_0.fits made/f_0.fits
	expect 0 make -f full.mk OUT=by_make "${args[@]}"
	grep -q 'Nothing to be done' out
	expect 0 make -q -f full.mk OUT=by_make "${args[@]}"

	# A flat that changes makes the master of flats anew, and what follows on it, but no other.
	touch -d '+1 minute' flat/f_1.fits
	make -n -f full.mk OUT=by_make "${args[@]}" | grep touch >remade
	printf 'touch calibrate.flat.done\ntouch calibrate.done\n' | diff - remade >&2
	expect 0 make -f full.mk OUT=by_make clean
	alone by_make f_0.fits
}

@test "template-compile: inputs that are needed, and those that are not" {
	sky_files lights
	sky_files darks --kind dark
	template-compile -q --backend siril=builtin -o full.sh "$(reference full-calibration-stack)"
	expect 66 ./full.sh lights=lights
	says 'full.sh: input darks: missing: step calibrate (full-calibration-stack.yaml:4) needs it for its use_darks'
	template-compile -q --backend siril=builtin -o some.sh --set calibrate.use_flats=false \
		--set calibrate.use_bias=false "$(reference full-calibration-stack)"
	expect 0 ./some.sh --out made lights=lights darks=darks
	expect 64 ./some.sh flats=darks
	says 'some.sh: ' 'must be --out DIR or lights=PATH, darks=PATH'
	expect 66 ./some.sh --out made lights=nowhere darks=darks
	says "input lights: '$PWD/nowhere': no such file or folder"
	mkdir empty
	expect 66 ./some.sh --out made lights=empty darks=darks
	says 'input lights: 0 files: needs 1 or more, ending in fits fit fz'
	alone made f_0.fits
	expect 0 ./some.sh --help
	grep -q '^usage: SCRIPT' out
	grep -q 'lights=PATH' out

	# Without a word on masters, those are taken that are given.
	printf 'name: x\nsteps:\n  - operation: calibrate\noutputs: {calibrate: "{stem}_{n}"}\n' >plain.yaml
	template-compile -o plain.sh plain.yaml
	expect 0 ./plain.sh --out two lights=lights darks=darks
	fits-info two/f_0_0.fits | grep -q "CALSTAT = 'BD"
	expect 64 ./plain.sh --out two lights=lights
}

@test "template-compile: narrowband from three filters, or two" {
	for f in ha oiii sii; do night --count 1 --shift 1 | fits-write -o "$f.fits"; done
	template-compile -q --backend siril=builtin -o nb.sh "$(reference narrowband)"
	expect 0 ./nb.sh --out sho ha=ha.fits oiii=oiii.fits sii=sii.fits
	alone sho ha.fits
	fits-read ha.fits oiii.fits sii.fits | channel-align |
		channel-combine --map SHO --names ha,oiii,sii | stretch | stream-payload -o hand.raw
	fits-read sho/ha.fits | stream-payload -o made.raw
	same made.raw hand.raw
	expect 65 ./nb.sh --out none ha=ha.fits oiii=oiii.fits
	alone none
	template-compile -q --backend siril=builtin --set channel_combine.mapping=HOO -o hoo.sh "$(reference narrowband)"
	expect 0 ./hoo.sh --out hoo ha=ha.fits oiii=oiii.fits
	expect 64 ./hoo.sh ha=ha.fits ha=oiii.fits oiii=oiii.fits
	says 'input ha: 2 paths: takes one'
}

@test "template-compile: two pictures of a capture that is read once" {
	needs spec-plot
	cp -r "$(captures)/blocks" capture
	args=(--set fft_slice.size=64 --set fft_slice.average=2)
	template-compile drf-overview "${args[@]}" -o both.sh
	grep -q 'tee -p' both.sh
	expect 0 ./both.sh --out made capture=capture
	alone made capture_waterfall.png capture_spectrum.png
	drf-read capture | fft-slice --size 64 --average 2 | waterfall | export-png -o hand.png
	same made/capture_waterfall.png hand.png
	template-compile drf-overview "${args[@]}" --target make -o both.mk
	expect 0 make -f both.mk OUT=by_make capture=capture
	same by_make/capture_spectrum.png made/capture_spectrum.png

	# A branch that dies, at once or midway, or that is not there, takes all with it.
	for dies in 'exit 70' 'head -c 100000 >/dev/null; kill -9 $$' 'exec /nowhere/x'; do
		printf '#!/bin/bash\n%s\n' "$dies" | stand_in spec-plot
		code=0
		timeout 20 ./both.sh --out none capture=capture 2>err || code=$?
		((code != 0 && code != 124 && code != 76))
		alone none
	done
}

# by_the_rule STATUS …: sets rule by leat(1), word by word, in another way than the script.
by_the_rule() {
	local i j status=("$@") left
	for ((i = 0; i < $#; i++)); do
		rule=${status[i]}
		[[ $rule == 0 || $rule == 76 || $rule == 141 ]] || return 0
	done
	rule=76
	[[ " $* " != *' 76 '* ]] || return 0
	rule=141
	for ((i = 0; i < $#; i++)); do
		[[ ${status[i]} == 141 ]] || continue
		left=
		for ((j = i + 1; j < $#; j++)); do
			[[ ${status[j]} != 0 ]] || left=1
		done
		[[ $left ]] || return 0
	done
	rule=0
}

@test "template-compile: the verdict on every pipeline of up to four stages" {
	eval "$(sed -n '/^verdict() {/,/^}/p' "$ROOT/templates/script.bash")"
	codes=(0 1 65 76 137 141)
	for a in "${codes[@]}"; do
		for b in '' "${codes[@]}"; do
			for c in '' ${b:+"${codes[@]}"}; do
				for d in '' ${c:+"${codes[@]}"}; do
					# shellcheck disable=SC2086
					set -- $a $b $c $d
					code=0
					verdict "$@" || code=$?
					by_the_rule "$@"
					[[ $code == "$rule" ]] || {
						echo "$*: $code" >&2
						false
					}
				done
			done
		done
	done
	# And a real one.
	bash -euo pipefail -c "$(declare -f verdict)"'
		run() { (exit 65) | (exit 76) | true || verdict "${PIPESTATUS[@]}"; }
		code=0; run || code=$?; [[ $code == 65 ]]
		run() { yes | head -n 1 || verdict "${PIPESTATUS[@]}"; }
		run'
}

@test "template-compile: streams that part and join again do so through files" {
	sky_files in
	cat >join.yaml <<-'EOF'
		name: join
		steps:
		  - operation: stack
		  - {id: a, operation: stretch, from: stack, params: {method: linear}}
		  - {id: b, operation: stretch, from: stack, params: {method: log}}
		  - {operation: image_stats, from: [a, b]}
		  - {operation: export, from: a, params: {formats: [png]}}
	EOF
	template-compile -o join.sh join.yaml
	expect 0 timeout 30 ./join.sh --out made image=in
	alone made f_0.txt f_0.png
	template-compile --target make -o join.mk join.yaml
	expect 0 timeout 30 make -j3 -f join.mk OUT=by_make image=in
	same made/f_0.txt by_make/f_0.txt
	same made/f_0.png by_make/f_0.png
}

@test "template-compile: each frame by itself, and the files of each filter" {
	LIGHTS=2 sky_files in
	cp in/f_0.fits 'in/g h.fits'
	template-compile quick-dso -o each.sh
	expect 0 ./each.sh --out made image=in
	alone made f_0.jpeg f_1.jpeg g_h.jpeg
	same made/f_0.jpeg made/g_h.jpeg
	mkdir other
	cp in/f_0.fits other
	expect 65 ./each.sh --out none image=in image=other
	says 'two files are called f_0'
	alone none
	template-compile quick-dso --target make -o each.mk
	expect 0 make -j3 -f each.mk OUT=by_make image='in/*.fits'
	same by_make/f_1.jpeg made/f_1.jpeg
	expect 0 ./each.sh --out wild in/*.fits
	same wild/f_1.jpeg made/f_1.jpeg
	expect 64 ./each.sh nowhere.fits
	expect 0 make -q -f each.mk OUT=by_make image='in/*.fits'
}

@test "template-compile: elements of a scatter part into branches, and may fail one by one" {
	sky_files in
	cat >branches.yaml <<-'EOF'
		name: branches
		steps:
		  - {operation: debayer, scatter: frames}
		  - {id: a, operation: stretch, from: debayer, scatter: frames}
		  - {id: b, operation: star_find, from: debayer, scatter: frames}
		outputs: {a: "{stem}_a"}
	EOF
	template-compile -o branches.sh branches.yaml
	template-compile --target make -o branches.mk branches.yaml
	expect 0 ./branches.sh --out made image=in
	alone made f_{0,1,2}.csv f_{0,1,2}_a.fits
	expect 0 timeout 60 make -j4 -f branches.mk OUT=by_make image='in/*'
	for file in made/*; do same "$file" "by_make/${file##*/}"; done

	cat >some.yaml <<-'EOF'
		name: some
		steps:
		  - {operation: stretch, scatter: frames, on_fail: continue}
		  - {operation: image_stats}
	EOF
	template-compile -o some.sh some.yaml
	template-compile --target make -o some.mk some.yaml
	head -c 5000 in/f_1.fits >short && cp short in/f_1.fits
	expect 0 ./some.sh --out some image=in
	grep -q 'warning: step stretch: exit 65: the rest goes on' err
	alone some f_0.txt
	[[ $(grep -c . some/f_0.txt) == "$(fits-read in/f_0.fits in/f_2.fits | stretch | image-stats | grep -c .)" ]]
	expect 0 make -j3 -f some.mk OUT=some_make image='in/*'
	same some/f_0.txt some_make/f_0.txt
	for n in 0 2; do cp short "in/f_$n.fits"; done
	expect 0 ./some.sh --out none image=in
	alone none
	expect 0 make -f some.mk OUT=none_make image='in/*'
	[[ ! -e none_make/f_0.txt ]]
}

@test "template-compile: the stacks of each filter become one picture" {
	for filter in Ha OIII SII; do
		for n in 0 1 2; do
			night --count 1 --seed 1 --shift "$n" | fits-write -o "$n.fits"
			# The card INSTRUME makes room for the filter.
			sed "s/INSTRUME= 'sky-gen '.\{20\}/$(printf "%-40s" "FILTER  = '$filter'")/" "$n.fits" >"$filter-$n.fits"
			rm "$n.fits"
		done
	done
	fits-read Ha-0.fits | stream-head -n 2 | grep -q 'filter Ha'
	cat >night.yaml <<-'EOF'
		name: night
		steps:
		  - {operation: register, scatter: filter}
		  - {operation: stack, scatter: filter, gate: {min: {stack_count: 3}}}
		  - operation: channel_align
		  - {operation: channel_combine, params: {mapping: SHO}}
		outputs: {channel_combine: "{object}_{date}"}
	EOF
	needs qa-gate
	template-compile -o night.sh night.yaml
	expect 0 ./night.sh --out made image=.
	alone made synthetic_2025-01-15.fits set.manifest
	fits-read made/*.fits | stream-head -n 2 | grep -q '\[3\]\[80\]\[96\]'
	template-compile --target make -o night.mk night.yaml
	expect 0 make -j4 -f night.mk OUT=by_make image='*.fits'
	same made/synthetic_2025-01-15.fits by_make/synthetic_2025-01-15.fits
	rm SII-2.fits
	expect 1 ./night.sh --out none image=.
	alone none
}

@test "template-compile: optional, on_fail, retry, timeout, gate" {
	needs qa-gate
	sky_files in
	cat >steps.yaml <<-'EOF'
		name: steps
		steps:
		  - operation: stack
		    retry: {max: 2, delay: 10ms}
		    timeout: 5s
		  - operation: stretch
		    optional: true
		  - id: good
		    operation: export
		    params: {formats: [png]}
		  - id: bad
		    operation: export
		    params: {formats: [tiff]}
		    on_fail: continue
	EOF
	template-compile -o steps.sh steps.yaml
	template-compile --target make -o steps.mk steps.yaml
	expect 0 ./steps.sh --out made image=in
	alone made f_0.png f_0.tiff

	# The optional step fails: linear frames go on.
	printf '#!/bin/sh\nexit 65\n' | stand_in stretch
	expect 0 ./steps.sh --out linear image=in
	says 'warning: step stretch: exit 65: it is optional, and left out'
	alone linear f_0.png f_0.tiff
	fits-read in/* | stack | export-png -o hand.png
	same linear/f_0.png hand.png
	expect 0 make -f steps.mk OUT=by_make image='in/*'
	same by_make/f_0.png hand.png

	# The one that may fail does.
	printf '#!/bin/sh\nexit 74\n' | stand_in export-tiff
	expect 0 ./steps.sh --out less image=in
	grep -q 'warning: step bad: exit 74: the rest goes on' err
	alone less f_0.png
	rm -r by_make
	expect 0 make -f steps.mk OUT=by_make image='in/*'
	[[ -e by_make/f_0.png && ! -e by_make/f_0.tiff ]]

	# What may work later is tried again, what will not is not; nor is it waited for without end.
	real=$LIBEXEC/stack
	printf '#!/bin/sh\necho x >>%q\n[ $(wc -l <%q) -ge 3 ] || exit 75\nexec %q "$@"\n' "$PWD/tries" "$PWD/tries" "$real" |
		stand_in stack
	expect 0 ./steps.sh --out again image=in
	[[ $(wc -l <tries) == 3 ]]
	printf '#!/bin/sh\necho x >>%q\nexit 65\n' "$PWD/tries2" | stand_in stack
	expect 65 ./steps.sh --out none image=in
	[[ $(wc -l <tries2) == 1 ]]
	alone none
	sed 's/5s/100ms/' steps.yaml >short.yaml
	template-compile -o short.sh short.yaml
	printf '#!/bin/sh\nexec sleep 30\n' | stand_in stack
	expect 124 timeout 20 ./short.sh --out none image=in
	alone none

	printf 'name: g\nsteps:\n  - operation: stack\n    gate: {min: {stack_count: 9}}\n' >gate.yaml
	rm -f stand-in/stack && ln -s "$real" stand-in/stack
	template-compile -o gate.sh gate.yaml
	expect 1 ./gate.sh --out none image=in
	grep -q 'stack_count: 3' err
	alone none
	echo '    on_fail: continue' >>gate.yaml
	template-compile -o gate.sh gate.yaml
	expect 0 ./gate.sh --out passed image=in
	alone passed f_0.fits
}

@test "template-compile: a value that looks like a name of ours is none" {
	cat >title.yaml <<-'EOF'
		name: title
		steps:
		  - operation: drf_read
		  - {operation: fft_slice, retry: {max: 1}}
		  - {operation: waterfall, params: {title: "products/$stem"}}
		  - {operation: export, params: {formats: [png]}, on_fail: continue}
	EOF
	template-compile title.yaml >script
	grep -qF -- "waterfall '--title=products/\$stem'" script
	grep -qF 'export-png -o export.products/"$stem".png' script
}

@test "template-compile: previews, and names by metadata" {
	sky_files in
	cat >names.yaml <<-'EOF'
		name: names
		steps:
		  - {operation: register, preview: true}
		  - {operation: stretch}
		  - {operation: export, params: {formats: [png, jpeg]}}
		outputs: {png: "{object}_{date}_{n:03}", jpeg: "{stem}-x.jpg"}
	EOF
	sed -i '/stretch/i\  - {operation: stack}' names.yaml
	template-compile -o names.sh names.yaml
	expect 0 ./names.sh --out 'made {here}' image=in
	alone 'made {here}' synthetic_2025-01-15_000.png set.manifest f_0-x.jpg f_0_register_preview.jpg
	template-compile --target make -o names.mk names.yaml
	expect 0 make -f names.mk OUT='made $$2' image=in
	same 'made $2/synthetic_2025-01-15_000.png' 'made {here}/synthetic_2025-01-15_000.png'
}

@test "template-compile: no product takes the place of an input, a folder, or of what was there if it fails" {
	sky_files in
	printf 'name: same\nsteps:\n  - operation: stack\n' >same.yaml
	template-compile -o same.sh same.yaml
	before=$(cat in/* | cksum)
	cd in
	expect 73 ../same.sh image=f_0.fits image=f_1.fits
	says 'f_0.fits: would replace the input'
	rm out err
	alone . f_0.fits f_1.fits f_2.fits
	cd ..
	ln -s ../in/f_1.fits in/link.fits
	mkdir -p made/f_0.fits
	expect 73 ./same.sh --out made image=in/f_0.fits
	says 'f_0.fits: is a folder in the output folder'
	rmdir made/f_0.fits
	echo before >made/f_0.fits
	printf '#!/bin/sh\nexit 65\n' | stand_in stack
	expect 65 ./same.sh --out made image=in/f_0.fits
	[[ $(<made/f_0.fits) == before ]]
	alone made f_0.fits
	rm in/link.fits
	[[ $(cat in/* | cksum) == "$before" ]]
	expect 73 ./same.sh --out "$PWD/same.yaml" image=in/f_0.fits
}

@test "template-compile: what a kill has left is swept, what runs is not" {
	sky_files in
	template-compile quick-dso -o quick.sh
	printf '#!/bin/sh\nexec sleep 30\n' | stand_in export-jpeg
	./quick.sh --out made image=in/f_0.fits &
	first=$!
	./quick.sh --out made image=in/f_1.fits &
	second=$!
	for ((i = 0; i < 200; i++)); do
		[[ $(pgrep -fc '^sleep 30$') -lt 2 ]] || break
		sleep 0.05
	done
	kill -9 "$first"
	[[ $(find made -maxdepth 1 -name '.leat-*' | wc -l) == 2 ]]
	# The stages of the killed one hold its lock still.
	ln -sf "$LIBEXEC/export-jpeg" stand-in/export-jpeg
	expect 0 ./quick.sh --out made image=in/f_2.fits
	[[ $(find made -maxdepth 1 -name '.leat-*' | wc -l) == 2 ]]
	kill "$second"
	wait "$second" && false
	for ((i = 0; i < 100; i++)); do
		[[ $(find made -maxdepth 1 -name '.leat-*' | wc -l) != 1 ]] || break
		sleep 0.05
	done
	pkill -f '^sleep 30$' || true
	sleep 0.2
	expect 0 ./quick.sh --out made image=in/f_2.fits
	alone made f_2.jpeg
}

@test "template-compile: from cron, from make, without a home or a terminal" {
	sky_files in
	template-compile quick-dso --input image=in/f_0.fits --out made -o quick.sh
	(cd / && env -i PATH=/usr/bin:/bin "$BATS_TEST_TMPDIR/quick.sh")
	alone made f_0.jpeg
	printf 'all:\n\t./quick.sh --out by_make\n' >Makefile
	make -s
	alone by_make f_0.jpeg
	mkdir bin
	ln -s "$(command -v bash)" "$(command -v env)" bin
	sed -i 's/^PATH=\$PATH:.*//' quick.sh
	code=0
	PATH=$PWD/bin ./quick.sh 2>err || code=$?
	[[ $code == 69 ]]
	grep -q 'quick.sh: leat: not found' err
}

@test "template-compile: extends takes over steps by their ids" {
	mkdir t
	cat >t/base.yaml <<-'EOF'
		name: base
		description: of the base
		steps:
		  - {operation: stretch, params: {method: linear, linked: true}}
		  - {id: out, operation: export, params: {formats: [png]}}
	EOF
	cat >t/mine.yaml <<-'EOF'
		name: mine
		extends: base
		steps:
		  - {operation: stretch, params: {method: log}}
		  - {operation: image_stats}
	EOF
	template-compile t/mine.yaml >script
	grep -q 'stretch --method=log --linked' script
	grep -q 'export-png --pass -o' script
	grep -q '# of the base' script
	grep -q 'Step 2, base.yaml:5: out, export' script
}

@test "template-compile: your own templates and backends" {
	export XDG_CONFIG_HOME=$PWD/config
	mkdir -p config/leat/templates/backends
	cat >config/leat/templates/backends/mine.yaml <<-'EOF'
		backend: mine
		operations:
		  brighten:
		    run: ["stretch --method=asinh"]
		    params:
		      level: {option: mid, type: float, min: 0.1, max: 0.4}
	EOF
	printf 'name: Own\nsteps:\n  - {operation: brighten, backend: mine, params: {level: 0.2}}\n' \
		>config/leat/templates/own.yaml
	template-compile own | grep -q 'stretch --method=asinh --mid=0.2'
	expect 64 template-compile --set brighten.level=0.5 own
	grep -q 'step brighten: level: 0.5: must be 0.1 to 0.4' err
}

@test "template-compile: a script is made whole or not at all, and can be run" {
	printf 'name: x\nsteps:\n  - operation: stretch\n' >x.yaml
	expect 0 template-compile -o x.sh x.yaml
	[[ -x x.sh && ! -s out && ! -s err ]]
	expect 0 template-compile --target make -o x.mk x.yaml
	[[ ! -x x.mk ]]
	echo before >y.sh
	expect 64 template-compile -o y.sh --set stretch.mid=7 x.yaml
	[[ $(<y.sh) == before ]]
	no_files
	expect 74 sh -c 'template-compile x.yaml >/dev/full'
	template-compile - <x.yaml | sed 's|from - (|from x.yaml (|; s|, -:|, x.yaml:|; s|(-:|(x.yaml:|' | cmp - x.sh
}

# both TEMPLATE OUT NAME=PATH …: runs it by both targets; products of the second in OUT.make, and alike.
both() {
	local name=$1 out=$2
	shift 2
	template-compile -o "$name.sh" "$name.yaml"
	template-compile --target make -o "$name.mk" "$name.yaml"
	expect 0 "./$name.sh" --out "$out" "$@"
	expect 0 make -j4 -f "$name.mk" OUT="$out.make" "$@"
	rm -rf "$out".make/.leat-make-*
	diff -r "$out" "$out.make" >&2
}

@test "template-compile: a step after a sink that joins, and one that joins steps and inputs" {
	sky_files in
	cat >joins.yaml <<-'EOF'
		name: joins
		inputs: {fr: {type: list, ext: [FITS]}, more: {type: list, ext: [fits]}}
		steps:
		  - {id: a, operation: debayer, from: fr}
		  - {id: b, operation: debayer, from: fr}
		  - {id: text, operation: image_stats, from: [a, b]}
		  - {id: k, operation: stack}
		  - {id: all, operation: stack, from: [k, more, fr]}
		outputs: {all: all}
	EOF
	both joins made fr=in more=in/f_0.fits
	alone made f_0.txt all.fits
	fits-read made/all.fits | stream-head -n 2 | grep -q 'stack_count 10'
}

@test "template-compile: the last step may be optional, kept and shown" {
	sky_files in
	cat >last.yaml <<-'EOF'
		name: last
		steps:
		  - {id: a, operation: stretch}
		  - {id: d, operation: stack, optional: true, preview: true}
		outputs: {d: d}
	EOF
	both last made image=in
	alone made d.fits f_0_d_preview.jpg
	fits-read made/d.fits | stream-head -n 2 | grep -q 'stack_count 3'
	sed -i 's/optional: true/checkpoint: true/' last.yaml
	both last kept image=in
	same kept/d.fits made/d.fits
}

@test "template-compile: a Makefile notices files that are gone, and that it is another" {
	LIGHTS=4 sky_files in
	cat >gone.yaml <<-'EOF'
		name: gone
		steps:
		  - {operation: stretch, scatter: frames, params: {method: linear}}
		  - operation: stack
		outputs: {stack: all}
	EOF
	template-compile --target make -o gone.mk gone.yaml
	count() { fits-read dir/all.fits | stream-head -n 2 | sed -n 's/^  stack_count //p'; }
	expect 0 make -j2 -f gone.mk OUT=dir image=in
	[[ $(count) == 4 ]]
	rm in/f_1.fits
	expect 0 make -j2 -f gone.mk OUT=dir image=in
	[[ $(count) == 3 ]]
	cp dir/all.fits before
	template-compile --target make --set stretch.method=log -o gone.mk gone.yaml
	expect 0 make -j2 -f gone.mk OUT=dir image=in
	(! cmp -s dir/all.fits before)
	expect 0 make -q -f gone.mk OUT=dir image=in

	# Two at once: the second is told so.
	exec 8>"dir/.leat-make-gone/lock"
	flock -n 8
	code=0
	make -f gone.mk OUT=dir image=in >said 2>&1 8>&- || code=$?
	exec 8>&-
	[[ $code == 2 ]]
	grep -q 'another make is at work' said
}

@test "template-compile: inputs may be called as our own variables are" {
	sky_files in
	for name in stem name me bin out start work prelude listing running ending leat_makefile leat_out label; do
		printf 'name: n\ninputs: {%s: {type: list, ext: [fits]}}\nsteps:\n  - {operation: stack, from: %s}\noutputs: {stack: s}\n' \
			"$name" "$name" >"in_$name.yaml"
		both "in_$name" "made.$name" "$name=in"
		alone "made.$name" s.fits
	done
}

@test "template-compile: what an interrupted script has started is stopped, down to the last" {
	needs spec-plot
	cp -r "$(captures)/blocks" capture
	template-compile drf-overview --set fft_slice.size=64 --set fft_slice.average=2 -o both.sh
	printf '#!/bin/sh\nexec sleep 31\n' | stand_in spec-plot
	./both.sh --out made capture=capture 2>err &
	script=$!
	for ((i = 0; i < 100; i++)); do
		! pgrep -f '^sleep 31$' >/dev/null || break
		sleep 0.05
	done
	kill "$script"
	code=0
	wait "$script" || code=$?
	[[ $code == 143 ]]
	for ((i = 0; i < 40; i++)); do
		pgrep -f '^sleep 31$' >/dev/null || break
		sleep 0.05
	done
	(! pgrep -f '^sleep 31$')
	alone made
}

@test "template-compile: - and _ are equal in the names of params, those that inputs hang on too" {
	cat >t.yaml <<-'EOF'
		name: t
		steps:
		  - operation: calibrate
		    params: {use_darks: true, use_flats: false}
		  - operation: export
		    params: {formats: [png]}
	EOF
	template-compile t.yaml | grep -v CRC32C >underscores
	sed -i 's/use_/use-/g' t.yaml
	template-compile t.yaml | grep -v CRC32C >dashes
	same underscores dashes
	template-compile --set calibrate.use_darks=false t.yaml >without
	run ! grep -q darks without
}
