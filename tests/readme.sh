#!/bin/sh
# The README's program compiles as printed, without a warning, and frames a certificate: tests/readme.sh LIBLEAT.a
set -eu
library=$(realpath "$1")
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md >"$dir/program.c"
[ "$(wc -l <"$dir/program.c")" -gt 10 ] || { echo "no program in the README"; exit 1; }
${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude "$dir/program.c" "$library" -pthread ${LEAT_TEST_CFLAGS:-} -o "$dir/program"
pem=$(find /etc/ssl/certs -name '*.pem' | sort | head -n 1)
openssl x509 -in "$pem" -outform DER -out "$dir/one.der"
printed=$("$dir/program" "$dir/one.der")
[ "$printed" = "a frame of $(wc -c <"$dir/one.der") bytes" ] || { echo "it printed: $printed"; exit 1; }
if "$dir/program" "$dir/missing" 2>"$dir/error"; then echo "a missing file was not an error"; exit 1; fi
grep -q "$dir/missing" "$dir/error" || { echo "the error does not name the file: $(cat "$dir/error")"; exit 1; }
