#!/bin/bash
# `npm run test:chart`: the chart as the real Helm renders it, against a real API server and a real Prometheus.
#
#   run.sh [ARGUMENT of vitest]...
#   run.sh generate     writes manifests/, and what `fluxctl install` prints, anew
#
# Needs Go, which builds Helm and Kubernetes from their modules, and promtool and prometheus (Debian's package prometheus).
. "$(dirname "$0")/../cluster/real/lib/common.sh"

cd "$ROOT"

# Helm as it is in our image. Kept by the hash of its modules.
build_helm() {
  local module=container/tools/helm flags="-s -w" package key
  key=$(cat "$module"/go.{mod,sum} <(go version) | sha256sum | cut -c1-16)
  HELM=${E2E_CACHE:-$HOME/.cache/e2e-kube}/helm-$key
  [ ! -x "$HELM" ] || return 0
  say "building Helm (about two minutes the first time)"
  # Of which Kubernetes it takes itself to be when it renders without a cluster.
  for package in chart/v2/lint/rules chartutil lint/rules; do
    flags="$flags -X helm.sh/helm/v3/pkg/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$package.k8sVersionMinor=34"
  done
  mkdir -p "$(dirname "$HELM")"
  (cd "$module" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags "$flags" -o "$HELM.new" helm.sh/helm/v3/cmd/helm)
  mv "$HELM.new" "$HELM"
}

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
