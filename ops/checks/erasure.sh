#!/usr/bin/env bash
# ops/checks/erasure.sh [JOBS [PORT]]      200 8092
#
# JOBS jobs (a tenth of them over the bus, where the broker's management plug-in is there) with a random word in prompt and metadata; when half
# have ended all are erased, those in flight too. Then the tables are rewritten (VACUUM FULL), a checkpoint is made, and the word is looked for
# in the files of the database (base/, not the write-ahead log), of the broker, and in the logs.
# The figures are numbers of files that hold the word. Before the erasure base/ must have some, or the search itself would be blind.
# The broker's files and the database's own log are reported and not judged: a queue keeps an acknowledged message until its segment is
# reclaimed, and the database here logs whole statements that took over a second.
# Needs Postgres and RabbitMQ of ops/services.sh up --native in the environment, their folder (STACK_RUN_DIR or services.sh's default) to be
# readable, and the built program (dotnet build -c Release src/Sluice.Cli). Leaves its emptied rows in the database.
# Prints one JSON object; exit 0 where base/ and the service's log have none. Environment: SLUICE (another program than this checkout's).
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
jobs=${1:-200} port=${2:-8092}
program=${SLUICE:-$repo/artifacts/bin/Sluice.Cli/release/sluice}
refuse() { echo "erasure.sh: $1" >&2; exit 2; }
[ -x "$program" ] || refuse "no program at $program: dotnet build -c Release src/Sluice.Cli"
[ -n "${SLUICE__STORE__ADMINCONNECTIONSTRING:-}" ] && [ -n "${SLUICE__QUEUE__HOST:-}" ] || refuse 'no services in the environment: eval "$(ops/services.sh up --native)"'
run=$(bash "$repo/ops/services.sh" status --native 2>/dev/null | sed -n 's/^run folder *//p' || true)
base=$run/pg/data/base
[ -r "$base" ] && [ -r "$run/mq" ] || refuse "cannot read $base and $run/mq: these are the files of ops/services.sh up --native"
psql=$(ls -d /usr/lib/postgresql/*/bin/psql 2>/dev/null | sort -V | tail -n1 || true)
[ -x "$psql" ] || refuse 'no psql'

work=$(mktemp -d "${TMPDIR:-/var/tmp}/sluice-erasure.XXXXXX") server=''
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
fail() { echo "erasure.sh: $1" >&2; tail -n 5 "$work/serve.log" >&2 || true; exit 1; }
t0=$EPOCHREALTIME
canary=canary$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n') tenant=erasure-$$

part() { tr ';' '\n' <<<"$SLUICE__STORE__ADMINCONNECTIONSTRING" | sed -n "s/^$1=//Ip"; }
sql() { PGPASSWORD=$(part password) PGOPTIONS='-c client_min_messages=error' "$psql" -X -q -v ON_ERROR_STOP=1 -h "$(part host)" -p "$(part port)" -U "$(part username)" -d "$(part database)" -c "$1" >/dev/null; }
# what a role that owns a database may not do
super() { PGPASSWORD=${STACK_PASSWORD:-sluice} "$psql" -X -q -v ON_ERROR_STOP=1 -h "$(part host)" -p "$(part port)" -U postgres -d "$(part database)" -c "$1" >/dev/null || fail "not as the database's superuser: $1"; }
hits() { # places: how many files in them hold the word; a file may go while it is looked for
  { grep -rlaF -- "$canary" "$@" 2>/dev/null || true; } | wc -l
}

"$program" migrate >"$work/migrate.log"
export SLUICE_URL=http://127.0.0.1:$port
SLUICE_KEY=$("$program" keys create --tenant "$tenant" | grep -o 'sk_[A-Za-z0-9_-]*' | head -1)
export SLUICE_KEY
amqp=${SLUICE__QUEUE__HOST#*://} user=${SLUICE__QUEUE__HOST#*://}
amqp=${amqp%%@*} user=${user%%:*}
"$program" serve --engine stub --urls "$SLUICE_URL" --set Worker:StubDelay=00:00:02 --set Worker:StubSequences=16 --set "Queue:Tenants:$user=$tenant" >"$work/serve.log" 2>&1 & server=$!
for ((i = 0; ; i++)); do
  curl -sf -o "$work/ready" "$SLUICE_URL/health/ready" && break
  [ $i -lt 300 ] && kill -0 "$server" 2>/dev/null || fail 'the service does not start'
  sleep 0.2
done

call() { curl -sf --max-time 30 -H "authorization: Bearer $SLUICE_KEY" -H 'content-type: application/json' "$@"; }
list() { call "$SLUICE_URL/v1/jobs?limit=1000${1:-}" | tr -d ' \n'; }
count() { { list "&state=$1" | grep -o '"id":"job_[0-9a-f]*"' || true; } | wc -l; }
job() { printf '{"model":"stub","prompt":"%s number %d: what is it?","metadata":{"word":"%s"}}' "$canary" "$1" "$canary"; }

# over the bus, by the management plug-in, which sends as the user that asks
over_bus=0
management=http://127.0.0.1:$(sed -n 's/^MQ_MGMT=//p' "$run/ports")
if curl -sf --max-time 10 -u "$amqp" -o "$work/overview" "$management/api/exchanges/%2F/sluice.submit"; then
  for ((i = 1; i <= jobs / 10; i++)); do
    body=$(printf '{"schema_version":1,"idempotency_key":"%s-%d","job":%s}' "$tenant" "$i" "$(job "$i")")
    printf '{"routing_key":"","payload_encoding":"string","properties":{"content_type":"application/json","delivery_mode":2,"user_id":"%s"},"payload":"%s"}' "$user" "${body//\"/\\\"}" |
      curl -sf --max-time 10 -u "$amqp" -H 'content-type: application/json' -X POST --data-binary @- "$management/api/exchanges/%2F/sluice.submit/publish" | tr -d ' ' | grep -q '"routed":true' || fail 'a message was not routed'
    over_bus=$i
  done
fi
for ((i = over_bus + 1; i <= jobs; i++)); do
  job "$i" | call -o "$work/view" -X POST --data-binary @- "$SLUICE_URL/v1/jobs" || fail "job $i was not accepted"
done
rm -f "$work/view"
for ((i = 0; ; i++)); do
  [ "$(count succeeded)" -ge $((jobs / 2)) ] && break
  [ $i -lt 600 ] && kill -0 "$server" 2>/dev/null || fail 'half of the jobs have not ended'
  sleep 0.2
done
super checkpoint
before_base=$(hits "$base") before_broker=$(hits "$run/mq")
[ "$before_base" -gt 0 ] || fail 'the word is not in base/ before the erasure either: the search is blind'

# those in flight first, then those that wait
ids() { { list "$1" | grep -o '"id":"job_[0-9a-f]*"' || true; } | cut -d'"' -f4; }
ids '&state=running' >"$work/running"
in_flight=$(wc -l <"$work/running")
{ cat "$work/running"; ids '&state=queued'; ids ''; } | awk '!seen[$0]++' >"$work/ids"
[ "$(wc -l <"$work/ids")" = "$jobs" ] || fail "there are $(wc -l <"$work/ids") jobs"
erased=0
while read -r id; do
  if [ $erased = 0 ]; then "$program" jobs delete "$id" >/dev/null; else call -X DELETE "$SLUICE_URL/v1/jobs/$id"; fi </dev/null || fail "$id could not be erased"
  erased=$((erased + 1))
done <"$work/ids"
for ((i = 0; ; i++)); do
  [ "$(($(count queued) + $(count running)))" = 0 ] && break
  [ $i -lt 300 ] || fail 'there are jobs that do not end'
  sleep 0.2
done
succeeded=$(count succeeded) cancelled=$(count cancelled)
sleep 5 # what the engine had begun comes to its end and is discarded
kill -TERM "$server"; wait "$server" || fail "the service ended with $?"; server=''

# statistics too: they hold samples of columns, metadata among them, until the next ANALYZE and the vacuum after it
sql 'vacuum (full, analyze)' 2>/dev/null
super 'vacuum full pg_catalog.pg_statistic'
super checkpoint
awk -v jobs="$jobs" -v bus="$over_bus" -v erased=$erased -v succeeded="$succeeded" -v cancelled="$cancelled" -v in_flight="$in_flight" -v before_base="$before_base" -v before_broker="$before_broker" \
  -v base="$(hits "$base")" -v broker="$(hits "$run/mq")" -v pglog="$(hits "$run/pg/log")" -v service_log="$(hits "$work/serve.log")" -v seconds="$(awk -v a="$EPOCHREALTIME" -v b="$t0" 'BEGIN { print a - b }')" 'BEGIN {
  held = base == 0 && service_log == 0 && erased == jobs && succeeded > 0 && cancelled > 0 && succeeded + cancelled == jobs
  printf "{\"jobs\":%d,\"over_bus\":%d,\"succeeded\":%d,\"cancelled\":%d,\"in_flight\":%d,\"erased\":%d,\"files_before\":{\"base\":%d,\"broker\":%d},\"files_after\":{\"base\":%d,\"broker\":%d,\"database_log\":%d,\"service_log\":%d},\"seconds\":%.1f,\"held\":%s}\n", jobs, bus, succeeded, cancelled, in_flight, erased, before_base, before_broker, base, broker, pglog, service_log, seconds, held ? "true" : "false"
  exit !held }'
