#!/bin/bash
# Builds both engines and runs them. Needs CMake, a C++ compiler and cargo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${CARGO_TARGET_DIR:-$here/../../target}/custom-engine
cmake -S "$here" -B "$build" >/dev/null
cmake --build "$build" --parallel 2
"$build/engine" "$@"
"$build/engine-c"
