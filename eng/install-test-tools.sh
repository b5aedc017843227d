#!/usr/bin/env bash
# Installs what the tests need and a fresh machine may lack. Says what it does; does nothing when all is there.
set -euo pipefail
wanted=()
if [ ${#wanted[@]} -gt 0 ]; then
  echo "installing: ${wanted[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${wanted[@]}" >/dev/null
fi
