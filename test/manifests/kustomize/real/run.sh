#!/bin/bash
# `npm run test:kustomize`: builds kustomize as the image has it, and holds what fluxd knows of it against the program. Needs Go, and the Go
# module proxy.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

program=$PWD/node_modules/.cache/kustomize
(cd container/tools/kustomize && CGO_ENABLED=0 GOFLAGS='-mod=readonly -trimpath -buildvcs=false' GOWORK=off \
  go build -o "$program" sigs.k8s.io/kustomize/kustomize/v5)

case ${1:-} in
  '' | -*) set -- test/manifests/kustomize/real test/e2e/kustomize.test.ts "$@" ;;
esac
TEST_KUSTOMIZE=$program vitest run "$@"
