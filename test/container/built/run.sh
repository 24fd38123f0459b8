#!/bin/bash
# `npm run test:image`: builds the image, and tries it out under runc, containerd and Docker. Needs root, Debian's packages, the npm
# registry, the Go module proxy and PyPI.
set -euo pipefail
cd "$(dirname "$0")/../../.."

packages=(umoci skopeo runc containerd docker.io buildah iptables iproute2 openssh-server python3-venv debian-archive-keyring)
dpkg -s "${packages[@]}" >/dev/null 2>&1 ||
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the bills of materials are checked with, by the people who make the formats.
/usr/bin/python3 -m venv "$work/python"
"$work/python/bin/pip" --quiet install spdx-tools==0.8.5 'cyclonedx-python-lib[json-validation]==11.12.0'

SECONDS=0
npm run build:image
echo "npm run build:image took $SECONDS s"

skopeo copy --quiet oci-archive:dist/image/flux-gitops.oci.tar "oci:$work/layout:image"
umoci unpack --image "$work/layout:image" "$work/bundle"
case ${1:-} in
  '' | -*) set -- test/container/built "$@" ;;
esac
TEST_IMAGE=$PWD/dist/image TEST_IMAGE_BUNDLE=$work/bundle TEST_IMAGE_PYTHON=$work/python/bin vitest run "$@"
