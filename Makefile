# SPDX-License-Identifier: ISC
# make            builds build/bin/leat and build/libexec/leat/*
# make demo       installs what is missing, builds, draws a synthetic capture
# make test       installs what is missing, runs every test (at most 10 minutes)
# MODE=release|debug|asan|fuzz    each in a folder of its own beneath build/
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all demo test test-long bench fuzz install clean format check-layers programs tests deps
MODE ?= release
PREFIX ?= /usr/local
SECONDS ?= 10
WHAT ?= all
VERSION := 0.1.0

B_release := build
B_debug := build/debug
B_asan := build/asan
B_fuzz := build/fuzz
B := $(B_$(MODE))
ifeq ($(B),)
$(error MODE=$(MODE): release, debug, asan or fuzz)
endif

CC_fuzz := clang
CC := $(or $(CC_$(MODE)),$(if $(filter default,$(origin CC)),gcc,$(CC)))
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_release := -O2
OPT_debug := -Og -g3
OPT_asan := -O1 -g $(SAN)
OPT_fuzz := -O1 -g $(SAN) -fsanitize=fuzzer-no-link
HARDEN := -fstack-protector-strong -fPIE $(if $(filter release,$(MODE)),-D_FORTIFY_SOURCE=2)
WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wpointer-arith
WARN_base := -Wconversion
WARN_stream := -Wconversion

PKGS := fftw3f fftw3 cairo libjpeg libtiff-4 libdeflate zlib yaml-0.1 jansson
HDF5 := $(if $(shell pkg-config --exists hdf5-serial 2>/dev/null && echo yes),hdf5-serial,hdf5)
HDF5_CFLAGS := $(shell pkg-config --cflags $(HDF5) 2>/dev/null)
HDF5_DIR := $(patsubst -L%,%,$(firstword $(shell pkg-config --libs-only-L $(HDF5) 2>/dev/null)))
# The static library starts in a fifth of the time of the shared one, which loads 36 others.
HDF5_STATIC := $(wildcard $(HDF5_DIR)/libhdf5.a)
HDF5_LIBS := $(if $(HDF5_STATIC),$(HDF5_STATIC) -lsz -lz -ldl,$(shell pkg-config --libs $(HDF5) 2>/dev/null))
# SHA-512 alone: of the static library 40 KiB are linked, the shared one is 4 MiB.
CRYPTO_STATIC := $(wildcard $(shell pkg-config --variable=libdir libcrypto 2>/dev/null)/libcrypto.a)
CRYPTO_LIBS := $(or $(CRYPTO_STATIC),-lcrypto)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(HDF5_CFLAGS)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(HDF5_LIBS) $(CRYPTO_LIBS)

CPPFLAGS += -D_GNU_SOURCE -DLEAT_VERSION='"$(VERSION)"' -Ilib $(patsubst -I%,-isystem %,$(PKG_CFLAGS))
CFLAGS += -std=gnu11 $(OPT_$(MODE)) $(HARDEN) $(WARN) -ffp-contract=off -fno-math-errno -pthread
LDFLAGS += -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(filter asan fuzz,$(MODE)),$(SAN))
LDLIBS += $(PKG_LIBS) -lm

