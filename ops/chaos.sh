#!/usr/bin/env bash
# ops/chaos.sh [--jobs N] [--kills N] [--seed N] [--scenario NAME] [--seeds N] [--at-once N] [--points A,B] [--old COMMIT]
#              [--keep] [--no-build]
#
# Starts a whole service as processes, with a broker and a database of its own, breaks them by a seed, heals, waits for the
# end of all jobs, checks the invariants (ops/runbooks/check.md) and prints one JSON line. Progress goes to stderr.
# Exit 0 where nothing was lost, doubled, wrong or stuck. Scenarios: --scenario help.
#
# Needs the .NET SDK and what ops/services.sh needs. As root it also receives webhooks (on a private address that it puts on the
# loopback interface) and can fill up disks of its own (--scenario disk). What it starts, it stops; its folder under
# /var/tmp goes too, unless something failed (its logs stay) or --keep is given (all of it stays).
set -uo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 DOTNET_TieredPGO=0 DOTNET_ThreadPool_UnfairSemaphoreSpinLimit=0
for name in ${!STACK_*} ${!SLUICE_*}; do unset "$name"; done

build=1 keep='' old='' args=()
while [ $# -gt 0 ]; do
  case $1 in
    --no-build) build='';;
    --keep) keep=1;;
    --old) old=${2:-}; shift;;
    *) args+=("$1");;
  esac
  shift
done
if [ -z "$old" ] && [[ " ${args[*]} " == *' --scenario upgrade '* ]]; then
  newest=$(cd "$repo" && ls migrations/*/20*.cs | grep -v Designer | sort -t/ -k3 | tail -1)
  old=$(git -C "$repo" log --diff-filter=A --format=%H -1 -- "$newest")^ || exit 2
fi
dll=$repo/artifacts/bin/Sluice.Chaos/release/Sluice.Chaos.dll
if [ -n "$build" ]; then dotnet build "$repo/tests/Sluice.Chaos" -c Release -v quiet -clp:NoSummary -nodeReuse:false >&2 || exit 2; fi

folder=$(mktemp -d /var/tmp/sluice-chaos.XXXXXX) || exit 2
chmod 755 "$folder"
if [ -n "$old" ]; then
  echo "chaos: building $(git -C "$repo" log --format='%h %s' -1 "$old")" >&2
  mkdir "$folder/old" && git -C "$repo" archive "$old" | tar -x -C "$folder/old" && dotnet build "$folder/old/src/Sluice.Cli" -c Release -v quiet -clp:NoSummary -nodeReuse:false >&2 || exit 2
  args+=(--old "$folder/old/artifacts/bin/Sluice.Cli/release/sluice.dll")
fi
export CHAOS_REPOSITORY=$repo CHAOS_FOLDER=$folder
child=''
stop_all() {
  trap '' INT TERM HUP
  [ -z "$child" ] || { kill -TERM "$child"; wait "$child"; } 2>/dev/null
  # what it left: each is the leader of a session of its own, and only while that pid is still one of our programs
  if [ -s "$folder/pids" ]; then
    while read -r p; do
      [ -r "/proc/$p/cmdline" ] && tr '\0' ' ' <"/proc/$p/cmdline" | grep -q "sluice.dll serve" && kill -KILL -- "-$p" 2>/dev/null
    done <"$folder/pids"
  fi
  if [ -d "$folder/run" ]; then
    STACK_RUN_DIR=$folder/run bash "$repo/ops/services.sh" down --native </dev/null >>"$folder/down.log" 2>&1
    for disk in "$folder"/run/{pg,mq}; do mountpoint -q "$disk" && umount "$disk"; done
  fi
}
for s in INT TERM HUP; do trap "stop_all; exit 1" $s; done

dotnet "$dll" "${args[@]}" </dev/null & child=$!
wait $child; rc=$?; child=''
stop_all
if [ -n "$keep" ]; then echo "chaos: logs and the data of both servers are in $folder" >&2
elif [ $rc = 0 ]; then rm -rf "$folder"
else rm -rf "$folder/run"; echo "chaos: logs are in $folder" >&2; fi
exit $rc
