# sops as it is in our image, from its Go module; kept by the hash of it.

# Leaves its path in $SOPS.
build_sops() {
  local module=$ROOT/container/tools/sops key
  key=$(cat "$module"/go.{mod,sum} <(go version) | sha256sum | cut -c1-16)
  SOPS=${E2E_CACHE:-$HOME/.cache/e2e-kube}/sops-$key
  [ ! -x "$SOPS" ] || return 0
  say "building sops (about two minutes the first time)"
  mkdir -p "$(dirname "$SOPS")"
  (cd "$module" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags '-s -w' -o "$SOPS.new" github.com/getsops/sops/v3/cmd/sops)
  mv "$SOPS.new" "$SOPS"
}
