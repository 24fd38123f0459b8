# Helm as it is in our image, from its Go module; kept by the hash of it.

# Leaves its path in $HELM.
build_helm() {
  local module=$ROOT/container/tools/helm flags="-s -w" package key
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
