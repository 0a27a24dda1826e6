#!/usr/bin/env bash
# ops/checks/submission-memory.sh [LINES [LIMIT_MB [PORT]]]      1000000 250 8090
#
# LINES short lines through POST /v1/submissions of a service of its own (`serve`, stub engine), uploaded by another
# process: the service's peak resident memory (VmHWM) must stay under LIMIT_MB from its start until the last job has ended.
# Needs Postgres and RabbitMQ in the environment (ops/services.sh up) and the built program (dotnet build -c Release
# src/Sluice.Cli). Leaves its rows in the database. Prints one JSON object; exit 0 where the memory held and every line succeeded.
# Environment: SLUICE (another program than this checkout's), WATCH=1 (memory and counts every second), SERVE (more words for `serve`).
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lines=${1:-1000000} limit=${2:-250} port=${3:-8090}
program=${SLUICE:-$repo/artifacts/bin/Sluice.Cli/release/sluice}
[ -x "$program" ] || { echo "submission-memory.sh: no program at $program: dotnet build -c Release src/Sluice.Cli" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-submission-memory.XXXXXX") server='' upload=''
trap '[ -z "$upload" ] || kill "$upload" 2>/dev/null; [ -z "$server" ] || kill -9 "$server" 2>/dev/null; rm -rf "$work"' EXIT
awk -v n="$lines" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"custom_id\":\"line-%d\",\"prompt\":\"Item %d: what is it?\"}\n", i, i }' >"$work/in.jsonl"

"$program" migrate >"$work/migrate.log"
export SLUICE_URL=http://127.0.0.1:$port
SLUICE_KEY=$("$program" keys create --tenant "memory-$$" | grep -o 'sk_[A-Za-z0-9_-]*' | head -1)
export SLUICE_KEY
"$program" serve --engine stub --urls "$SLUICE_URL" ${SERVE:-} >"$work/serve.log" 2>&1 & server=$!
fail() { echo "submission-memory.sh: $1" >&2; tail -n 5 "$work/serve.log" >&2; exit 1; }
for ((i = 0; ; i++)); do
  curl -sf -o "$work/ready" "$SLUICE_URL/health/ready" && break
  [ $i -lt 300 ] && kill -0 "$server" 2>/dev/null || fail "the service does not start"
  sleep 0.2
done
peak() { awk '/^VmHWM/ { printf "%.1f", $2 * 1024 / 1e6 }' "/proc/$server/status"; }
cpu() { awk '{ printf "%.1f", ($14 + $15) / 100 }' "/proc/$server/stat"; }
count() { grep -o "\"$1\":[0-9]*" "$work/view" | grep -o '[0-9]*' | head -1; }
get() { curl -sf --max-time 30 -H "authorization: Bearer $SLUICE_KEY" -o "$work/view" "$SLUICE_URL/v1/submissions/$id"; }
idle=$(peak)

t0=$EPOCHREALTIME
curl -sf -H "authorization: Bearer $SLUICE_KEY" -H 'content-type: application/jsonl' -T "$work/in.jsonl" -X POST -o "$work/view" \
  "$SLUICE_URL/v1/submissions?model=stub&cache=off&on_broken=keep" & upload=$!
rc=0; wait "$upload" || rc=$?; upload=''
[ $rc = 0 ] || fail "the upload ended with $rc of curl"
t1=$EPOCHREALTIME ingest=$(peak)
id=$(grep -o 'sub_[0-9a-f]*' "$work/view" | head -1)
while ! grep -q '"finished_at"' "$work/view"; do
  sleep 0.5
  kill -0 "$server" 2>/dev/null || fail "the service ended"
  get || true
  [ -z "${WATCH:-}" ] || awk -v view="$(tr -d '\n ' <"$work/view" | grep -o '"counts":{[^}]*}')" '/^VmHWM|^VmRSS/ { printf "%s %.1f MB  ", $1, $2 * 1024 / 1e6 } END { print view }' "/proc/$server/status" >&2
done
t2=$EPOCHREALTIME
awk -v lines="$lines" -v limit="$limit" -v succeeded="$(count succeeded)" -v idle="$idle" -v ingest="$ingest" -v peak="$(peak)" -v cpu="$(cpu)" -v t0="$t0" -v t1="$t1" -v t2="$t2" 'BEGIN {
  held = succeeded == lines && peak < limit
  printf "{\"lines\":%d,\"succeeded\":%d,\"ingest_lines_per_s\":%.0f,\"jobs_per_s\":%.0f,\"seconds\":%.1f,\"cpu_seconds\":%.1f,\"idle_peak_mb\":%.1f,\"ingest_peak_mb\":%.1f,\"peak_mb\":%.1f,\"limit_mb\":%d,\"held\":%s}\n", lines, succeeded, lines / (t1 - t0), lines / (t2 - t0), t2 - t0, cpu, idle, ingest, peak, limit, held ? "true" : "false"
  exit !held }'
