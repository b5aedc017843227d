#!/usr/bin/env bash
# Installs what the tests need and a fresh machine may lack. Says what it does; does nothing when all is there.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# An S3 server that nobody here wrote, for the object store's tests; without npm they are skipped.
if command -v npm >/dev/null && [ ! -e artifacts/tools/s3rver/node_modules/.bin/s3rver ]; then
  echo "installing: s3rver (npm)"
  mkdir -p artifacts/tools/s3rver
  npm install --prefix artifacts/tools/s3rver --no-audit --no-fund --silent s3rver@3.7.1 >/dev/null || echo "s3rver could not be installed; its tests are skipped"
fi
# A second one, for the full check alone: OpenStack Swift from the distribution's packages, unpacked beside the build and installed nowhere.
if [ "${COMFYSERVE_TEST_FULL:-}" = 1 ] && [ ! -d artifacts/tools/swift/usr ] && command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
  echo "unpacking: OpenStack Swift (apt)"
  mkdir -p artifacts/tools/swift/packages
  (
    cd artifacts/tools/swift/packages
    mapfile -t packages < <(apt-get install -s --no-install-recommends swift-proxy swift-account swift-container swift-object | awk '/^Inst/ { print $2 }')
    [ ${#packages[@]} -gt 0 ] && apt-get download -qq "${packages[@]}" && for package in *.deb; do dpkg -x "$package" ..; done
  ) || { echo "OpenStack Swift could not be unpacked; its tests are skipped"; rm -rf artifacts/tools/swift; }
  rm -rf artifacts/tools/swift/packages
fi
wanted=()
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  wanted+=(postgresql)
fi
if [ ${#wanted[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "not root, so not installed: ${wanted[*]}; the tests that need them are skipped"
    exit 0
  fi
  echo "installing: ${wanted[*]}"
  # The tests start servers of their own: no cluster, no service.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${wanted[@]}" >/dev/null
fi
