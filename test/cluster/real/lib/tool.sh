# Programs that a Go module pins by its `tool` line: built once, kept by the hash of the module.

# build_tool MODULE PACKAGE FLAG...: leaves the path of the program in $TOOL.
build_tool() {
  local module=$1 package=$2 name key
  shift 2
  name=$(basename "$module")
  key=$(cat "$module"/go.{mod,sum} <(go version) | sha256sum | cut -c1-16)
  TOOL=${E2E_CACHE:-$HOME/.cache/e2e-kube}/$name-$key
  [ ! -x "$TOOL" ] || return 0
  say "building $name (about two minutes the first time)"
  mkdir -p "$(dirname "$TOOL")"
  (cd "$module" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath "$@" -o "$TOOL.new" "$package")
  mv "$TOOL.new" "$TOOL"
}
