#!/usr/bin/env bash
# ops/checks/memory-cap.sh [LIMIT_MB [PORT]]      512 8091
#
# A service with the demo model in a control group of LIMIT_MB of memory (no swap), given 1,000 giant prompts at once: half of them fill
# the model's context, half are some eighty times as long. The first must succeed, the others be error rows, and the kernel must kill nobody.
# Needs root, the memory controller (cgroup v1 or v2) and the built program (dotnet build -c Release src/Sluice.Cli).
# Prints one JSON object; exit 0 where it held. Environment: SLUICE (another program than this checkout's).
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
limit=${1:-512} port=${2:-8091}
program=${SLUICE:-$repo/artifacts/bin/Sluice.Cli/release/sluice}
[ -x "$program" ] || { echo "memory-cap.sh: no program at $program: dotnet build -c Release src/Sluice.Cli" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-memory-cap.XXXXXX") server='' group=''
end() { if [ -n "$server" ]; then kill -9 "$server"; wait "$server"; fi 2>/dev/null || true; rm -rf "$work"; sleep 0.5; [ -z "$group" ] || rmdir "$group" 2>/dev/null || true; }
trap end EXIT

fail() { echo "memory-cap.sh: $1" >&2; tail -n 5 "$work/serve.log" >&2 || true; exit 1; }

if [ -d /sys/fs/cgroup/memory ]; then
  group=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)/sluice-cap-$$
  mkdir "$group" && echo $((limit << 20)) >"$group/memory.limit_in_bytes" || fail 'no memory controller to be had: root is needed'
  echo $((limit << 20)) >"$group/memory.memsw.limit_in_bytes" 2>/dev/null || true
  kills() { awk '$1 == "oom_kill" { print $2 }' "$group/memory.oom_control"; }
  peak() { cat "$group/memory.max_usage_in_bytes"; }
else
  group=/sys/fs/cgroup/sluice-cap-$$
  mkdir "$group" && echo $((limit << 20)) >"$group/memory.max" && echo 0 >"$group/memory.swap.max" || fail 'no memory controller to be had: root is needed'
  kills() { awk '$1 == "oom_kill" { print $2 }' "$group/memory.events"; }
  peak() { cat "$group/memory.peak"; }
fi

# 130 numbers and 100 new tokens fill most of the context of 512; forty thousand words are some eighty times that
awk 'BEGIN {
  for (w = 0; w < 40000; w++) far = far "order "
  for (i = 1; i <= 1000; i++) {
    text = far
    if (i % 2) { text = "Job " i ":"; for (w = 0; w < 130; w++) text = text " " (i * 7919 + w * 104729) % 97 }
    print "{\"custom_id\":\"" i "\",\"prompt\":\"" text "\",\"parameters\":{\"max_tokens\":100}}"
  }
}' >"$work/in.jsonl"

export SLUICE_URL=http://127.0.0.1:$port
(echo $BASHPID >"$group/cgroup.procs"; exec "$program" serve --embedded --model "$repo/src/Sluice.Cli/Demo/model" --urls "$SLUICE_URL") >"$work/serve.log" 2>&1 & server=$!
for ((i = 0; ; i++)); do
  curl -sf -o "$work/ready" "$SLUICE_URL/health/ready" && break
  [ $i -lt 300 ] && kill -0 "$server" 2>/dev/null || fail "the service does not start; the kernel killed $(kills)"
  sleep 0.2
done
key=$(grep -o 'sk_[A-Za-z0-9_-]*' "$work/serve.log" | head -1)
curl -sf -H "authorization: Bearer $key" -H 'content-type: application/jsonl' -T "$work/in.jsonl" -X POST -o "$work/view" "$SLUICE_URL/v1/submissions?model=model&cache=off&on_broken=keep" || fail "the upload ended with $? of curl; the kernel killed $(kills)"
id=$(grep -o 'sub_[0-9a-f]*' "$work/view" | head -1)
while ! grep -q '"finished_at"' "$work/view"; do
  sleep 0.5
  kill -0 "$server" 2>/dev/null || fail "the service ended; the kernel killed $(kills)"
  curl -sf --max-time 30 -H "authorization: Bearer $key" -o "$work/view" "$SLUICE_URL/v1/submissions/$id" || true
done
count() { grep -o "\"$1\":[0-9]*" "$work/view" | grep -o '[0-9]*' | head -1; }
awk -v limit="$limit" -v succeeded="$(count succeeded)" -v invalid="$(count invalid)" -v kills="$(kills)" -v peak="$(peak)" -v rss="$(awk '/^VmHWM/ { print $2 * 1024 }' "/proc/$server/status")" 'BEGIN {
  held = succeeded == 500 && invalid == 500 && kills == 0
  printf "{\"limit_mb\":%d,\"succeeded\":%d,\"refused\":%d,\"oom_kills\":%d,\"peak_mb\":%.0f,\"process_peak_mb\":%.0f,\"held\":%s}\n", limit, succeeded, invalid, kills, peak / 1048576, rss / 1048576, held ? "true" : "false"
  exit !held }'
