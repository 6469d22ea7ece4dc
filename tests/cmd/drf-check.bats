#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0
load ../common

SHARED=${LEAT_SHARED:-$ROOT/../shared}/data/drf

setup() {
	MEMORY=$(mktemp -d -p /dev/shm leat-drf.XXXXXX 2>/dev/null || mktemp -d)
	cd "$MEMORY" || return
}

teardown() {
	cd / && rm -rf "$MEMORY"
}

# capture TOP [OPTION …]: four files of 1000 samples with gaps, two entries of metadata.
capture() {
	local top=$1
	shift
	iq-gen --rate 1k --seconds 4s --noise 0.1 --freq 1M --retune 1500ms:2M --gap 300ms:100ms \
		--gap 2500ms:50ms --time0 2024-06-27T14:49:00Z | drf-write --checksum "$@" "$top"
}

# plant: Python that damages each case of the list beneath ./cases.
plant() {
	/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip 'python3-h5py is not there'
	capture base
	/usr/bin/python3 - <<-'EOP'
		import glob, os, shutil
		import h5py, numpy as np

		START, FOLDER = 1719499740, "2024-06-27T14-00-00"

		def case(name, damage):
		    shutil.copytree("base", "cases/" + name)
		    home = os.getcwd()
		    os.chdir("cases/%s/ch0" % name)
		    damage(FOLDER + "/rf@%d.000.h5" % (START + 1))
		    os.chdir(home)

		def opened(change, name=None):
		    def damage(file):
		        with h5py.File(name or file, "r+") as f:
		            change(f)
		    return damage

		def attribute(name, value):
		    def change(f):
		        del f["rf_data"].attrs[name]
		        if value is not None:
		            f["rf_data"].attrs[name] = value
		    return opened(change)

		def property(name, value):
		    def change(f):
		        del f.attrs[name]
		        if value is not None:
		            f.attrs[name] = value
		    return opened(change, "drf_properties.h5")

		def index(rows):
		    def change(f):
		        first = int(f["rf_data_index"][0, 0])
		        del f["rf_data_index"]
		        f.create_dataset("rf_data_index", data=np.array([[first + i, r] for i, r in rows], "u8"),
		                         chunks=(100, 2), maxshape=(None, 2))
		    return opened(change)

		def flip(file):
		    with h5py.File(file) as f:
		        at = f["rf_data"].id.get_chunk_info(0).byte_offset
		    with open(file, "r+b") as f:
		        f.seek(at + 77)
		        byte = f.read(1)
		        f.seek(at + 77)
		        f.write(bytes([byte[0] ^ 4]))

		def without(key):
		    return opened(lambda f: f.pop(key))

		def elements(f):
		    old = f["rf_data"]
		    data = old[:].view(np.int16).reshape(-1, 2)
		    attributes = dict(old.attrs)
		    del f["rf_data"]
		    f.create_dataset("rf_data", data=data).attrs.update(attributes)

		meta = "metadata/%s/metadata@%d.h5" % (FOLDER, START + 1)
		case("flipped", flip)
		case("cut", lambda f: os.truncate(f, os.path.getsize(f) - 1500))
		case("garbage", lambda f: open(f, "wb").write(b"no HDF5" * 100))
		case("empty", lambda f: os.truncate(f, 0))
		case("name", lambda f: os.rename(f, f.replace(".000.h5", ".5.h5")))
		case("cadence", lambda f: os.rename(f, f.replace(".000.h5", ".500.h5")))
		case("elsewhere", lambda f: os.rename(f, f.replace(str(START + 1), str(START + 9))))
		case("outside", lambda f: os.rename(f, os.path.basename(f)))
		case("folder", lambda f: os.rename(FOLDER, "2024-06-27T14-00-01"))
		case("tmp", lambda f: shutil.copy(f, f.replace("rf@", "tmp.rf@")))
		case("gone", os.remove)
		case("twice", attribute("sequence_num", np.int32(0)))
		case("sequence", attribute("sequence_num", None))
		case("uuid", attribute("uuid_str", None))
		case("missing", attribute("H5Tget_order", None))
		case("rate", attribute("sample_rate_numerator", np.uint64(2000)))
		case("kind", attribute("is_continuous", np.float64(0)))
		case("width", attribute("num_subchannels", np.int64(1)))
		case("descends", index([(0, 0), (600, 500), (100, 600)]))
		case("overlaps", index([(0, 0), (100, 500)]))
		case("beyond", index([(0, 0), (500, 5000)]))
		case("late", index([(300, 0)]))
		case("no-index", without("rf_data_index"))
		case("no-data", without("rf_data"))
		case("elements", opened(elements))
		case("property", property("H5Tget_size", None))
		case("property-kind", property("sample_rate_numerator", np.float64(1000)))
		case("property-value", property("file_cadence_millisecs", np.uint64(7)))
		case("property-text", property("epoch", None))
		case("properties", lambda f: open("drf_properties.h5", "wb").write(b"x" * 1000))
		case("entry", opened(lambda f: f.move(list(f)[0], "17"), meta))
		case("entry-name", opened(lambda f: f.move(list(f)[0], "first"), meta))
		case("metadata", lambda f: os.truncate(meta, 100))
		case("metadata-name", lambda f: os.rename(meta, meta.replace("metadata@", "other@")))
		case("metadata-tmp", lambda f: os.rename(meta, meta.replace("metadata@", "tmp.metadata@")))
		case("metadata-properties", lambda f: os.truncate("metadata/dmd_properties.h5", 9))
		case("metadata-folder", lambda f: os.rename("metadata/" + FOLDER, "metadata/2024-06-27T14-00-07"))
	EOP
}

