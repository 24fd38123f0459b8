#!/bin/bash
# `npm run bench [-- [--scale=N] CASE...]`: the built daemon beside its peers, against control planes of its own (bench/README.md).
set -euo pipefail
cd "$(dirname "$0")/.."
state=$(mktemp -d)
finish() {
  # Those that a run left behind when it was cut off; a run that ended has taken its own down.
  for plane in "$state"/control-plane-*; do STATE=$plane test/cluster/real/control-plane.sh down; done
  rm -rf "$state"
}
trap finish EXIT

npm run --silent build
export PATH=$PWD/node_modules/.bin:$PATH
TMPDIR=$state node bench/main.ts "$@"
