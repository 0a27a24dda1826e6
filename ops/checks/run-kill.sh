#!/usr/bin/env bash
# ops/checks/run-kill.sh [LINES [KILLS [SEED]]]      100000 2 1
#
# `sluice run` on the demo model over LINES lines, killed with SIGKILL KILLS times at places that SEED chooses, each
# time gone on with by --resume. Then every line must be in the output exactly once, whole and without an error.
# Needs the built program (dotnet build -c Release src/Sluice.Cli). Prints one JSON object; exit 0 where all held.
# Environment: SLUICE (another program than this checkout's), KEEP=1 (leave the files and say where).
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lines=${1:-100000} kills=${2:-2} seed=${3:-1}
program=${SLUICE:-$repo/artifacts/bin/Sluice.Cli/release/sluice}
[ -x "$program" ] || { echo "run-kill.sh: no program at $program: dotnet build -c Release src/Sluice.Cli" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-run-kill.XXXXXX") child=''
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; [ "${KEEP:-}" = 1 ] || rm -rf "$work"' EXIT
t0=$EPOCHREALTIME

# a third each: sorted by label, answered in JSON, four tokens of a completion
awk -v n="$lines" -v seed="$seed" 'BEGIN {
  srand(seed)
  split("refund,late_delivery,damaged_item,wrong_item,cancel_order,change_address", label, ",")
  split("Where is,Please cancel,I want my money back for,The box was broken of,You charged me twice for,Send me the bill of", says, ",")
  for (i = 1; i <= 6; i++) choices = choices (i > 1 ? "," : "") "\"" label[i] "\""
  for (i = 1; i <= n; i++) {
    text = says[1 + int(rand() * 6)] " order " (10000 + int(rand() * 90000)) "."
    head = sprintf("{\"custom_id\":\"line-%07d\",\"method\":\"POST\",\"url\":\"/v1/", i)
    chat = "\"messages\":[{\"role\":\"system\",\"content\":\"You answer support tickets in JSON.\"},{\"role\":\"user\",\"content\":\"" text "\"}]"
    if (i % 3 == 0) print head "score\",\"body\":{\"prompt\":\"" text "\",\"choices\":[" choices "]}}"
    else if (i % 3 == 1) print head "chat/completions\",\"body\":{" chat ",\"max_tokens\":64}}"
    else print head "completions\",\"body\":{\"prompt\":\"Ticket: " text "\",\"max_tokens\":4}}"
  }
}' >"$work/in.jsonl"

written() { if [ -e "$work/out.jsonl" ]; then wc -l <"$work/out.jsonl"; else echo 0; fi; }
run=("$program" run "$work/in.jsonl" -o "$work/out.jsonl" --model "$repo/src/Sluice.Cli/Demo/model" --resume --json)

killed_at=()
for ((kill = 1; kill <= kills; kill++)); do
  # somewhere in its part of the file, so that every run has something done and something left
  at=$(awk -v n="$lines" -v k="$kill" -v of="$((kills + 1))" -v seed="$seed" 'BEGIN { srand(seed * 1000 + k); print int(n * (k - 0.5 + 0.8 * rand()) / (of + 0.5)) }')
  "${run[@]}" >"$work/report.json" 2>>"$work/log" & child=$!
  while [ "$(written)" -lt "$at" ]; do
    kill -0 "$child" 2>/dev/null || { echo "run-kill.sh: it ended before line $at: $(tail -n1 "$work/log")" >&2; exit 1; }
    sleep 0.2
  done
  kill -9 "$child"
  wait "$child" 2>/dev/null || true
  child=''
  killed_at+=("$(written)")
done
rc=0; "${run[@]}" >"$work/report.json" 2>>"$work/log" || rc=$?

distinct=$(grep -o '^{"id":"[^"]*","custom_id":"line-[0-9]*"' "$work/out.jsonl" | grep -o 'line-[0-9]*' | sort -u | wc -l)
total=$(written)
errors=$(grep -vc '"error":null}$' "$work/out.jsonl" || true)
whole=$([ -z "$(tail -c1 "$work/out.jsonl")" ] && echo true || echo false)
held=$([ "$distinct" = "$lines" ] && [ "$total" = "$lines" ] && [ "$errors" = 0 ] && [ "$whole" = true ] && [ $rc = 0 ] && echo true || echo false)
printf '{"lines":%s,"kills":%s,"seed":%s,"killed_at":[%s],"written":%s,"distinct":%s,"errors":%s,"whole":%s,"exactly_once":%s,"seconds":%.1f,"last_run":%s}\n' \
  "$lines" "$kills" "$seed" "$(IFS=,; echo "${killed_at[*]-}")" "$total" "$distinct" "$errors" "$whole" "$held" \
  "$(awk -v a="$EPOCHREALTIME" -v b="$t0" 'BEGIN { print a - b }')" "$(cat "$work/report.json")"
[ "${KEEP:-}" != 1 ] || echo "kept: $work" >&2
[ "$held" = true ]
