#!/bin/sh
# SPDX-License-Identifier: MIT
# The library has the static probes that src/pool/probe.h names, where the build found <sys/sdt.h>: tests/probes.sh LIBRARY
readelf -n "$1" | grep -q 'Provider: leat' || { echo "no probes: built without <sys/sdt.h>"; exit 77; }
for probe in pool_grow pool_shut pool_refused pool_trim pool_fault; do
    readelf -n "$1" | grep -q "Name: $probe\$" || { echo "$1: no probe leat:$probe"; exit 1; }
done
