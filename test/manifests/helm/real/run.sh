#!/bin/bash
# `npm run test:helm`: holds what fluxd knows of Helm against the program as the image has it, with values that sops decrypts, and deploys charts by it. Needs Go, and the Go module proxy.
. "$(dirname "$0")/../../../cluster/real/lib/common.sh"
. "$REAL/lib/helm.sh"
. "$REAL/lib/sops.sh"

cd "$ROOT"
build_helm
build_sops

case ${1:-} in
  '' | -*) set -- test/manifests/helm/real test/e2e/helm.test.ts "$@" ;;
esac
TEST_HELM=$HELM TEST_SOPS=$SOPS vitest run "$@"
