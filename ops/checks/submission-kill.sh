#!/usr/bin/env bash
# A submission of LINES lines while the service that feeds and runs it is killed (kill -9) KILLS times:
# afterwards every line has exactly one answer, in the order of the input.
# Needs Postgres and RabbitMQ in the environment (ops/services.sh up) and a built program:
#   ops/checks/submission-kill.sh [LINES [KILLS [PORT]]]
set -euo pipefail
lines=${1:-20000} kills=${2:-3} port=${3:-8089}
root=$(cd "$(dirname "$0")/../.." && pwd)
sluice=${SLUICE:-$root/artifacts/bin/Sluice.Cli/release/sluice}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

"$sluice" migrate > "$work/migrate.log"
SLUICE_URL=http://127.0.0.1:$port
SLUICE_KEY=$("$sluice" keys create --tenant "check-$$" | grep -o 'sk_[A-Za-z0-9_-]*' | head -1)
export SLUICE_URL SLUICE_KEY

start() {
    "$sluice" serve --engine stub --urls "$SLUICE_URL" >> "$work/serve.log" 2>&1 &
    server=$!
    for _ in $(seq 600); do
        "$sluice" health > /dev/null 2>&1 && return
        sleep 0.1
    done
    echo "the service does not start" >&2
    tail "$work/serve.log" >&2
    exit 1
}

awk -v n="$lines" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"custom_id\":\"c%d\",\"prompt\":\"Item %d: what is it?\",\"cache\":{\"mode\":\"off\"}}\n", i, i }' > "$work/in.jsonl"
start
id=$("$sluice" submit --file "$work/in.jsonl" --model stub)
for kill in $(seq "$kills"); do
    sleep "0.$((RANDOM % 9 + 1))"
    kill -9 "$server"
    wait "$server" 2> /dev/null || true
    echo "killed $kill of $kills"
    start
done
"$sluice" watch "$id" --timeout 300
curl -sf -H "authorization: Bearer $SLUICE_KEY" "$SLUICE_URL/v1/submissions/$id/results" > "$work/out.jsonl"
grep -o '"custom_id":"c[0-9]*"' "$work/out.jsonl" | grep -o '[0-9]*' > "$work/got"
seq "$lines" | cmp - "$work/got"
echo "$lines lines, $kills kills: every line once, in order"
