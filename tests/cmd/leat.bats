#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	[[ -x $B/bin/leat ]] || skip "leat is not built"
}

@test "leat: runs a command with its arguments, streams and status" {
	leat iq-gen --seconds 1ms >in
	iq-gen --seconds 1ms | cmp - in
	expect 65 leat stream-payload "$ROOT/LICENSE"
	says 'stream-payload: '
	expect 64 leat stream-payload --nothing
	leat iq-gen --seconds 1ms | leat stream-payload >out
	[[ $(stat -c %s out) == 4000 ]]
}

@test "leat: --list names every command with its summary" {
	leat --list >out
	diff <(awk '{ print $1 }' out) <(commands)
	while read -r name rest; do
		[[ $rest == "$(line summary "$name")" ]]
	done <out
}

@test "leat: --exec-path is where the commands are, from anywhere and through a link" {
	[[ $(leat --exec-path) == "$LIBEXEC" ]]
	ln -s "$B/bin/leat" link
	[[ $(./link --exec-path) == "$LIBEXEC" ]]
}

@test "leat: --version, -v adds what the kernel offers" {
	[[ $(leat --version) =~ ^leat\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	leat --version -v | grep -q '^landlock: '
	leat --version -v | grep -q '^seccomp: '
}

@test "leat: what is no command is 64" {
	for name in nothing ../iq-gen ./iq-gen "$LIBEXEC/iq-gen" '' .. - --nothing; do
		expect 64 leat "$name"
	done
	expect 64 leat
	expect 74 sh -c 'leat --list >/dev/full'
	expect 0 leat --help
}

@test "leat: an installed tree works from where it lies" {
	make -s -C "$ROOT" install MODE="$([[ ${SANITIZED:-} ]] && echo asan || echo release)" \
		PREFIX=/opt/leat DESTDIR="$PWD/root" >/dev/null
	./root/opt/leat/bin/leat iq-gen --seconds 1ms >in
	[[ $(./root/opt/leat/bin/leat --exec-path) == "$PWD/root/opt/leat/libexec/leat" ]]
	[[ -e root/opt/leat/share/man/man1/iq-gen.1 && -e root/opt/leat/share/man/man5/leat-stream.5 ]]
	[[ $(ls root/opt/leat/bin) == leat ]]

	# Without a reader of pages the options are better than nothing.
	mkdir empty
	PATH=$PWD/empty "$PWD/root/opt/leat/bin/leat" help iq-gen >out
	[[ $(head -n 1 out) == "usage: iq-gen "* ]]
	command -v man >/dev/null || command -v mandoc >/dev/null || skip "neither man nor mandoc"
	for name in iq-gen leat-stream; do
		expect 0 ./root/opt/leat/bin/leat help "$name"
		grep -q DESCRIPTION out
		grep -q "^${name^^}(" out
	done
}
