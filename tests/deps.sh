#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/deps, as a person without rights and without a terminal meets it: what is there is enough, what is missing is one line and a failure.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin" "$dir/tools"
cp tools/deps "$dir/tools/deps"
printf 'some: there absent gone\nall: there\n' >"$dir/tools/packages"
cat >"$dir/bin/dpkg-query" <<'EOT'
#!/bin/sh
for package; do :; done
[ "$package" = there ] && printf installed
EOT
printf '#!/bin/sh\necho 1000\n' >"$dir/bin/id"
for tool in sudo apt-get; do printf '#!/bin/sh\necho "%s $*" >>"%s/ran"\n' $tool "$dir" >"$dir/bin/$tool"; done
chmod +x "$dir/bin/"*
deps() { env -u CI PATH="$dir/bin:$PATH" "$@" "$dir/tools/deps" "$group" </dev/null 2>"$dir/said"; }

group=all
deps || { echo "it failed with nothing missing"; exit 1; }
group=some
if deps; then echo "it did not fail"; exit 1; fi
grep -q 'sudo apt-get install .* absent gone$' "$dir/said" || { echo "it said: $(cat "$dir/said")"; exit 1; }
[ ! -e "$dir/ran" ] || { echo "it ran: $(cat "$dir/ran")"; exit 1; }
deps env CI=true || { echo "with CI=true it failed: $(cat "$dir/said")"; exit 1; }
grep -q 'apt-get install .* absent gone$' "$dir/ran" || { echo "with CI=true it ran: $(cat "$dir/ran")"; exit 1; }
group=none
if deps; then echo "an unknown group was accepted"; exit 1; fi
