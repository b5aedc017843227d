#!/usr/bin/env bash
# Installs what the tests need and a fresh machine may lack. Says what it does; does nothing when all is there.
set -euo pipefail
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
