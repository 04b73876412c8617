#!/usr/bin/env bash
# The whole report at full effort, every claim and every exploration, as a scheduled job repeats it:
#
#     experiments/full.sh [DIRECTORY]
#
# A run that was broken off goes on, and a complete one is left as it is. The exit code is that of `reproduce`.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in -*) sed -n 's/^# \{0,1\}//p' "$0" | tail -n +2; exit 2 ;; esac
cargo build --release --bin reproduce
exec "${CARGO_TARGET_DIR:-target}/release/reproduce" --effort full --seed 1 --out "${1:-runs/full}" --resume
