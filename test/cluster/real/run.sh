#!/bin/bash
# `npm run test:cluster`: the end-to-end suite, and the tests of the embedded API, against a real Kubernetes.
# With TEST_KUBECONFIG set, that (disposable!) cluster is used and none is started; TEST_REGISTRY then has to name a
# registry (HOST:PORT, plain HTTP) that both this machine and the cluster's nodes reach.
. "$(dirname "$0")/lib/common.sh"
. "$REAL/lib/build.sh"

cd "$ROOT"
# Arguments go to vitest: files to run instead of all, -t PATTERN, a reporter.
case ${1:-} in
  '' | -*) set -- test/e2e test/sim/kubernetes "$@" ;;
esac
suite=(vitest run "$@")
export FAULTS=${FAULTS:-all}

if [ -n "${TEST_KUBECONFIG:-}" ]; then
  [ -n "${TEST_REGISTRY:-}" ] || die "TEST_KUBECONFIG needs TEST_REGISTRY=HOST:PORT beside it"
  programs=$(mktemp -d)
  trap 'rm -rf "$programs"' EXIT
  BIN=$programs build_image_programs
  TEST_WEB_PROGRAM=$programs/web "${suite[@]}"
  exit
fi

export NS=${NS:-flux-e2e-$$}
cluster=$REAL/cluster.sh
"$cluster" apt
"$cluster" build
trap '"$cluster" down' EXIT
"$cluster" up
"$cluster" sh "${suite[@]}"
