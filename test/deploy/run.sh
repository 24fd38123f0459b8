#!/bin/bash
# `npm run test:deploy`: our image and our chart as users get them, on a real node. Arguments go to vitest.
. "$(dirname "$0")/../cluster/real/lib/common.sh"
. "$REAL/lib/build.sh"
. "$REAL/lib/helm.sh"
. "$REAL/lib/metrics-server.sh"

PACKAGES="git openssh-server openssh-client skopeo"

cd "$ROOT"
export NS=${NS:-flux-deploy-$$}
export NETWORK_POLICY=on
cluster=$REAL/cluster.sh
"$cluster" apt
if ! dpkg -s $PACKAGES >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $PACKAGES
fi
"$cluster" build
build_helm
build_metrics_server
export HELM METRICS_SERVER
npm run --silent build:image

TEST_PROGRAMS=$(mktemp -d)
export TEST_PROGRAMS
trap '"$cluster" down; rm -rf "$TEST_PROGRAMS"' EXIT
go_build images -ldflags '-s -w' -o "$TEST_PROGRAMS/" ./git-server ./erddap
export TEST_IMAGE=$ROOT/dist/image/flux-gitops.oci.tar
"$cluster" up
"$cluster" sh vitest run --config test/deploy/vitest.config.ts "$@"
