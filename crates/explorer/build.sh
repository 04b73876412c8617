#!/usr/bin/env bash
# Makes docs/explorer.html: the dynamics for wasm32, and the page around them. `build.sh FILE` writes to FILE.
#
# With rustup the target wasm32-unknown-unknown is asked for. Where there is none, Debian's compiler builds the standard library itself: packages
# rustc-web, rust-web-src and lld.
set -euo pipefail
cd "$(dirname "$0")"

page="${1:-../../docs/explorer.html}"
target="${EXPLORER_TARGET_DIR:-../../target/explorer}"
export CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_STRIP=symbols
export CARGO_PROFILE_RELEASE_PANIC=abort
build=(cargo build --release --lib --target wasm32-unknown-unknown --target-dir "$target")
# Messages of panics name files: not by the paths of this machine.
registry=("${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/)
remap="--remap-path-prefix=$(cd ../.. && pwd)/= --remap-path-prefix=$(rustc --print sysroot)/= --remap-path-prefix=/usr/lib/rustlib/src/rust/= --remap-path-prefix=${registry[0]}="
export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+simd128,+bulk-memory $remap"

if rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
    "${build[@]}"
elif [ -e /usr/lib/rustlib/src/rust/library ] && command -v wasm-ld >/dev/null; then
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
    "${build[@]}" -Zbuild-std=std,panic_abort
else
    echo "build.sh: rustup target add wasm32-unknown-unknown, or apt install rustc-web rust-web-src lld" >&2
    exit 1
fi
python3 page.py "$target/wasm32-unknown-unknown/release/puremix_explorer.wasm" "$page"
