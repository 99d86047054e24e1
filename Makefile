# SPDX-License-Identifier: MIT
# The front door; the house is built by Meson (meson.build).
BUILD ?= build
PREFIX ?= /usr/local
MESON_FLAGS ?=

.PHONY: all two-files deb release coverage check-deb check-machines embedded run check check-full bench bench-peers bench-full bench-workers bench-cost check-aarch64 check-cluster check-captures soak fuzz install deps clean

all: $(BUILD)/build.ninja
	@[ -e $(BUILD)/leat ] || echo "building, about a minute" >&2
	@ninja -C $(BUILD) --quiet >$(BUILD)/ninja.log || { cat $(BUILD)/ninja.log; exit 1; }

$(BUILD)/build.ninja:
	@tools/deps build
	@meson setup $(BUILD) --prefix=$(PREFIX) $(MESON_FLAGS) >$(BUILD)-setup.log 2>&1 || { cat $(BUILD)-setup.log; rm -rf $(BUILD); exit 1; }
	@mv $(BUILD)-setup.log $(BUILD)/setup.log

deps:            ## install what every target needs
	@tools/deps build run test long live captures bench peers

two-files:       ## the core as leat.h and leat.c, to be taken into another tree
	@tools/two-files $(BUILD)/two-files
	@wc -l $(BUILD)/two-files/leat.[ch]

run:             ## the main job on real input, and a summary to read
	@tools/deps build run
	@$(MAKE) --no-print-directory all
	@tools/run $(BUILD)

check:           ## builds and runs the tests, under three minutes
	@tools/deps build test
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) -Dtests=enabled
	@tools/check $(BUILD) --no-suite long --no-suite waits --no-suite server

check-full:      ## gcc and clang, sanitizers, valgrind, other machines
	@tools/deps build test long live
	@tools/check-full

check-captures:  ## fetches the captures of tcpdump's, wireshark's and libpcap's sources, and looks at them beside tshark
	@tools/deps build long live captures
	@[ -f build-asan/build.ninja ] || CC=clang meson setup build-asan -Dbench=false -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C build-asan --quiet leat
	@LEAT=build-asan/leat UBSAN_OPTIONS=halt_on_error=1 tests/live/captures.py build-captures

check-aarch64:   ## the parts' tests on an emulated aarch64
	@tools/deps build arm
	@tools/check-aarch64

check-machines:  ## the tests on i686, s390x (big endian) and riscv64, the core's with musl
	@tools/deps build machines
	@tools/check-machines

embedded:        ## code sizes for microcontrollers, and the core's tests on emulated Cortex-M
	@tools/deps build embedded
	@tools/embedded

soak: all        ## SOAK (300000000) items through the pipe, once for each sleep protocol; bursts, then links, for SOAK_SECONDS (600)
	@LEAT_TEST_SOAK=$(or $(SOAK),300000000) $(BUILD)/tests/pipe_more_test
	@$(BUILD)/tests/pipe_bursts $(or $(SOAK_SECONDS),600)
	@$(BUILD)/tests/link_soak $(or $(SOAK_SECONDS),600)

check-cluster: all ## a million messages into three NATS servers, one of which is killed every few seconds: about 5 minutes
	@tools/deps build long
	@ninja -C $(BUILD) --quiet
	@tests/cluster/cluster.py $(BUILD)/leat --messages $(or $(CLUSTER),1000000) --kill 5

bench-peers:     ## installs what leat is compared with
	@tools/deps peers

bench: bench-workers ## leat beside what would be used instead, under 3 minutes
	@bench/bench --build $(BUILD) --tsv $(BUILD)/bench/quick.tsv $(BENCH_FLAGS)
	@bench/report $(BUILD)/bench/quick.tsv --out $(BUILD)/bench/report
	@echo "the report: $(BUILD)/bench/report/report.html"

bench-full: bench-workers ## the same under 40 minutes; report, goals and README follow from it
	@bench/full $(BUILD)

bench-workers:
	@tools/deps build bench
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) --clearcache
	@# What was looked for once and was not there is remembered, and only a new folder looks again: for a peer installed since.
	@if cut -f 3 $(BUILD)/bench/skipped.tsv 2>/dev/null | xargs -r dpkg-query -W -f '$${Status}\n' 2>/dev/null | grep -q 'ok installed'; then \
	    meson setup $(BUILD) --wipe >/dev/null; else meson setup $(BUILD) --reconfigure >$(BUILD)/setup.log; fi
	@ninja -C $(BUILD) --quiet bench-workers leat

bench-cost:      ## instructions, locks, system calls and bytes per operation, against their bars
	@tools/deps build bench long
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet leat libleat.a bench/cost/leat-cost
	@bench/cost/cost --build $(BUILD)

fuzz: all        ## libFuzzer on the TLV engine, its writer, the protocol, the stuffing and the reader of dialects, FUZZ_SECONDS (60) each
	@tools/deps build long
	@tools/fuzz $(BUILD) $(or $(FUZZ_SECONDS),60)

coverage:        ## branches and decisions (MC/DC) of tlv, protocol and stuffing that their tests reach
	@tools/deps build coverage
	@tools/coverage $(BUILD)-coverage

install:         ## PREFIX and DESTDIR are honoured
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@$(MAKE) -s --no-print-directory all
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	@$(if $(DESTDIR),,ldconfig 2>/dev/null || true) # so that what was installed is found

deb:             ## Debian packages into $(BUILD)/deb, looked at by lintian
	@tools/deps build deb
	@tools/deb $(BUILD)/deb

check-deb:       ## the packages built, installed and used in a bare Debian 12; as root, ten minutes at most
	@tools/deps root
	@tools/check-deb $(BUILD)

release:         ## the tarball of the last commit, built and tested from itself; tools/release --date writes the date
	@tools/deps build test
	@tools/release --out $(BUILD)/release

clean:
	@rm -rf $(BUILD) build-* run /dev/shm/leat-bench-$$(id -u).frames
