#!/bin/bash
# `npm run test:cluster`: the end-to-end suite, and the conformance tests of the embedded API, against a real Kubernetes.
# With TEST_KUBECONFIG set, that (disposable!) cluster is used and none is started; TEST_REGISTRY then names a registry
# (HOST:PORT, plain HTTP) that both this machine and the cluster's nodes reach.
. "$(dirname "$0")/lib/common.sh"

cd "$ROOT"
# Further arguments go to vitest: a file's name, -t PATTERN, a reporter.
suite=(vitest run test/e2e test/sim/conformance "$@")

if [ -n "${TEST_KUBECONFIG:-}" ]; then
  exec "${suite[@]}"
fi

export NS=${NS:-flux-e2e-$$}
cluster=$REAL/cluster.sh
"$cluster" apt
"$cluster" build
trap '"$cluster" down' EXIT
"$cluster" up
"$cluster" sh "${suite[@]}"
