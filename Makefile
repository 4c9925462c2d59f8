# chronobox. `make` builds build/chronobox: one static, stripped binary on musl. `make help` lists the targets.
#
#   make STATIC=0 CC=gcc O=build/glibc                        dynamic, with symbols: debuggers, clock simulators
#   make STATIC=0 CC=gcc O=build/san SAN=address,undefined    with sanitizers: what the tests are linked with
#   make CC=aarch64-linux-musl-gcc O=build/arm64              any other compiler, as long as its libc is musl

# musl is Alpine's own libc; elsewhere a wrapper around gcc brings it.
ifeq ($(origin CC),default)
CC := $(if $(wildcard /etc/alpine-release),gcc,musl-gcc)
endif
STATIC ?= 1
SAN ?=
# Where everything is built, and where `make install` puts the binary.
O ?= build
DESTDIR ?=
PREFIX ?= /usr/local
# What the image's build stage starts from, and the image's name.
BASE ?= debian:trixie-slim
IMAGE ?= chronobox
# Warnings are errors; a packager with another compiler says WERROR=
WERROR ?= -Werror

SYSROOT := $(shell scripts/deps where '$(CC)')
LIBRARY := $(SYSROOT)/lib/libmbedcrypto.a

sources := $(sort $(wildcard core/*/*.c applets/*.c applets/*/*.c))
objects := $(sources:%.c=$(O)/obj/%.o)
# A test program is one file test_*.c. What the other files of its folder are for, it takes from their archive.
tests := $(patsubst %.c,$(O)/%,$(sort $(wildcard tests/unit/test_*.c tests/sim/test_*.c)))
# A fuzz target is one file fuzz_*.c, on the worlds of the simulator.
fuzzers := $(patsubst %.c,$(O)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
helpers = $(patsubst %.c,$(O)/obj/%.o,$(filter-out $(1)/test_%,$(wildcard $(1)/*.c)))
# Tests that are programs of their own, with the binary from outside. Those with containers, with a virtual machine and
# with other machines have their own targets.
scripts := $(filter-out tests/compose/run tests/vm/run tests/cross/run,$(wildcard tests/*/run))
# What else we build for; see scripts/deps.
platforms := arm64 armv7 386 riscv64

# A flag, if the compiler has it.
known = $(shell $(CC) $(1) -E -x c /dev/null >/dev/null 2>&1 && echo '$(1)')

cflags := -std=c11 -D_GNU_SOURCE= -I. -isystem $(SYSROOT)/include -MMD -MP \
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes $(WERROR)
ldflags :=
ifeq ($(STATIC),1)
# No position independence, unwind tables, relro or padding between segments: each costs kilobytes (docs/budget.md).
# Asked when the first recipe needs it: before that the compiler may not be installed.
small = $(eval small := $(or $(call known,-Oz),-Os) $(call known,-malign-data=abi) $(call known,$(whole)))$(small)
# The linker has the program compiled as a whole. The objects hold their ordinary code too: what reads them wants it.
whole := -flto -ffat-lto-objects -flto-partition=one
# Off, besides: what makes code faster and longer.
CFLAGS ?= $(small) -fomit-frame-pointer -fno-math-errno -fno-jump-tables \
	-fno-ipa-sra -fno-ipa-cp -fno-inline-functions-called-once -fno-caller-saves -fno-move-loop-invariants -fno-tree-dominator-opts -fno-tree-pta
# core/libc stands in for the larger parts of musl, under the standard names.
cflags += -DCOMPACT_LIBC -fno-builtin-printf -fno-builtin-fprintf
cflags += -fno-pie -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables
ldflags += -static -no-pie -s -Wl,--gc-sections,--build-id=none,--sort-section=alignment \
	-Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=64,-T,scripts/link.ld
# Section headers are for linkers and debuggers. Asked late, as above.
headless = $(eval headless := $(shell $(CC) -Wl,--help 2>/dev/null | grep -q nosectionheader && echo -Wl,-z,nosectionheader))$(headless)
else
CFLAGS ?= -O1 -g
ldflags += -fno-lto
endif
ifneq ($(SAN),)
cflags += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
ldflags += -fsanitize=$(SAN)
endif
libs := $(LIBRARY) -lm -lpthread

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help install image image-root initramfs cross cross-compilers sbom demo test test-programs bench bench-programs fuzz fuzz-programs sim-table sim-plot test-compose test-vm lint size check-layers clean FORCE

all: $(O)/chronobox ## the binary (the default)

$(O)/chronobox: $(objects) $(LIBRARY) scripts/link.ld $(O)/flags
	@echo 'link  $@'
	@$(CC) $(CFLAGS) $(cflags) -o $@ $(objects) $(LDFLAGS) $(ldflags) $(headless) $(libs)

# The compiler's libraries and headers; and the compiler itself, if it is missing and may be installed.
$(LIBRARY): scripts/deps scripts/mbedtls-config.h
	@$(if $(filter gcc musl-gcc,$(CC)),scripts/deps build,:)
	@scripts/deps sysroot '$(CC)'
	@touch $@

# Changes when the compiler or its flags do: then everything is compiled again.
$(O)/flags: FORCE | $(LIBRARY)
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(cflags) $(LDFLAGS) $(ldflags)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS) $(cflags) $(LDFLAGS) $(ldflags)' > $@

$(O)/obj/%.o: %.c $(O)/flags | $(LIBRARY)
	@mkdir -p $(@D)
	@echo 'cc    $<'
	@$(CC) $(CFLAGS) $(cflags) -c -o $@ $<

ifeq ($(STATIC),1)
# One file knows the date, and is compiled again with it. The dynamic build is for simulated clocks, which may say
# anything.
build_date := $(or $(shell scripts/build-date),0)
$(O)/obj/applets/chronyd/chronyd.o: private cflags += -DBUILD_DATE=$(build_date)
$(O)/obj/applets/chronyd/chronyd.o: $(O)/date

$(O)/date: FORCE
	@mkdir -p $(@D)
	@echo '$(build_date)' | cmp -s - $@ || echo '$(build_date)' > $@
endif

# The tests take from the archive what they need; the program's own main stays in it.
$(O)/chronobox.a: $(objects)
	@rm -f $@
	@ar rcs $@ $(objects)

.SECONDEXPANSION:
$(O)/tests/%/helpers.a: $$(call helpers,tests/%)
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

$(tests): $(O)/tests/%: $(O)/obj/tests/%.o $(O)/tests/$$(*D)/helpers.a $(O)/chronobox.a
	@mkdir -p $(@D)
	@echo 'link  $@'
	@$(CC) $(CFLAGS) $(cflags) -o $@ $^ $(LDFLAGS) $(ldflags) -lcmocka $(libs)

$(fuzzers): $(O)/tests/fuzz/%: $(O)/obj/tests/fuzz/%.o $(O)/tests/sim/helpers.a $(O)/chronobox.a
	@mkdir -p $(@D)
	@echo 'link  $@'
	@$(CC) $(CFLAGS) $(cflags) -o $@ $^ $(LDFLAGS) $(ldflags) -fsanitize=fuzzer $(libs)

# Programs on the simulator that are no tests.
$(O)/tests/sim/sim-%: $(O)/obj/tests/sim/%.o $(O)/tests/sim/helpers.a $(O)/chronobox.a
	@echo 'link  $@'
	@$(CC) $(CFLAGS) $(cflags) -o $@ $^ $(LDFLAGS) $(ldflags) $(libs)

# Programs of the benchmarks need nothing but themselves.
benches := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/*.c))
$(benches): $(O)/tests/bench/%: $(O)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	@echo 'link  $@'
	@$(CC) $(CFLAGS) $(cflags) -o $@ $^ $(LDFLAGS) $(ldflags)

bench-programs: $(benches)

test-programs: $(tests)

fuzz-programs: $(fuzzers)

install: $(O)/chronobox ## the binary and a symlink for each applet, into $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(O)/chronobox $(DESTDIR)$(PREFIX)/bin/
	for applet in $$($(O)/chronobox --list); do ln -sf chronobox $(DESTDIR)$(PREFIX)/bin/$$applet; done

image-root: $(O)/chronobox ## the files of the image, in $(O)/image-root
	@scripts/image-root $(O)/chronobox $(O)/image-root

initramfs: image-root ## $(O)/initramfs.cpio: the binary and its links alone, to boot or to add to another
	@rm -rf $(O)/initramfs
	@mkdir -p $(O)/initramfs
	@cp -a $(O)/image-root/bin $(O)/initramfs/bin
	@ln -s bin/init $(O)/initramfs/init
	@scripts/cpio $(O)/initramfs > $(O)/initramfs.cpio

image: ## the container image $(IMAGE)
	docker build --build-arg BASE=$(BASE) --build-arg SOURCE_DATE_EPOCH=$(build_date) -t $(IMAGE) .

cross: cross-compilers $(platforms:%=cross-%) ## for linux/arm64, arm/v7, 386 and riscv64, each tried under an emulator
	@unshare -rn sh -c 'ip link set lo up && exec tests/cross/run $(O)'

cross-compilers: FORCE
	@scripts/deps cross

# Fat objects are for those who read them.
cross-%: cross-compilers
	@$(MAKE) --no-print-directory $(parallel) CC='$(CURDIR)/.deps/cross/$*-gcc' O=$(O)/$* \
		whole='-flto -flto-partition=one' $(O)/$*/chronobox

image-%: cross-% $(O)/chronobox ## the image for PLATFORM: arm64, armv7, 386 or riscv64
	@scripts/image-root $(O)/$*/chronobox $(O)/$*/image-root $$($(O)/chronobox --list)
	@scripts/image-archive $(O)/$*/image-root.tar $* $(IMAGE):$* | docker load

sbom: $(O)/chronobox ## $(O)/sbom.spdx.json: what is in the binary, as SPDX 2.3
	@scripts/sbom $(O)/chronobox '$(SYSROOT)' '$(CC)' >$(O)/sbom.spdx.json

demo: $(O)/chronobox ## a server and a client on loopback, without root and without Docker
	@scripts/demo $(O)/chronobox

test: ## unit, simulator and interoperability tests
	@scripts/deps test
	@$(MAKE) --no-print-directory $(parallel) $(O)/chronobox
	@$(MAKE) --no-print-directory $(parallel) -k $(sanitized) test-programs || true
	@BINARY=$(abspath $(O)/chronobox) scripts/run-tests $(O)/test-results $(tests:$(O)/%=$(O)/san/%) $(scripts)

sanitized := STATIC=0 CC=gcc O=$(O)/san SAN=address,undefined
parallel := $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

T ?= 30
# gcc and lint have warned already.
fuzzed := STATIC=0 CC=clang WERROR=-w O=$(O)/fuzz SAN=fuzzer-no-link,address,undefined

fuzz: ## every parser of what comes from outside, T=30 seconds each, with sanitizers; keeps what crashes
	@scripts/deps fuzz
	@$(MAKE) --no-print-directory $(parallel) $(fuzzed) fuzz-programs
	@scripts/fuzz $(O)/fuzz $(T) $(fuzzers:$(O)/tests/fuzz/fuzz_%=%)

SEEDS ?= 31
SEED ?= 1
optimised := STATIC=0 CC=gcc CFLAGS='-O2 -g' O=$(O)/sim

sim-table: ## accuracy in simulation beside chrony's, medians of SEEDS=31; DOC=docs/accuracy.md keeps the result there
	@$(MAKE) --no-print-directory $(parallel) $(optimised) $(O)/sim/tests/sim/sim-table
	@$(O)/sim/tests/sim/sim-table $(SEEDS) $(DOC)

sim-plot: ## $(O)/NAME.svg: a run of SCENARIO=NAME with SEED=1 to look at
	@$(MAKE) --no-print-directory $(parallel) $(optimised) $(O)/sim/tests/sim/sim-plot
	@$(O)/sim/tests/sim/sim-plot '$(SCENARIO)' $(SEED) '$(O)/$(SCENARIO).svg'

ROUNDS ?= 5

bench: $(O)/chronobox ## answers per second and what they cost, beside other servers, medians of ROUNDS=5; DOC=docs/performance.md
	@scripts/deps bench
	@$(MAKE) --no-print-directory $(parallel) $(optimised) bench-programs $(O)/sim/tests/sim/sim-polls
	@tests/bench/measure $(O)/chronobox $(O)/sim/tests $(ROUNDS) $(DOC)

test-compose: ## compose.yml and every command of the README on a Docker engine
	@tests/compose/run

test-vm: initramfs ## the initramfs booted in a virtual machine, whose clock is steered
	@scripts/deps vm
	@tests/vm/run $(O)

lint: check-layers ## formatting, static analysis, shell scripts, floors
	@scripts/deps lint
	@scripts/lint

# Linked file by file, the program can be told apart by folder.
$(O)/by-file: $(O)/chronobox
	@$(CC) $(CFLAGS) $(cflags) -fno-lto -o $@ $(objects) $(LDFLAGS) $(ldflags) -Wl,-Map=$@.map $(libs)

size: image-root $(O)/by-file ## bytes by folder; fails over the budget of docs/budget.md
	@scripts/size $(O)

check-layers: $(objects) ## fails where a file reaches up a floor, or a floor touches what is not its own
	@scripts/check-layers $(O)/obj

clean: ## removes what was built; .deps/ stays
	rm -rf $(O)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

-include $(objects:.o=.d) $(tests:$(O)/%=$(O)/obj/%.d) $(fuzzers:$(O)/%=$(O)/obj/%.d) $(wildcard $(O)/obj/tests/*/*.d)
