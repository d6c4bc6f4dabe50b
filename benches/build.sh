#!/usr/bin/env bash
# What a change costs its developer: a clean debug build (<= 3 min on two cores), and one after a change in fleet/rules
# (<= 5 s). benches/build.sh
# Works on a copy of the files git knows, in a target folder of its own; both go away. The change is a constant whose
# value differs each time, so that the compiler has something new to compile. Dependencies are fetched beforehand.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git ls-files -z | tar --null -T - -cf - | tar -C "$place" -xf -
cd "$place"
export CARGO_TARGET_DIR="$place/target"
cargo fetch --locked --quiet
took() { # what, seconds at most
  local begun=$EPOCHREALTIME
  cargo build --locked --quiet
  awk -v a="$begun" -v b="$EPOCHREALTIME" -v what="$1" -v most="$2" \
    'BEGIN { t = b - a; printf "%s: %.1f s: <= %s s %s\n", what, t, most, t <= most ? "reached" : "MISSED" }'
}
echo "machine: $(nproc) cores, $(rustc --version), load $(cut -d' ' -f1 /proc/loadavg) before"
took "clean debug build" 180
for turn in 1 2 3 4 5; do
  sed -i '/^pub const TURN: /d' src/fleet/rules/timers.rs
  printf '/// Differs at each turn.\npub const TURN: u32 = %s;\n' "$turn" >> src/fleet/rules/timers.rs
  took "after a change in fleet/rules/timers.rs" 5
done
