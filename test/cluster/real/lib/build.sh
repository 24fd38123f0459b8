# The Go binaries: built once from pinned modules, kept by the hash of their sources.

KUBERNETES_VERSION=v1.34.4
BUILD_CACHE=${E2E_CACHE:-$HOME/.cache/e2e-kube}

build_key() {
  command -v go >/dev/null || die "go is not installed: it builds Kubernetes from its modules"
  (cd "$REAL" && cat kube/{go.mod,go.sum,main.go} dns/{go.mod,go.sum,main.go} images/{go.mod,pause/main.go,web/main.go}) |
    cat - <(echo "$KUBERNETES_VERSION"; go version) | sha256sum | cut -c1-16
}

# Leaves all binaries in $BIN and puts it on PATH.
build() {
  BIN=$BUILD_CACHE/$(build_key)
  export PATH=$BIN:$PATH
  mkdir -p "$BIN"
  exec 9>"$BIN/.lock"
  flock 9 # a second caller waits for the first one's result
  if [ ! -f "$BIN/.done" ]; then
    build_kubernetes
    build_coredns
    build_image_programs
    touch "$BIN/.done"
  fi
  exec 9>&-
}

# Without the linker flags every component calls itself v0.0.0-master.
build_kubernetes() {
  say "building etcd and Kubernetes $KUBERNETES_VERSION (about 6 minutes the first time)"
  local flags="-s -w" package minor=${KUBERNETES_VERSION#v1.} component
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$KUBERNETES_VERSION -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
  done
  go_build kube -ldflags "$flags" -o "$BIN/kube" .
  for component in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do
    ln -sf kube "$BIN/$component"
  done
}

build_coredns() {
  say "building CoreDNS (about a minute the first time)"
  go_build dns -ldflags '-s -w' -o "$BIN/coredns" .
}

build_image_programs() {
  say "building the programs of the test images"
  go_build images -ldflags '-s -w' -o "$BIN/" ./pause ./web
}

go_build() {
  local module=$1
  shift
  (cd "$REAL/$module" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath "$@")
}
