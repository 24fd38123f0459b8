# metrics-server, which a test deploys as a pod.
. "$REAL/lib/tool.sh"

# Leaves its path in $METRICS_SERVER.
build_metrics_server() {
  build_tool "$REAL/metrics-server" sigs.k8s.io/metrics-server/cmd/metrics-server -ldflags '-s -w'
  METRICS_SERVER=$TOOL
}
