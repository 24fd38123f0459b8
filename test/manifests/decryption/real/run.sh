#!/bin/bash
# `npm run test:sops`: holds our decryption against sops as the image has it. Needs Go, the Go module proxy, GnuPG, and git-secret.
. "$(dirname "$0")/../../../cluster/real/lib/common.sh"
. "$REAL/lib/sops.sh"

cd "$ROOT"
build_sops

case ${1:-} in
  '' | -*) set -- test/manifests/decryption/real "$@" ;;
esac
TEST_SOPS=$SOPS vitest run "$@"
