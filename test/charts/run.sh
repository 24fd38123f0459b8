#!/bin/bash
# `npm run test:chart`: the chart as the real Helm renders it, against a real API server and a real Prometheus.
#
#   run.sh [ARGUMENT of vitest]...
#   run.sh generate     writes manifests/, and what `fluxctl install` prints, anew
#
# Needs Go, which builds Helm and Kubernetes from their modules, and promtool and prometheus (Debian's package prometheus).
. "$(dirname "$0")/../cluster/real/lib/common.sh"
. "$REAL/lib/helm.sh"

cd "$ROOT"

build_helm
export HELM
if [ "${1:-}" = generate ]; then
  node tools/chart/generate.mjs
  exec node tools/chart/generate-manifests.mjs
fi

# The Prometheus operator's definitions are in its module, though they are no Go.
operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
go mod download "$operator"
MONITORING_CRDS=$(go env GOMODCACHE)/$operator/example/prometheus-operator-crd
export MONITORING_CRDS

command -v promtool >/dev/null || die "promtool is not installed: apt-get install --no-install-recommends prometheus"

STATE=$(mktemp -d)/control-plane
export STATE
control_plane=$REAL/control-plane.sh
trap '"$control_plane" down; rmdir "$(dirname "$STATE")"' EXIT
eval "$("$control_plane" up)"
# No node: nothing is pulled, and no pod runs.
case ${1:-} in
  '' | -*) set -- test/charts "$@" ;;
esac
TEST_KUBECONFIG=$KUBECONFIG TEST_REGISTRY=127.0.0.1:1 TEST_WEB_PROGRAM=/dev/null vitest run "$@"
