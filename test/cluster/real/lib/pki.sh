# Certificates and kubeconfigs of a throwaway cluster, in $STATE/pki.

# make_pki SERVER_URL [EXTRA_SAN]: CAs, every component's client certificate, and a kubeconfig for each.
make_pki() {
  local server=$1 extra=${2:-} name
  mkdir -p "$PKI"
  authority ca
  authority front-proxy-ca
  certificate apiserver ca /CN=kube-apiserver serverAuth \
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:10.96.0.1$extra"
  certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
  certificate admin ca /O=system:masters/CN=admin clientAuth
  certificate controller-manager ca /CN=system:kube-controller-manager clientAuth
  openssl genrsa -out "$PKI/service-account.key" 2048 2>/dev/null
  openssl rsa -in "$PKI/service-account.key" -pubout -out "$PKI/service-account.pub" 2>/dev/null
  for name in admin controller-manager; do kubeconfig "$name" "$server"; done
}

# make_node_pki SERVER_URL NODE_NAME NODE_IP: what a node adds.
make_node_pki() {
  local server=$1 node=$2 ip=$3 name
  certificate apiserver-kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  certificate kubelet-server ca "/CN=$node" serverAuth "DNS:$node,IP:$ip"
  certificate kubelet ca "/O=system:nodes/CN=system:node:$node" clientAuth
  certificate kube-proxy ca /CN=system:kube-proxy clientAuth
  certificate scheduler ca /CN=system:kube-scheduler clientAuth
  for name in kubelet kube-proxy scheduler; do kubeconfig "$name" "$server"; done
}

authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$1" \
    -keyout "$PKI/$1.key" -out "$PKI/$1.crt" 2>/dev/null
}

# certificate NAME AUTHORITY SUBJECT USAGE [SUBJECT_ALT_NAMES]
certificate() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" -keyout "$PKI/$1.key" -out "$PKI/$1.csr" 2>/dev/null
  openssl x509 -req -days 3650 -in "$PKI/$1.csr" -CA "$PKI/$2.crt" -CAkey "$PKI/$2.key" -CAcreateserial -out "$PKI/$1.crt" \
    -extfile <(printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=%s\n%s\n' "$4" "${5:+subjectAltName=$5}") 2>/dev/null
}

# kubeconfig NAME SERVER_URL: self-contained, for the certificate of the same name.
kubeconfig() {
  cat >"$PKI/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "$2", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$PKI/$1.crt"), client-key-data: $(base64 -w0 "$PKI/$1.key")}}]
contexts: [{name: e2e, context: {cluster: e2e, user: $1}}]
current-context: e2e
YAML
}