@test "damage planted in each way is found and named" {
	plant
	expect 0 drf-check --deep base
	file='rf@1719499741.000.h5' meta=metadata@1719499741.h5
	while IFS='|' read -r name where what; do
		expect 1 drf-check --deep "cases/$name"
		grep 'problem ' out | grep -F -- "$where: " | grep -qF -- "$what" || {
			printf '%s: no problem of %s that says %s: %s\n' "$name" "$where" "$what" "$(<out)" >&2
			return 1
		}
		says problem "cases/$name"
	done <<-EOL
		flipped|$file|cannot be decoded
		cut|$file|not an HDF5 file, or damaged
		garbage|$file|not an HDF5 file, or damaged
		empty|$file|not an HDF5 file, or damaged
		name|rf@1719499741.5.h5|not the name of a file of this folder
		cadence|rf@1719499741.500.h5|not the name of a file of this folder
		elsewhere|rf@1719499749.000.h5|do not belong to it
		outside|ch0/$file|outside
		folder|2024-06-27T14-00-01|not the name of a folder
		tmp|tmp.$file|not finished
		gone|rf@1719499742.000.h5|1 file before it is gone
		twice|$file|sequence_num 0 after 0
		sequence|$file|lacks the attribute sequence_num
		uuid|$file|uuid_str
		missing|$file|H5Tget_order
		rate|$file|sample_rate_numerator 2000, in the properties 1000
		kind|$file|is_continuous is not one i32
		width|$file|num_subchannels is not one i32
		descends|$file|rf_data_index: row 2 has a sample of the block before it
		overlaps|$file|rf_data_index: row 1 has a sample of the block before it
		beyond|$file|rf_data_index: row 1 begins beyond rf_data
		late|$file|do not belong to it
		no-index|$file|rf_data_index
		no-data|$file|rf_data
		elements|$file|elements
		property|drf_properties.h5|H5Tget_size
		property-kind|drf_properties.h5|sample_rate_numerator is not one u64
		property-value|drf_properties.h5|cadences
		property-text|drf_properties.h5|epoch
		properties|drf_properties.h5|not an HDF5 file
		entry|$meta|entry 17 does not belong to it
		entry-name|$meta|'first'
		metadata|$meta|not an HDF5 file
		metadata-name|other@1719499741.h5|not the name
		metadata-tmp|tmp.$meta|not finished
		metadata-properties|dmd_properties.h5|not an HDF5 file
		metadata-folder|metadata/2024-06-27T14-00-07|not the name of a folder
	EOL
}

@test "without --deep samples are not read" {
	plant
	expect 0 drf-check cases/flipped
	grep -q 'no problem' out
}

@test "clean captures are clean, and nothing is changed" {
	capture top
	capture top -c other --continuous --gzip 2
	print() { (cd top && find . -printf '%p %s %C@ %T@\n' | sort && find . -type f -exec cat {} + | sha256sum); }
	print >before
	expect 0 drf-check --deep top
	print | same_text before
	same_text out <<-'EOL'
		channel ch0
		  files     4, 3850 samples in 3 blocks, all read
		  metadata  2 files
		  no problem
		channel other
		  files     4, 4000 samples in 1 blocks, all read
		  metadata  2 files
		  no problem
	EOL
	expect 0 drf-check top other
	[[ $(grep -c ^channel out) == 1 ]]
	expect 0 drf-check top/ch0
	touch top/ch0/notes top/ch0/.hidden
	mkdir top/ch0/more
	expect 0 drf-check top
}

@test "the shared captures are clean" {
	[[ -e $SHARED/westford ]] || skip "$SHARED/westford is not there"
	for name in westford cap1 cap2 cap3 cap4; do
		expect 0 drf-check --deep "$SHARED/$name"
		grep -q 'no problem' out
	done
}

@test "--json says the same" {
	capture top
	mv top/ch0/2024-06-27T14-00-00/{,tmp.}rf@1719499741.000.h5
	expect 1 drf-check --json top
	/usr/bin/python3 -c '
import json, sys
(line,) = sys.stdin.readlines()
c = json.loads(line)
assert (c["channel"], c["files"], c["samples"], c["blocks"]) == ("ch0", 3, 2850, 4), c
assert c["metadata_files"] == 2 and c["deep"] is False
files = [p["file"].split("/")[-1] for p in c["problems"]]
assert files == ["rf@1719499742.000.h5", "tmp.rf@1719499741.000.h5"], c
assert "gone" in c["problems"][0]["what"] and "not finished" in c["problems"][1]["what"], c' <out
}

@test "what is not there is 66, what is no channel 65" {
	capture top
	mkdir top/other empty
	touch top/file
	expect 66 drf-check nowhere
	says nowhere
	expect 66 drf-check top ch1
	says ch1
	expect 65 drf-check top other
	says other 'not a channel'
	expect 65 drf-check top file
	says file
	expect 65 drf-check empty
	says empty
	expect 64 drf-check top ../top/ch0
	says ../top/ch0
	expect 64 drf-check
}

@test "hostile names and files are no crash" {
	captures=$(captures)
	for name in "$captures"/bad-* "$captures"/refused-*; do
		expect 1 drf-check --deep "$name"
		grep -q 'problem ' out
	done
	capture top
	touch top/ch0/2024-06-27T14-00-00/$'rf@1\n  no problem.h5'
	expect 1 drf-check top
	grep -qF 'rf@1\x0A  no problem.h5: not the name' out
}
