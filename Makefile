# The front door; the house is built by Meson (meson.build).
BUILD ?= build
PREFIX ?= /usr/local
MESON_FLAGS ?=

.PHONY: all run check check-full bench fuzz install deps clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet >$(BUILD)/ninja.log || { cat $(BUILD)/ninja.log; exit 1; }

$(BUILD)/build.ninja:
	@tools/deps build
	@meson setup $(BUILD) --prefix=$(PREFIX) $(MESON_FLAGS) >$(BUILD)-setup.log 2>&1 || { cat $(BUILD)-setup.log; rm -rf $(BUILD); exit 1; }
	@mv $(BUILD)-setup.log $(BUILD)/setup.log

deps:            ## install what every target needs
	@tools/deps build run test long bench

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

bench:           ## leat beside what a program has today
	@tools/deps build bench
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) --clearcache # a peer installed since was not there when its header was looked for
	@meson setup $(BUILD) --reconfigure >$(BUILD)/setup.log
	@ninja -C $(BUILD) --quiet bench/leat-bench
	@$(BUILD)/bench/leat-bench $(BENCH_FLAGS)

fuzz:            ## libFuzzer on the TLV engine, FUZZ_SECONDS (60) long
	@tools/deps build long
	@mkdir -p $(BUILD)-fuzz
	@clang -g -O1 -Iinclude -fsanitize=fuzzer,address,undefined tests/fuzz/tlv_fuzz.c src/tlv/*.c -o $(BUILD)-fuzz/tlv_fuzz
	@$(BUILD)-fuzz/tlv_fuzz -max_total_time=$(or $(FUZZ_SECONDS),60) -print_final_stats=1

install: all     ## PREFIX and DESTDIR are honoured
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	@rm -rf $(BUILD) build-* run
