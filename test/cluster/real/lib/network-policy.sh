# NetworkPolicies that are enforced: the network plugins of Debian know none.

# Leaves the path of the program in $NETWORK_POLICY_PROGRAM; kept by the hash of its sources.
build_network_policy() {
  local key
  key=$(cat "$REAL"/network-policy/{go.mod,go.sum,main.go} <(go version) | sha256sum | cut -c1-16)
  NETWORK_POLICY_PROGRAM=$BUILD_CACHE/network-policy-$key
  [ ! -x "$NETWORK_POLICY_PROGRAM" ] || return 0
  say "building what enforces NetworkPolicies (half a minute the first time)"
  mkdir -p "$BUILD_CACHE"
  go_build network-policy -ldflags '-s -w' -o "$NETWORK_POLICY_PROGRAM.new" .
  mv "$NETWORK_POLICY_PROGRAM.new" "$NETWORK_POLICY_PROGRAM"
}

# Each new connection from or to a pod waits for its word, those to the node itself included; without an answer it is dropped. What the
# node sends, such as the kubelet's probes, is let through, as Kubernetes demands. A bridge passes packets through these rules as well.
start_network_policy() {
  local rule
  "${ENTER[@]}" sysctl -qw net.bridge.bridge-nf-call-iptables=1
  for rule in "FORWARD -s" "FORWARD -d" "INPUT -s"; do
    "${ENTER[@]}" iptables -w -t mangle -I $rule "$POD_CIDR" -m conntrack --ctstate NEW -j NFQUEUE --queue-num 100
  done
  start network-policy "$NETWORK_POLICY_PROGRAM" --kubeconfig="$PKI/admin.kubeconfig" --node="$NODE"
  wait_until 20 "NetworkPolicies enforced" "${ENTER[@]}" grep -q '^ *100 ' /proc/self/net/netfilter/nfnetlink_queue
}
