# The node: containerd, kubelet, kube-proxy, CoreDNS, and the registry the node pulls from. All in the cluster's namespace.

NODE=node1
NODE_IP=10.10.0.1
REGISTRY=$NODE_IP:5000
POD_CIDR=10.244.0.0/24
CONTAINERD=/run/$NS/containerd.sock

# A namespace of its own: ports cannot collide, pods cannot reach out, and nothing of the machine is changed.
make_network() {
  ip netns add "$NS"
  ip -n "$NS" link set lo up
  # A veth pair with both ends inside carries the node's address; not every kernel has the dummy type.
  ip -n "$NS" link add node0 type veth peer name node0p
  ip -n "$NS" link set node0p up
  ip -n "$NS" addr add "$NODE_IP/24" dev node0
  ip -n "$NS" link set node0 up
  ip -n "$NS" route add default dev node0 # leads nowhere, but programs look for one
  "${ENTER[@]}" sysctl -qw net.ipv4.ip_forward=1
}

# One parent group a cluster, so that two kubelets never collect each other's pods.
make_cgroups() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup/{cpu,cpuacct,cpuset,memory,devices,freezer,blkio,pids,systemd,hugetlb}; do
    [ -d "$hierarchy" ] || continue
    mkdir -p "$hierarchy/$NS"
  done
  cat /sys/fs/cgroup/cpuset/cpuset.cpus >"/sys/fs/cgroup/cpuset/$NS/cpuset.cpus"
  cat /sys/fs/cgroup/cpuset/cpuset.mems >"/sys/fs/cgroup/cpuset/$NS/cpuset.mems"
  echo 1 >"/sys/fs/cgroup/memory/$NS/memory.use_hierarchy" 2>/dev/null || true # already on in newer kernels
}

start_registry() {
  cat >"$STATE/registry.yaml" <<YAML
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $STATE/registry}, delete: {enabled: true}}
http: {addr: "$REGISTRY"}
YAML
  start registry docker-registry serve "$STATE/registry.yaml"
}

# The two images of the tests; the node pulls them like any other.
push_images() {
  local push="node $REAL/image.ts push $REGISTRY"
  "${ENTER[@]}" $push pause:1 "$BIN/pause"
  "${ENTER[@]}" $push web:1 "$BIN/web" VERSION=1
}

start_containerd() {
  cat >"$STATE/containerd.toml" <<TOML
version = 2
root = "$STATE/containerd"
state = "/run/$NS/containerd"
oom_score = 0
[grpc]
  address = "$CONTAINERD"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$REGISTRY/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$STATE/certs.d"
TOML
  mkdir -p "$STATE/certs.d/$REGISTRY" "$STATE/cni" "/run/$NS"
  cat >"$STATE/certs.d/$REGISTRY/hosts.toml" <<TOML
server = "http://$REGISTRY"
[host."http://$REGISTRY"]
  capabilities = ["pull", "resolve"]
TOML
  cat >"$STATE/cni/10-e2e.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "e2e", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "/run/$NS/cni"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
  start containerd containerd -c "$STATE/containerd.toml"
}

start_kubelet() {
  echo "nameserver $NODE_IP" >"$STATE/resolv.conf"
  cat >"$STATE/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix://$CONTAINERD
cgroupDriver: cgroupfs
cgroupRoot: /$NS
failCgroupV1: false
enforceNodeAllocatable: []
oomScoreAdj: 0
failSwapOn: false
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
resolvConf: $STATE/resolv.conf
# The machine's own disk and memory are not this node's business.
evictionHard: {memory.available: "0%", nodefs.available: "0%", imagefs.available: "0%"}
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: false
# A pull from a registry that cannot be reached from here must not hold up the others.
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
podLogsDir: $STATE/podlogs
YAML
  mkdir -p "$STATE/podlogs"
  start kubelet kubelet --config="$STATE/kubelet.yaml" --kubeconfig="$PKI/kubelet.kubeconfig" --hostname-override=$NODE \
    --node-ip=$NODE_IP --root-dir="$STATE/kubelet" --cert-dir="$STATE/kubelet-pki"
}

start_kube_proxy() {
  cat >"$STATE/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $PKI/kube-proxy.kubeconfig}
hostnameOverride: $NODE
bindAddress: 127.0.0.1
clusterCIDR: $POD_CIDR
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 100ms}
YAML
  start kube-proxy kube-proxy --config="$STATE/kube-proxy.yaml"
}

start_coredns() {
  cat >"$STATE/Corefile" <<COREFILE
cluster.local:53 in-addr.arpa:53 {
  bind $NODE_IP
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $PKI/admin.kubeconfig
    ttl 1
  }
}
.:53 {
  bind $NODE_IP
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
COREFILE
  start coredns coredns -conf "$STATE/Corefile"
}

node_ready() {
  "${ENTER[@]}" kubectl --kubeconfig "$PKI/admin.kubeconfig" get node $NODE \
    -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True
}

# Containers first: they would outlive containerd, and hold mounts and namespaces.
stop_node() {
  stop coredns kubelet kube-proxy network-policy
  if [ -S "$CONTAINERD" ]; then stop_containers; fi
  stop containerd registry
  awk '{print $2}' /proc/mounts | { grep -E "^($STATE|/run/$NS)/" || true; } | sort -r | while read -r mount; do
    umount -l "$mount"
  done
}

stop_containers() {
  local id
  for id in $(containers task ls -q); do containers task kill -s KILL -a "$id" >/dev/null 2>&1 || true; done
  sleep 0.3
  for id in $(containers task ls -q); do containers task rm -f "$id" >/dev/null 2>&1 || true; done
  for id in $(containers container ls -q); do containers container rm "$id" >/dev/null 2>&1 || true; done
}

containers() { ctr --address "$CONTAINERD" --namespace k8s.io "$@"; }

remove_network() {
  [ -e "/run/netns/$NS" ] || return 0
  local pod pods
  # The pods' own namespaces, found by the other ends of the bridge's veths.
  pods=$(ip -n "$NS" -o link show type veth | { grep -o 'link-netns cni-[^ ]*' || true; } | cut -d' ' -f2)
  ip netns del "$NS"
  for pod in $pods; do ip netns del "$pod" 2>/dev/null || true; done
}

remove_cgroups() {
  local group
  for group in /sys/fs/cgroup/*/"$NS"; do
    [ -d "$group" ] || continue
    find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true # a dying container keeps its group a moment longer
  done
}
