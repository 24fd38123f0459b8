# sops as it is in our image.
. "$REAL/lib/tool.sh"

# Leaves its path in $SOPS.
build_sops() {
  build_tool "$ROOT/container/tools/sops" github.com/getsops/sops/v3/cmd/sops -ldflags '-s -w'
  SOPS=$TOOL
}
