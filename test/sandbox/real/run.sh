#!/bin/bash
# `npm run test:sandbox`: builds the helper of the sandbox container and a hostile program, and holds one against the other. Needs Linux
# with Landlock, root, Go, and the Go module proxy.
set -euo pipefail
cd "$(dirname "$0")/../../.."

work=$(mktemp -d /var/tmp/flux-test-sandbox-XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

export CGO_ENABLED=0 GOFLAGS='-mod=readonly -trimpath -buildvcs=false' GOWORK=off
for arch in arm64 amd64; do (cd container/tools/sandbox && GOARCH=$arch go vet .); done
(cd container/tools/sandbox && go build -o "$work/flux-sandbox" .)
(cd test/sandbox/real/attack && go build -o "$work/attack" .)

case ${1:-} in
  '' | -*) set -- test/sandbox/real "$@" ;;
esac
# One file after the other: attacks look for what they left in folders that all share.
TEST_SANDBOX=$work vitest run --no-file-parallelism "$@"
