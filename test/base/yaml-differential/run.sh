#!/bin/bash
# `npm run test:yaml`: how we read YAML, against the Go code by which kubectl reads it.
#
#   run.sh [ARGUMENT of vitest]...
#   run.sh freeze     writes the answers that `npm test` compares with anew
#
# Needs Go and the Go module proxy.
set -euo pipefail
cd "$(dirname "$0")/../../.."
export PATH=$PWD/node_modules/.bin:$PATH:/usr/local/go/bin

folder=test/base/yaml-differential
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export YAML_READER=$work/reader
(cd $folder/reader && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$YAML_READER" .)

if [ "${1:-}" = freeze ]; then
  node $folder/freeze.ts
else
  case ${1:-} in
    '' | -*) set -- $folder "$@" ;;
  esac
  vitest run "$@"
fi
