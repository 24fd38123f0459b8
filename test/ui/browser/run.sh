#!/bin/bash
# `npm run test:ui`: the web page in Chromium. Needs chromium, as the package of Debian has it.
set -euo pipefail
cd "$(dirname "$0")/../../.."
TEST_BROWSER=${TEST_BROWSER:-$(command -v chromium)} || { echo 'test:ui needs chromium: apt-get install chromium' >&2; exit 1; }
export TEST_BROWSER

case ${1:-} in
  '' | -*) set -- test/ui/browser "$@" ;;
esac
vitest run "$@"
