# SPDX-License-Identifier: MIT
# The front door; the house is built by Meson (meson.build).
BUILD ?= build
PREFIX ?= /usr/local
MESON_FLAGS ?=

.PHONY: all two-files deb run check check-full bench bench-peers bench-full bench-workers bench-cost check-aarch64 check-machines embedded soak fuzz install deps clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet >$(BUILD)/ninja.log || { cat $(BUILD)/ninja.log; exit 1; }

$(BUILD)/build.ninja:
	@tools/deps build
	@meson setup $(BUILD) --prefix=$(PREFIX) $(MESON_FLAGS) >$(BUILD)-setup.log 2>&1 || { cat $(BUILD)-setup.log; rm -rf $(BUILD); exit 1; }
	@mv $(BUILD)-setup.log $(BUILD)/setup.log

deps:            ## install what every target needs
	@tools/deps build run test long bench peers

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
	@tools/check $(BUILD)

check-full:      ## gcc and clang, sanitizers, valgrind, other machines
	@tools/deps build test long
	@tools/check-full

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
	@meson configure $(BUILD) --clearcache # a peer installed since was not there when its header was looked for
	@meson setup $(BUILD) --reconfigure >$(BUILD)/setup.log
	@ninja -C $(BUILD) --quiet bench-workers leat

bench-cost:      ## instructions, locks, system calls and bytes per operation, against their bars
	@tools/deps build bench long
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet leat libleat.a bench/cost/leat-cost
	@bench/cost/cost --build $(BUILD)

fuzz: all        ## libFuzzer on the TLV engine, then on the reader of dialects, FUZZ_SECONDS (60) each
	@tools/deps build long
	@mkdir -p $(BUILD)-fuzz/tlv
	@python3 -c 'import pathlib; [pathlib.Path(f"$(BUILD)-fuzz/tlv/{i}").write_bytes(bytes.fromhex(l)) for i, l in enumerate(open("tests/fuzz/tlv.corpus"))]'
	@clang -g -O1 -Iinclude -fsanitize=fuzzer,address,undefined tests/fuzz/tlv_fuzz.c src/tlv/*.c -o $(BUILD)-fuzz/tlv_fuzz
	@$(BUILD)-fuzz/tlv_fuzz $(BUILD)-fuzz/tlv -max_len=300 -max_total_time=$(or $(FUZZ_SECONDS),60) -print_final_stats=1
	@mkdir -p $(BUILD)-fuzz/dialect
	@$(BUILD)/leat dialects | while read -r name rest; do $(BUILD)/leat dialects --as my-$$name $$name >$(BUILD)-fuzz/dialect/$$name; done
	@clang -g -O1 -Iinclude -fsanitize=fuzzer,address,undefined tests/fuzz/dialect_fuzz.c cli/dialect_file.c cli/dialect_print.c cli/dialect_rows.c cli/dialect_words.c src/tlv/*.c -linih -o $(BUILD)-fuzz/dialect_fuzz
	@$(BUILD)-fuzz/dialect_fuzz $(BUILD)-fuzz/dialect examples/dialects -max_len=2000 -max_total_time=$(or $(FUZZ_SECONDS),60) -print_final_stats=1

install:         ## PREFIX and DESTDIR are honoured
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@$(MAKE) -s --no-print-directory all
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	@$(if $(DESTDIR),,ldconfig 2>/dev/null || true) # so that what was installed is found

deb:             ## Debian packages into $(BUILD)/deb, looked at by lintian
	@tools/deps build deb
	@tools/deb $(BUILD)/deb

clean:
	@rm -rf $(BUILD) build-* run /dev/shm/leat-bench-$$(id -u).frames
