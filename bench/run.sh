#!/bin/bash
# `npm run bench [SIZE...]`: whole syncs of the built daemon beside kubectl, against a control plane of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
state=$(mktemp -d)
control_plane() { STATE=$state/control-plane test/cluster/real/control-plane.sh "$@"; }
trap 'control_plane down; rm -rf "$state"' EXIT

npm run --silent build
environment=$(control_plane up)
eval "$environment"
export PATH=$PWD/node_modules/.bin:$PATH
TMPDIR=$state node bench/sync.ts "$@"