# Libraries, lowest last, as the linker wants them. Foreign ones are linked only where used.
LIBS := flow image radio sky io plot dsp kern stream base
lib_objects = $(patsubst lib/%.c,$(B)/lib/%.o,$(wildcard lib/$(1)/*.c))
ARCHIVES := $(LIBS:%=$(B)/lib/lib%.a)

# lib/kern: one source per theme, one object per ISA level (see lib/kern/kern.h).
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
LEVELS := 1 $(if $(filter x86_64%,$(MACHINE)),2 3 4)
LEVEL_2 := -march=x86-64-v2
LEVEL_3 := -march=x86-64-v3
LEVEL_4 := -march=x86-64-v4 -mprefer-vector-width=512
KERN_THEMES := $(filter-out lib/kern/kern.c,$(wildcard lib/kern/*.c))
KERN_OBJECTS := $(B)/lib/kern/kern.o \
	$(foreach l,$(LEVELS),$(KERN_THEMES:lib/kern/%.c=$(B)/lib/kern/%.v$(l).o))

COMMANDS := $(wildcard cmd/*/*.c)
PROGRAMS := $(foreach c,$(COMMANDS),$(if $(filter %/leat.c,$(c)),$(B)/bin/leat,$(B)/libexec/leat/$(notdir $(c:.c=))))
UNIT_TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c tests/kern/*.c))
TOOLS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/tools/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzzers/%,$(wildcard tests/fuzz/*.c))

# What programs look for beside themselves: filters of other programs, and templates.
BACKENDS := $(addprefix $(B)/libexec/leat/backend/,siril-filter pixinsight-filter backend-filter.bash)

all: programs
programs: $(PROGRAMS) $(BACKENDS) $(B)/share/leat/templates
$(BACKENDS): $(B)/libexec/leat/backend/%: scripts/%
	@mkdir -p $(@D); install $< $@
$(B)/share/leat/templates:
	@mkdir -p $(@D); ln -sfn $(CURDIR)/templates $@
tests: programs $(UNIT_TESTS) $(TOOLS) $(B)/tests/fault.so
$(B)/tests/fault.so: tests/shim/fault.c
	@mkdir -p $(@D); $(CC) $(CPPFLAGS) -std=gnu11 -O1 $(WARN) -shared -fPIC -o $@ $<
deps:
	@scripts/install-deps build

# Objects know the headers and the flags they were made with.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS)
$(B)/flags: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@
FORCE:

COMPILE = @mkdir -p $(@D); $(CC) $(CPPFLAGS) $(CFLAGS) $(EXTRA) -MMD -MP -c -o $@ $<
$(B)/lib/kern/kern.o: lib/kern/kern.c $(B)/flags
	$(COMPILE)
define kern_level
# Wide vectors are passed only among inlined functions: their ABI is nobody's concern (-Wno-psabi).
$(B)/lib/kern/%.v$(1).o: EXTRA = -Wno-psabi $(if $(filter-out debug,$(MODE)),-O3) $(LEVEL_$(1)) -DKERN_LEVEL=$(1)
$(B)/lib/kern/%.v$(1).o: lib/kern/%.c $(B)/flags
	$$(COMPILE)
endef
$(foreach l,$(LEVELS),$(eval $(call kern_level,$(l))))
$(B)/lib/dsp/%.o $(B)/lib/sky/%.o: EXTRA = $(if $(filter release,$(MODE)),-O3)
$(B)/lib/base/%.o $(B)/lib/stream/%.o: EXTRA = -Wconversion
$(B)/%.o: %.c $(B)/flags
	$(COMPILE)

define archive
$(B)/lib/lib$(1).a: $(if $(filter kern,$(1)),$(KERN_OBJECTS),$(call lib_objects,$(1)))
	@mkdir -p $$(@D); rm -f $$@; $(AR) rcsD $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call archive,$(l))))

LINK = @mkdir -p $(@D); $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVES) $(LDLIBS)
$(B)/bin/leat: $(B)/cmd/flow/leat.o $(ARCHIVES)
	$(LINK)
define program
$(B)/libexec/leat/$(notdir $(1:.c=)): $(B)/$(1:.c=.o) $(ARCHIVES)
	$$(LINK)
endef
$(foreach c,$(filter-out %/leat.c,$(COMMANDS)),$(eval $(call program,$(c))))
$(B)/tests/unit/png: LDLIBS += -lpng # the peer that reads what we write
$(UNIT_TESTS) $(TOOLS): $(B)/tests/%: $(B)/tests/%.o $(ARCHIVES)
	$(LINK)
$(FUZZERS): $(B)/fuzzers/%: $(B)/tests/fuzz/%.o $(ARCHIVES)
	@mkdir -p $(@D); $(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(ARCHIVES) $(LDLIBS)
fuzzers: $(FUZZERS)

clean:
	rm -rf build
format:
	clang-format -i cmd/*/*.c lib/*/*.[ch] tests/*/*.c

# These install what is missing first, then make anew, so that pkg-config is asked afterwards.
AGAIN := $(MAKE) --no-print-directory
demo:
	@scripts/install-deps build && $(AGAIN) programs && scripts/demo
test:
	@scripts/install-deps test && scripts/run-tests
test-long:
	@scripts/install-deps test && $(AGAIN) tests
	@set -e; for t in $(if $(filter all,$(WHAT)),$(notdir $(wildcard tests/long/*)),$(WHAT)); do \
		echo "# $$t"; tests/long/$$t; done
fuzz:
	@scripts/install-deps test && $(AGAIN) MODE=fuzz fuzzers
	@set -e; for f in $(notdir $(FUZZERS)); do echo "$$f, $(SECONDS) s"; scripts/fuzz $$f $(SECONDS); done
bench:
	@scripts/install-deps test && $(AGAIN) tests && scripts/bench $(filter-out all,$(WHAT))
check-layers:
	@scripts/check-layers

DEST := $(DESTDIR)$(PREFIX)
install: programs
	install -d $(DEST)/bin $(DEST)/libexec/leat $(foreach s,1 5 7,$(DEST)/share/man/man$(s))
	install $(filter %/bin/leat,$(PROGRAMS)) $(DEST)/bin
	install $(filter-out %/bin/leat,$(PROGRAMS)) $(DEST)/libexec/leat
	$(foreach s,1 5 7,install -m 644 $(wildcard man/*.$(s)) $(DEST)/share/man/man$(s);)
	install -d $(DEST)/libexec/leat/backend $(DEST)/share/leat/templates/backends
	install $(BACKENDS) $(DEST)/libexec/leat/backend
	install -m 644 $(wildcard templates/*.yaml) templates/script.bash $(DEST)/share/leat/templates
	install -m 644 $(wildcard templates/backends/*.yaml) $(DEST)/share/leat/templates/backends
	install -d $(DEST)/share/leat/python
	install -m 644 scripts/leat.py $(DEST)/share/leat/python

-include $(wildcard $(B)/lib/*/*.d $(B)/cmd/*/*.d $(B)/tests/*/*.d)
