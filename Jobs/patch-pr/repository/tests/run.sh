#!/usr/bin/env bash
# Runs every test; the exit code is 1 when one has failed.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
source lib/times.sh

failed=0

expect() {
  local name="$1" wanted="$2" got="$3"
  if [[ "$got" == "$wanted" ]]; then
    echo "ok      $name"
  else
    echo "FAILED  $name: expected \"$wanted\", got \"$got\""
    failed=1
  fi
}

for file in tests/*_test.sh; do source "$file"; done
exit "$failed"
