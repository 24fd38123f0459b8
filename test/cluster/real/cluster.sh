#!/bin/bash
# A real Kubernetes for tests: etcd, API server, controller-manager, scheduler, and one node with containerd, kubelet,
# kube-proxy, CoreDNS and a private registry, all in a network namespace of their own. Needs root and cgroup v1.
#
#   cluster.sh apt        installs the Debian packages it runs
#   cluster.sh build      builds etcd, Kubernetes and CoreDNS from their Go modules (minutes once, then cached)
#   cluster.sh up         starts it: the node is Ready in 6 to 10 seconds
#   cluster.sh sh CMD...  runs CMD inside, with TEST_KUBECONFIG, TEST_REGISTRY, KUBECONFIG and kubectl
#   cluster.sh restart-containerd   kills containerd and starts it again; its containers go on
#   cluster.sh down       ends it and leaves nothing behind
#
# NS     name of the namespace and of the cluster (default e2e); several run side by side
# STATE  its directory (default /var/tmp/$NS)
# NETWORK_POLICY=on   `build` and `up`: NetworkPolicies are enforced
. "$(dirname "$0")/lib/common.sh"
NS=${NS:-e2e}
STATE=${STATE:-/var/tmp/$NS}
PKI=$STATE/pki
. "$REAL/lib/build.sh"
. "$REAL/lib/pki.sh"
. "$REAL/lib/control-plane.sh"
. "$REAL/lib/node.sh"
. "$REAL/lib/network-policy.sh"

API_PORT=6443
PACKAGES="containerd runc containernetworking-plugins docker-registry iptables iproute2 openssl curl"

# Not `ip netns exec`: it remounts /sys and hides the cgroups.
ENTER=(nsenter "--net=/run/netns/$NS")

install_packages() {
  if dpkg -s $PACKAGES >/dev/null 2>&1; then return; fi
  need_root
  say "installing $PACKAGES"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $PACKAGES
}

up() {
  need_root
  [ -d /sys/fs/cgroup/cpuset ] || die "this machine has cgroup v2 only; set TEST_KUBECONFIG to a disposable cluster instead"
  [ ! -e "/run/netns/$NS" ] || die "cluster '$NS' exists: run 'cluster.sh down' first"
  dpkg -s $PACKAGES >/dev/null 2>&1 || die "packages are missing: run 'cluster.sh apt' first"
  build_all
  mkdir -p "$STATE/pids"
  make_network
  make_cgroups
  make_pki "https://127.0.0.1:$API_PORT" ",IP:$NODE_IP"
  make_node_pki "https://127.0.0.1:$API_PORT" $NODE $NODE_IP

  start_registry
  start_containerd
  start_etcd 2379 2380
  start_apiserver 2379 $API_PORT --bind-address=0.0.0.0 --advertise-address=$NODE_IP \
    --kubelet-preferred-address-types=InternalIP \
    --kubelet-client-certificate="$PKI/apiserver-kubelet-client.crt" --kubelet-client-key="$PKI/apiserver-kubelet-client.key"
  start_controller_manager --bind-address=127.0.0.1 --allocate-node-cidrs=true --cluster-cidr=10.244.0.0/16
  local scheduler=$PKI/scheduler.kubeconfig
  start kube-scheduler kube-scheduler --kubeconfig="$scheduler" --authentication-kubeconfig="$scheduler" \
    --authorization-kubeconfig="$scheduler" --bind-address=127.0.0.1 --leader-elect=false --kube-api-qps=500 --kube-api-burst=1000
  wait_until 20 "the registry" "${ENTER[@]}" curl -sf "http://$REGISTRY/v2/"
  push_images
  start_kubelet
  start_kube_proxy
  start_coredns
  [ -z "${NETWORK_POLICY:-}" ] || start_network_policy
  wait_until 60 "the node Ready" node_ready
  wait_until 60 "the default service account" api_get $API_PORT /api/v1/namespaces/default/serviceaccounts/default
  say "node Ready, state in $STATE"
}

build_all() {
  build
  [ -z "${NETWORK_POLICY:-}" ] || build_network_policy
}

down() {
  need_root
  set +e # whatever is half up: every step does what it can
  stop_control_plane
  stop_node
  remove_network
  remove_cgroups
  rm -rf "$STATE" "/run/$NS"
}

inside() {
  [ -e "/run/netns/$NS" ] || die "cluster '$NS' is not up"
  local bin
  bin=$BUILD_CACHE/$(build_key)
  export PATH=$bin:$PATH KUBECONFIG=$PKI/admin.kubeconfig
  export TEST_KUBECONFIG=$KUBECONFIG TEST_REGISTRY=$REGISTRY TEST_WEB_PROGRAM=$bin/web
  exec "${ENTER[@]}" "$@"
}

restart_containerd() {
  need_root
  stop containerd
  start_containerd
  wait_until 20 "containerd" containers version
}

need_root() {
  [ "$(id -u)" = 0 ] || die "needs root for namespaces and containers; without it, control-plane.sh gives the API alone"
}

case ${1:-} in
  apt) install_packages ;;
  build) build_all ;;
  up) up ;;
  restart-containerd) restart_containerd ;;
  down) down ;;
  sh) shift; inside "$@" ;;
  *) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
