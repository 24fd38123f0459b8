# Helm as it is in our image.
. "$REAL/lib/tool.sh"

# Leaves its path in $HELM.
build_helm() {
  local flags="-s -w" package
  # Of which Kubernetes it takes itself to be when it renders without a cluster.
  for package in chart/v2/lint/rules chartutil lint/rules; do
    flags="$flags -X helm.sh/helm/v3/pkg/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$package.k8sVersionMinor=34"
  done
  build_tool "$ROOT/container/tools/helm" helm.sh/helm/v3/cmd/helm -ldflags "$flags"
  HELM=$TOOL
}
