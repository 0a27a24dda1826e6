#!/usr/bin/env bash
# ops/checks/run-memory.sh [LINES [KIND]]      1000000 completions
#
# `sluice run` on the demo model over LINES short lines of one token each; KIND is completions (one generated) or
# score (two choices), with 32 MB for keys and values. The process's peak resident memory (VmHWM) must stay within the budget that it prints, the runtime in it, plus 60 MB.
# Needs the built program (dotnet build -c Release src/Sluice.Cli). Prints one JSON object; exit 0 where it held.
# Environment: SLUICE (another program than this checkout's).
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lines=${1:-1000000} kind=${2:-completions}
program=${SLUICE:-$repo/artifacts/bin/Sluice.Cli/release/sluice}
[ -x "$program" ] || { echo "run-memory.sh: no program at $program: dotnet build -c Release src/Sluice.Cli" >&2; exit 2; }
case $kind in
  completions) body='"completions\",\"body\":{\"prompt\":\"order " i "\",\"max_tokens\":1}}"';;
  score) body='"score\",\"body\":{\"prompt\":\"order " i "\",\"choices\":[\" a\",\" b\"]}}"';;
  *) sed -n '2s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2;;
esac
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-run-memory.XXXXXX") child=''
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$work"' EXIT
awk -v n="$lines" 'BEGIN { for (i = 1; i <= n; i++) print "{\"custom_id\":\"" i "\",\"method\":\"POST\",\"url\":\"/v1/" '"$body"' }' >"$work/in.jsonl"

"$program" run "$work/in.jsonl" -o "$work/out.jsonl" --model "$repo/src/Sluice.Cli/Demo/model" --kv-bytes 32000000 --json >"$work/report.json" 2>"$work/log" & child=$!
peak=0
while at=$(awk '/^VmHWM/ { print $2 }' "/proc/$child/status" 2>/dev/null) && [ -n "$at" ]; do
  peak=$at
  [ -z "${WATCH:-}" ] || tail -n1 "$work/log" >&2
  sleep 0.5
done
rc=0; wait "$child" || rc=$?; child=''
budget=$(sed -n 's/^memory: \([0-9.,]*\) MB.*/\1/p' "$work/log" | tr -d ,)
awk -v lines="$lines" -v kind="$kind" -v out="$(wc -l <"$work/out.jsonl")" -v peak="$peak" -v budget="$budget" -v rc="$rc" -v report="$(cat "$work/report.json")" 'BEGIN {
  mb = peak * 1024 / 1e6; held = rc == 0 && out == lines && mb <= budget + 60
  printf "{\"lines\":%d,\"kind\":\"%s\",\"written\":%d,\"budget_mb\":%.1f,\"peak_mb\":%.1f,\"over_budget_mb\":%.1f,\"held\":%s,\"run\":%s}\n", lines, kind, out, budget, mb, mb - budget, held ? "true" : "false", report
  exit !held }'
