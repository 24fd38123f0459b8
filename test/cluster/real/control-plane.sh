#!/bin/bash
# A real Kubernetes API without a node, for tests and benchmarks: etcd, kube-apiserver and kube-controller-manager on free
# loopback ports. Needs no root; several run side by side, one for each STATE directory.
#
#   control-plane.sh build            the binaries only
#   eval "$(control-plane.sh up)"     starts it; prints `export KUBECONFIG=…` and `export PATH=…` (with kubectl)
#   control-plane.sh down
#
# STATE  its directory (default: flux-control-plane-$UID in the temporary directory)
. "$(dirname "$0")/lib/common.sh"
. "$REAL/lib/build.sh"
. "$REAL/lib/pki.sh"
. "$REAL/lib/control-plane.sh"

STATE=${STATE:-${TMPDIR:-/tmp}/flux-control-plane-$UID}
PKI=$STATE/pki

up() {
  [ ! -e "$STATE" ] || die "$STATE exists: run 'control-plane.sh down' first"
  build
  mkdir -p "$STATE/pids"
  local etcd peer api
  etcd=$(free_port) peer=$(free_port) api=$(free_port)
  make_pki "https://127.0.0.1:$api"
  start_etcd "$etcd" "$peer"
  # No node has to reach this API, so it does not publish an endpoint for itself.
  start_apiserver "$etcd" "$api" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none
  start_controller_manager --secure-port=0
  wait_until 60 "the default service account" api_get "$api" /api/v1/namespaces/default/serviceaccounts/default
  say "control plane up, state in $STATE"
  printf 'export KUBECONFIG=%q\nexport PATH=%q:$PATH\n' "$PKI/admin.kubeconfig" "$BIN"
}

down() {
  [ -d "$STATE/pids" ] || return 0
  set +e # whatever is half up: every step does what it can
  stop_control_plane
  rm -rf "$STATE"
}

# A port nobody listens on, below the kernel's ephemeral range, so that no client socket takes it meanwhile.
free_port() {
  local port
  while port=$((10000 + (RANDOM * 32768 + RANDOM) % 20000)); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}

case ${1:-} in
  build) build ;;
  up) up ;;
  down) down ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
