# etcd, kube-apiserver and kube-controller-manager: what both kinds of cluster have.

# start_etcd CLIENT_PORT PEER_PORT: data in memory when the machine lets us; without fsync, since it is thrown away.
start_etcd() {
  local client=http://127.0.0.1:$1 peer=http://127.0.0.1:$2 memory=/dev/shm
  [ -w "$memory" ] || memory=$STATE
  mktemp -d "$memory/e2e-etcd-XXXXXX" >"$STATE/etcd-dir"
  start etcd etcd --data-dir "$(cat "$STATE/etcd-dir")" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
}

# start_apiserver ETCD_PORT PORT FLAG...
start_apiserver() {
  local etcd=$1 port=$2
  shift 2
  start kube-apiserver kube-apiserver "--etcd-servers=http://127.0.0.1:$etcd" "--secure-port=$port" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-cluster-ip-range=10.96.0.0/16 \
    --service-account-key-file="$PKI/service-account.pub" --service-account-signing-key-file="$PKI/service-account.key" \
    --proxy-client-cert-file="$PKI/front-proxy-client.crt" --proxy-client-key-file="$PKI/front-proxy-client.key" \
    --requestheader-client-ca-file="$PKI/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group \
    --requestheader-username-headers=X-Remote-User --enable-aggregator-routing=true "$@"
  # Callers may start the controllers only now: before its RBAC bootstrap is done they exit at once.
  wait_until 60 "kube-apiserver ready" api_ready "$port"
  say "kube-apiserver ready on port $port"
}

api_ready() {
  [ "$(api_get "$1" /readyz)" = ok ]
}

# api_get PORT PATH: as admin; fails on any HTTP error.
api_get() {
  "${ENTER[@]}" curl -sf --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" "https://127.0.0.1:$1$2"
}

# Its default of 20 requests a second would delay every rollout by seconds.
start_controller_manager() {
  local config=$PKI/controller-manager.kubeconfig
  start kube-controller-manager kube-controller-manager --kubeconfig="$config" --leader-elect=false \
    --authentication-kubeconfig="$config" --authorization-kubeconfig="$config" --use-service-account-credentials=true \
    --service-account-private-key-file="$PKI/service-account.key" --root-ca-file="$PKI/ca.crt" \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
    --service-cluster-ip-range=10.96.0.0/16 --kube-api-qps=500 --kube-api-burst=1000 "$@"
}

stop_control_plane() {
  stop kube-scheduler kube-controller-manager kube-apiserver etcd
  if [ -f "$STATE/etcd-dir" ]; then rm -rf "$(cat "$STATE/etcd-dir")"; fi
}
