#!/usr/bin/env bash
# ops/services.sh up|down|heal|status|env|ctl [--native|--docker]
#
# RabbitMQ and PostgreSQL with pgvector for development and tests. Where a container engine answers: compose.yaml.
# Elsewhere, on Debian or Ubuntu: the distribution's packages, run as private processes with their own data folder
# and their own ports, on loopback only; no system service is started or changed. Missing packages are installed.
#
#   up      starts both (a second call changes nothing) and prints the environment for `sluice`
#   down    stops both; the data stays in the run folder (delete the folder to start afresh)
#   heal    starts a broker again that lives with its queues down: what a full disk leaves (ops/runbooks/broker.md)
#   status  says what runs and where; exit 0 when both do
#   env     prints the exports: eval "$(ops/services.sh env)"
#   ctl     rabbitmqctl against the private broker: ops/services.sh ctl list_queues
#
# Environment: STACK_RUN_DIR (default .run in the repository, or a folder under ${TMPDIR:-/var/tmp} where the
# services' own users cannot reach that), STACK_PG_PORT, STACK_MQ_PORT, STACK_MQ_MGMT_PORT, STACK_MQ_DIST_PORT,
# STACK_MQ_EPMD_PORT, STACK_MQ_MGMT=0 (no management plugin), STACK_PASSWORD (development only; 'sluice').
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
t0=$EPOCHREALTIME
log() { printf '[%6.1fs] %s\n' "$(awk -v a="$EPOCHREALTIME" -v b="$t0" 'BEGIN{print a-b}')" "$*" >&2; }
die() { printf 'services.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,18s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
is_root() { [ "$(id -u)" = 0 ]; }

PGVECTOR_VERSION=0.8.0
PGVECTOR_SHA256=867a2c328d4928a5a9d6f052cd3bc78c7d60228a9b914ad32aa3db88e9de27b0
DB=sluice
PW=${STACK_PASSWORD:-sluice}

# ---------------------------------------------------------------- the run folder and its ports

# PostgreSQL refuses to run as root, so as root each service runs as its package's own user, which must be able to
# reach the folder: not the case below a home with mode 0700. Users other than root only need to write there.
usable() {
  if is_root; then setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$1"; else [ -w "$1" ]; fi
}
find_run_dir() {
  run=${STACK_RUN_DIR:-}
  if [ -z "$run" ]; then
    if usable "$repo" 2>/dev/null; then run=$repo/.run
    else run=${TMPDIR:-/var/tmp}/sluice-run-$(printf %s "$repo" | sha256sum | cut -c1-12); fi
  fi
  case $run in /*) ;; *) run=$PWD/$run;; esac
}
open_run_dir() {
  mkdir -p "$run" && run=$(cd "$run" && pwd) || die "cannot make the run folder $run"
  [ -O "$run" ] || die "the run folder $run belongs to another user; set STACK_RUN_DIR"
  chmod 755 "$run"
  usable "$run" || die "the services' users cannot reach $run; set STACK_RUN_DIR"
}
# Ports: the environment's word, else what the last `up` in this folder used, else the defaults.
find_ports() {
  local known=$run/ports name
  declare -A was=()
  if [ -r "$known" ]; then while IFS='=' read -r name value; do was[$name]=$value; done <"$known"; fi
  PG_PORT=${STACK_PG_PORT:-${was[PG]:-55432}}
  MQ_PORT=${STACK_MQ_PORT:-${was[MQ]:-55672}}
  MQ_MGMT_PORT=${STACK_MQ_MGMT_PORT:-${was[MQ_MGMT]:-55673}}
  MQ_DIST_PORT=${STACK_MQ_DIST_PORT:-${was[MQ_DIST]:-55674}}
  MQ_EPMD_PORT=${STACK_MQ_EPMD_PORT:-${was[MQ_EPMD]:-55675}}
  MQ_MGMT=${STACK_MQ_MGMT:-1}
}
save_ports() {
  printf '%s\n' "PG=$PG_PORT" "MQ=$MQ_PORT" "MQ_MGMT=$MQ_MGMT_PORT" "MQ_DIST=$MQ_DIST_PORT" "MQ_EPMD=$MQ_EPMD_PORT" >"$run/ports"
}

as() { local u=$1; shift; if is_root; then setpriv --reuid="$u" --regid="$u" --init-groups -- "$@"; else "$@"; fi; }
as_exec() { local u=$1; shift; if is_root; then exec setpriv --reuid="$u" --regid="$u" --init-groups -- "$@"; else exec "$@"; fi; } # only inside ( )
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# A pid file counts only while that pid is a process of the kind that wrote it: pids come round again.
alive() { # file, pattern of the command line
  local p; [ -s "$1" ] && p=$(head -n1 "$1" 2>/dev/null) && [ -r "/proc/$p/cmdline" ] && tr '\0' ' ' <"/proc/$p/cmdline" | grep -qE "$2"
}
pg_alive() { alive "$run/pg/data/postmaster.pid" postgres; }
mq_alive() { alive "$run/mq/pid" 'rabbit|beam'; }
pgbin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n1; }
docker_ready() { command -v docker >/dev/null && timeout 5 docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; }

# ---------------------------------------------------------------- packages

sudo() { if is_root; then "$@"; else command sudo -n "$@"; fi; }
may_install() {
  command -v apt-get >/dev/null || die "missing: $*; this is not a Debian or Ubuntu system, so install them by hand or start a container engine"
  is_root || { command -v sudo >/dev/null && command sudo -n true 2>/dev/null; } || die "missing: $* (run this once as root, or with passwordless sudo)"
}
apt_refreshed=
apt_get() {
  [ -n "$apt_refreshed" ] || { sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null; apt_refreshed=1; }
  sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >/dev/null </dev/null
}

install_packages() {
  local want=()
  [ -n "$(pgbin)" ] || want+=(postgresql)
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || want+=(rabbitmq-server)
  [ ${#want[@]} -gt 0 ] || return 0
  may_install "${want[*]}"
  log "installing ${want[*]}"
  # Keeps the packages from starting system-wide services and from making a cluster of their own.
  local policy=/usr/sbin/policy-rc.d made=
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' | sudo tee $policy >/dev/null; sudo chmod +x $policy; made=1; }
  sudo mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
  local rc=0; apt_get install -y --no-install-recommends "${want[@]}" || rc=$?
  [ -z "$made" ] || sudo rm -f $policy
  [ $rc = 0 ] || die "apt-get could not install ${want[*]}"
}

install_pgvector() {
  local major share lib; major=$(basename "$(dirname "$(pgbin)")")
  share=/usr/share/postgresql/$major/extension; lib=/usr/lib/postgresql/$major/lib
  [ ! -e "$share/vector.control" ] || return 0
  may_install pgvector
  # 1. The distribution's package, where it has one.
  if apt-cache show "postgresql-$major-pgvector" >/dev/null 2>&1; then
    log "installing postgresql-$major-pgvector"
    apt_get install -y --no-install-recommends "postgresql-$major-pgvector"; return
  fi
  # 2. The pinned source, from the mirror that apt is set up with, against the server's headers. The package with the
  #    headers depends on a compiler suite that is not needed, so it is unpacked rather than installed.
  local tools=()
  command -v gcc >/dev/null && [ -e /usr/include/stdio.h ] || tools+=(gcc libc6-dev)
  command -v curl >/dev/null || tools+=(curl ca-certificates)
  [ ${#tools[@]} = 0 ] || apt_get install -y --no-install-recommends "${tools[@]}"
  local tmp; tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
  local site area got=
  for site in $(apt-get indextargets --format '$(SITE)' 2>/dev/null | sort -u); do
    for area in main universe; do
      curl -fsSL --retry 3 -m 60 -o "$tmp/src.tgz" "${site%/}/pool/$area/p/pgvector/pgvector_$PGVECTOR_VERSION.orig.tar.gz" 2>/dev/null &&
        echo "$PGVECTOR_SHA256  $tmp/src.tgz" | sha256sum -c --quiet - && { got=1; break 2; }
    done
  done
  [ -n "$got" ] || die "the source of pgvector $PGVECTOR_VERSION could not be had, or its sha256 differs"
  tar xzf "$tmp/src.tgz" -C "$tmp"
  local inc=/usr/include/postgresql/$major/server
  if [ ! -e "$inc/postgres.h" ]; then
    local deb="postgresql-server-dev-$major"
    (cd "$tmp" && { apt-get -q download "$deb" || { sudo apt-get -q update && apt-get -q download "$deb"; }; } >/dev/null 2>&1 &&
      dpkg-deb -x "$deb"_*.deb dev) || die "the headers of PostgreSQL $major ($deb) could not be had"
    inc=$tmp/dev$inc
  fi
  log "building pgvector $PGVECTOR_VERSION for PostgreSQL $major"
  ( cd "$tmp/pgvector-$PGVECTOR_VERSION"
    printf '%s\n' src/*.c | xargs -P"$(nproc)" -I{} gcc -O2 -fPIC -fno-strict-aliasing -fwrapv -ftree-vectorize -fassociative-math \
      -fno-signed-zeros -fno-trapping-math -D_GNU_SOURCE -Isrc -I"$inc" -c {} -o {}.o
    gcc -shared -o vector.so src/*.o -lm
    sudo install -m 755 vector.so "$lib/vector.so"
    sudo install -m 644 sql/vector.sql "$share/vector--$PGVECTOR_VERSION.sql"
    sudo install -m 644 vector.control "$share/vector.control" )   # last: its presence says that the rest is there
}

# ---------------------------------------------------------------- PostgreSQL

psql_root() { PGPASSWORD=$PW "$(pgbin)/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" -U postgres "$@"; }

up_pg() {
  local bin d; bin=$(pgbin); d=$run/pg
  pg_alive && { log "postgres already up on 127.0.0.1:$PG_PORT"; return; }
  ! port_open "$PG_PORT" || die "port $PG_PORT is taken; set STACK_PG_PORT"
  mkdir -p "$d"; chmod 700 "$d"; is_root && chown postgres: "$d"
  if [ ! -s "$d/data/PG_VERSION" ]; then
    rm -rf "$d/data"
    (umask 077; printf '%s' "$PW" >"$d/pw"); is_root && chown postgres: "$d/pw"
    (cd /; as postgres "$bin/initdb" -D "$d/data" -U postgres --pwfile="$d/pw" --auth=scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null) ||
      die "initdb failed"
    rm -f "$d/pw"
    # Durability (fsync, synchronous_commit, full_page_writes) stays as PostgreSQL ships it: on. No Unix socket: its
    # path has a length limit that a deep checkout breaks.
    cat >>"$d/data/postgresql.conf" <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
maintenance_work_mem = 256MB
wal_compression = on
max_wal_size = 2GB
checkpoint_timeout = 15min
log_min_duration_statement = 1000
CONF
  fi
  (cd /; as postgres "$bin/pg_ctl" -D "$d/data" -l "$d/log" -o "-p $PG_PORT" -w -t 60 start >/dev/null </dev/null 9>&-) ||
    { tail -n 20 "$d/log" >&2 || true; die "postgres did not start: see $d/log"; }
  # template1 too: a database that a test makes for itself has the extension without being superuser.
  psql_root -d template1 -c 'set client_min_messages = warning; create extension if not exists vector'
  psql_root -d postgres -v db=$DB -v admin_password="$PW" -v service_password="$PW" -f "$repo/ops/docker/postgres/roles.sql"
  log "postgres ready on 127.0.0.1:$PG_PORT"
}

# ---------------------------------------------------------------- RabbitMQ

mq_env() {
  local d=$run/mq
  MQ_ENV=(env -i PATH="$PATH" LANG=C.UTF-8 HOME="$d"
    RABBITMQ_CONF_ENV_FILE="$d/none.conf"            # else the system's /etc/rabbitmq/rabbitmq-env.conf is read
    RABBITMQ_NODENAME="sluice$MQ_PORT@localhost"
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$MQ_PORT" RABBITMQ_DIST_PORT="$MQ_DIST_PORT"
    RABBITMQ_MNESIA_BASE="$d/mnesia" RABBITMQ_LOG_BASE="$d/log" RABBITMQ_LOGS="$d/log/rabbit.log"
    RABBITMQ_ENABLED_PLUGINS_FILE="$d/enabled_plugins" RABBITMQ_CONFIG_FILE="$d/rabbitmq.conf"
    RABBITMQ_ADVANCED_CONFIG_FILE="$d/none.config" RABBITMQ_PID_FILE="$d/pid"
    # +sbwt none: schedulers sleep instead of spinning; the broker shares its cores with the engine here
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none'
    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$MQ_EPMD_PORT")
}

up_mq() {
  local d=$run/mq b=/usr/lib/rabbitmq/bin i
  mq_alive && port_open "$MQ_PORT" && { log "rabbitmq already up on 127.0.0.1:$MQ_PORT"; return; }
  mq_alive && stop_pid "$d/pid" 'rabbit|beam' 30
  ! port_open "$MQ_PORT" || die "port $MQ_PORT is taken; set STACK_MQ_PORT"
  mkdir -p "$d/log" "$d/mnesia"; rm -f "$d/pid"
  [ -s "$d/.erlang.cookie" ] || (umask 077; head -c 32 /dev/urandom | base64 | tr -dc A-Za-z0-9 >"$d/.erlang.cookie")
  chmod 400 "$d/.erlang.cookie"
  local plugins=rabbitmq_consistent_hash_exchange; [ "$MQ_MGMT" != 1 ] || plugins+=,rabbitmq_management
  echo "[$plugins]." >"$d/enabled_plugins"
  {
    cat <<CONF
default_user = sluice
default_pass = $PW
default_user_tags.administrator = true
listeners.tcp.local = 127.0.0.1:$MQ_PORT
log.console = false
log.file.level = warning
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 512MB
raft.wal_max_size_bytes = 67108864
consumer_timeout = 7200000
CONF
    [ "$MQ_MGMT" != 1 ] || printf 'management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %s\n' "$MQ_MGMT_PORT"
  } >"$d/rabbitmq.conf"
  chmod 700 "$d"; is_root && chown -R rabbitmq: "$d"
  mq_env
  # epmd in the foreground under a pid of ours: the Erlang VM would otherwise leave a daemon behind.
  if ! port_open "$MQ_EPMD_PORT"; then
    (as_exec rabbitmq "${MQ_ENV[@]}" setsid epmd -address 127.0.0.1 -port "$MQ_EPMD_PORT") </dev/null >>"$d/log/epmd.log" 2>&1 9>&- &
    echo $! >"$d/epmd.pid"; disown
  fi
  (cd "$d"; as_exec rabbitmq "${MQ_ENV[@]}" setsid "$b/rabbitmq-server") </dev/null >>"$d/log/out.log" 2>&1 9>&- &
  local starter=$!; disown
  # One call of rabbitmqctl costs seconds, so watch the port: it opens last.
  for ((i = 0; i < 900; i++)); do
    port_open "$MQ_PORT" && break
    kill -0 $starter 2>/dev/null || break
    sleep 0.1
  done
  port_open "$MQ_PORT" || { tail -n 20 "$d/log/out.log" "$d/log/rabbit.log" >&2 2>/dev/null || true; die "rabbitmq did not open port $MQ_PORT: see $d/log"; }
  log "rabbitmq ready on 127.0.0.1:$MQ_PORT"
}

stop_pid() { # file, pattern of the command line, seconds
  local f=$1 p i
  alive "$f" "$2" || { rm -f "$f"; return 0; }
  p=$(head -n1 "$f")
  kill -TERM "$p" 2>/dev/null || true
  for ((i = 0; i < $3 * 10; i++)); do kill -0 "$p" 2>/dev/null || { rm -f "$f"; return 0; }; sleep 0.1; done
  log "pid $p did not end in $3 s: killed"
  kill -KILL "$p" 2>/dev/null || true; rm -f "$f"
}

# ---------------------------------------------------------------- commands

up_native() {
  open_run_dir
  exec 9>"$run/lock"; flock -w 600 9 || die "another services.sh holds $run/lock"
  find_ports; save_ports
  install_packages
  up_mq & local broker=$!            # boots while pgvector builds
  local rc=0
  (install_pgvector; up_pg) & local database=$!   # not `|| rc=`: that would switch errexit off inside
  wait $database || rc=$?
  wait $broker || rc=$?
  exec 9>&-
  [ $rc = 0 ] || die "up failed"
}
heal_native() {
  open_run_dir
  exec 9>"$run/lock"; flock -w 600 9 || die "another services.sh holds $run/lock"
  if mq_alive && ! queues_down; then log "rabbitmq is well"; exec 9>&-; return; fi
  stop_pid "$run/mq/pid" 'rabbit|beam' 30
  up_mq
  exec 9>&-
  ! queues_down || die "there are queues that do not come up again: see ops/runbooks/broker.md"
}
down_native() {
  [ -d "$run" ] || return 0
  exec 9>"$run/lock"; flock -w 600 9 || die "another services.sh holds $run/lock"
  if pg_alive; then (cd /; as postgres "$(pgbin)/pg_ctl" -D "$run/pg/data" -m fast -t 60 -w stop >/dev/null) || die "postgres did not stop"; fi
  stop_pid "$run/mq/pid" 'rabbit|beam' 30
  stop_pid "$run/mq/epmd.pid" epmd 5
  exec 9>&-
  log "stopped"
}
status_native() {
  local rc=0
  if pg_alive; then echo "postgres up    127.0.0.1:$PG_PORT"; else echo "postgres down"; rc=1; fi
  if mq_alive && port_open "$MQ_PORT"; then
    echo "rabbitmq up    127.0.0.1:$MQ_PORT$([ "$MQ_MGMT" != 1 ] || echo "  management 127.0.0.1:$MQ_MGMT_PORT")"
  else echo "rabbitmq down"; rc=1; fi
  echo "run folder     $run"
  return $rc
}
compose() {
  SLUICE_PG_PORT=$PG_PORT SLUICE_MQ_PORT=$MQ_PORT SLUICE_MQ_MGMT_PORT=$MQ_MGMT_PORT SLUICE_DB_ROOT_PASSWORD=$PW SLUICE_DB_ADMIN_PASSWORD=$PW SLUICE_DB_PASSWORD=$PW SLUICE_MQ_PASSWORD=$PW \
    docker compose -f "$repo/compose.yaml" "$@"
}
rabbitmqctl_here() {
  if [ "$mode" = --docker ]; then compose exec -T rabbitmq rabbitmqctl "$@"
  else mq_env; (cd "$run/mq" && as rabbitmq "${MQ_ENV[@]}" timeout 60 /usr/lib/rabbitmq/bin/rabbitmqctl "$@"); fi
}
queues_down() { # also where the broker does not say
  local states; states=$(rabbitmqctl_here -q list_queues --no-table-headers state) || return 0
  grep -qx down <<<"$states"
}
env_out() {
  cat <<OUT
export SLUICE__STORE__CONNECTIONSTRING='Host=127.0.0.1;Port=$PG_PORT;Database=$DB;Username=sluice_service;Password=$PW'
export SLUICE__STORE__ADMINCONNECTIONSTRING='Host=127.0.0.1;Port=$PG_PORT;Database=$DB;Username=sluice_admin;Password=$PW'
export SLUICE__QUEUE__HOST='amqp://sluice:$PW@127.0.0.1:$MQ_PORT/'
OUT
}

verb=${1:-}; [ $# = 0 ] || shift
mode=auto
case ${1:-} in --native|--docker) mode=$1; shift;; esac
pick_mode() { [ "$mode" != auto ] || { if docker_ready; then mode=--docker; else mode=--native; fi; }; }
find_run_dir; find_ports

case $verb in
  up) pick_mode
    if [ "$mode" = --docker ]; then compose up -d --wait postgres rabbitmq >&2; else up_native; fi
    env_out;;
  down) pick_mode; if [ "$mode" = --docker ]; then compose stop postgres rabbitmq >&2; else down_native; fi;;
  heal) pick_mode
    if [ "$mode" = --docker ]; then ! queues_down || compose restart rabbitmq >&2; else heal_native; fi;;
  status) pick_mode; if [ "$mode" = --docker ]; then compose ps postgres rabbitmq; else status_native; fi;;
  env) env_out;;
  ctl) pick_mode
    rabbitmqctl_here "$@";;
  *) usage;;
esac
