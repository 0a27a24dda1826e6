#!/usr/bin/env bash
# ops/test.sh [--unit]
#
# The one command for the tests. Needs the .NET SDK, and Debian or Ubuntu for the services (ops/services.sh installs
# what is missing). Starts a broker and a database of its own on free loopback ports in a folder of its own, restores,
# builds with warnings as errors, checks the format, runs the unit and the integration tests, stops what it started.
# The last line of stdout is `N passed, N failed` (`, N skipped` may follow); exit 0 only where nothing failed and
# something ran. Progress goes to stderr, one XML and one TRX file per run of a test project to artifacts/tests/.
#
#   --unit   no services, no integration tests, one run per project
#
# Environment: CI=true restores in locked mode.
set -uo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd); cd "$repo" || exit 1

UNIT_PROJECTS=(Sluice.Engine.Tests Sluice.Tests Sluice.Simulation.Tests)
INTEGRATION_PROJECTS=(Sluice.Integration.Tests)

# >>> Runs of a project again with less of the instruction set: "project|name|environment|runner arguments".
# The runner arguments narrow the run (-namespace, -class, -trait). A run without a test fails, here as above.
ISA_RUNS=(
  "Sluice.Engine.Tests|avx2|DOTNET_EnableAVX512=0 SLUICE_EXPECT_PATH=cpu/avx2|"
  "Sluice.Engine.Tests|no-avx2|DOTNET_EnableAVX2=0 SLUICE_EXPECT_PATH=cpu/scalar|-namespace Sluice.Engine.Tests.Backends -namespace Sluice.Engine.Tests.Quantization"
  "Sluice.Engine.Tests|scalar|DOTNET_EnableHWIntrinsic=0 SLUICE_EXPECT_PATH=cpu/scalar|-namespace Sluice.Engine.Tests.Backends -namespace Sluice.Engine.Tests.Quantization -namespace Sluice.Engine.Tests.Models"
)
# <<<

# >>> The path that the whole run must take, with all assembled kernels, from what the operating system says of the processor.
# Prints nothing where that does not decide it: another architecture, instructions left out by a variable, processors on which
# .NET keeps to 256 bits (Intel's model 85), or part of what it wants for AVX2.
expected_path() {
  local flags kinds=''
  [ "$(uname -m)" = x86_64 ] && [ -r /proc/cpuinfo ] || return 0
  ! env | grep -cE '^(DOTNET|COMPlus)_(Enable(AVX|HW|SSE|BMI|FMA|LZCNT|MOVBE|POPCNT)|PreferredVectorBitWidth|MaxVectorTBitWidth)' >/dev/null || return 0
  flags=" $(sed -n '/^flags/{s/^[^:]*: *//p;q}' /proc/cpuinfo) "
  has() { local flag; for flag in "$@"; do [[ $flags == *" $flag "* ]] || return 1; done; }
  has fpu || return 0
  has avx2 || { echo cpu/scalar; return 0; }
  has fma bmi1 bmi2 movbe || return 0
  has avx512f avx512bw avx512cd avx512dq avx512vl || { echo cpu/avx2; return 0; }
  if grep -q GenuineIntel /proc/cpuinfo && grep -qE '^model[[:space:]]*: 85$' /proc/cpuinfo; then return 0; fi
  ! has avx512_bf16 || kinds+=-bf16
  ! has avx512_vnni || kinds+=-int8
  echo "cpu/avx512${kinds:+"+assembled$kinds"}"
}
# <<<

# >>> Runs of ops/chaos.sh, each of which passes or fails as one test: "name|arguments".
CHAOS_RUNS=(
  "chaos smoke|--jobs 2000 --kills 10 --seed 1"
)
CHAOS_LIMIT_S=600
# <<<

RUN_LIMIT_S=1500        # one run of one test project; past it the run is killed and counts as failed
SERVICES_LIMIT_S=900    # installing, building pgvector and starting, all together

unit_only=
case ${1:-} in '') ;; --unit) unit_only=1;; *) echo "usage: ops/test.sh [--unit]" >&2; exit 2;; esac

for name in ${!STACK_*} ${!SLUICE__*}; do unset "$name"; done   # a developer's own instance is none of this run's business
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

passed=0 failed=0 skipped=0
t0=$EPOCHREALTIME lap=$EPOCHREALTIME
since() { awk -v a="$EPOCHREALTIME" -v b="$1" 'BEGIN{printf "%.1f", a-b}'; }
say() { printf '[%7.1fs] %s\n' "$(since "$t0")" "$*" >&2; }
phase() { say "$1 took $(since "$lap") s"; lap=$EPOCHREALTIME; }

# ---------------------------------------------------------------- ending, however it comes

tmp='' child='' services='' port_lock=''
stop_all() {
  trap '' INT TERM HUP
  # timeout(1) leads the child's process group and passes the signal on to all of it.
  [ -z "$child" ] || { kill -TERM "$child"; wait "$child"; } 2>/dev/null
  if [ -n "$services" ]; then
    wait "$services" 2>/dev/null
    [ ! -d "$tmp/run" ] || bash ops/services.sh down --native </dev/null >>"$tmp/services.log" 2>&1 || { say "the services did not stop:"; tail -n 5 "$tmp/services.log" >&2; }
  fi
  # The compiler server of this run: its pipe lies in this run's TMPDIR, so no other build's server is meant.
  [ -z "$tmp" ] || [ ! -d "$tmp/tmp" ] || timeout 20 dotnet build-server shutdown --vbcscompiler </dev/null >/dev/null 2>&1
  [ -z "$tmp" ] || rm -rf "$tmp" 2>/dev/null || say "could not remove $tmp"
  [ -z "$port_lock" ] || rm -f "$port_lock"
}
broken=()  # what failed, said again at the end, where whoever sees only the last page of a log looks
finish() { # exit status when nothing failed
  stop_all
  say "all done"
  [ ${#broken[@]} = 0 ] || { echo "What failed:"; printf '  %s\n' "${broken[@]}"; }
  printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" = 0 ] || printf ', %d skipped' "$skipped")"
  [ "$failed" = 0 ] || exit 1
  exit "$1"
}
note_failure() { echo "FAILED: $*"; broken+=("$*"); }
fail() { note_failure "$*"; failed=$((failed + 1)); }
interrupted() { fail "interrupted by SIG$1"; finish 1; }
for s in INT TERM HUP; do trap "interrupted $s" $s; done

run() { # seconds, command: in the background and waited for, so that a signal to this script is answered at once
  local limit=$1 rc; shift
  timeout -k 15 "$limit" "$@" </dev/null & child=$!
  wait $child; rc=$?; child=
  return $rc
}

# ---------------------------------------------------------------- a folder, ports, services

tmp=$(mktemp -d /var/tmp/sluice-test.XXXXXX) || { fail "no folder under /var/tmp"; finish 1; }
chmod 755 "$tmp"; mkdir -p "$tmp/tmp"; export TMPDIR=$tmp/tmp
log=$repo/artifacts/tests; mkdir -p "$log"; rm -f "$log"/*.xml "$log"/*.trx
exec 7>"$repo/artifacts/tests/.lock"
flock -n 7 || { say "another run builds in this checkout: waiting for it"; flock 7; }

# Five ports in a row, below the range that the kernel hands out, held by a lock for as long as this run lasts.
pick_ports() {
  local try base p
  for ((try = 0; try < 200; try++)); do
    base=$((20000 + (RANDOM % 1200) * 10))
    port_lock=/var/tmp/sluice-ports-$(id -u)-$base
    { exec 8>"$port_lock"; } 2>/dev/null && flock -n 8 || { port_lock=; continue; }
    for p in 0 1 2 3 4; do (exec 3<>"/dev/tcp/127.0.0.1/$((base + p))") 2>/dev/null && { rm -f "$port_lock"; port_lock=; continue 2; }; done
    export STACK_PG_PORT=$base STACK_MQ_PORT=$((base + 1)) STACK_MQ_MGMT_PORT=$((base + 2)) STACK_MQ_DIST_PORT=$((base + 3)) STACK_MQ_EPMD_PORT=$((base + 4))
    return 0
  done
  return 1
}
start_services() {
  pick_ports || { fail "no free ports"; finish 1; }
  export STACK_RUN_DIR=$tmp/run
  say "services: starting on ports $STACK_PG_PORT to $STACK_MQ_EPMD_PORT (in the background)"
  timeout -k 15 $SERVICES_LIMIT_S bash ops/services.sh up --native </dev/null >"$tmp/env" 2>"$tmp/services.log" 7>&- 8>&- & services=$!
}

# ---------------------------------------------------------------- tests

attribute() { # XML file, attribute: its sum over all assemblies
  grep -oE '<assembly [^>]*>' "$1" | grep -oE " $2=\"[0-9]+\"" | grep -oE '[0-9]+' | awk '{n += $1} END {print n + 0}'
}
failures() { # XML file: a line for every test that failed, its name and the beginning of its message
  tr '\n' ' ' <"$1" | grep -oE '<test [^>]*result="Fail".*' | sed 's/<test /\n<test /g' | grep -E '^<test [^>]*result="Fail"' |
    sed -E 's/^<test [^>]*name="([^"]*)".*<message>(<!\[CDATA\[)?(.{0,400}).*/\1: \3/; s/\]\]>.*//'
}
run_tests() { # project, name of the run, environment, runner arguments
  local project=$1 title=$1 out=$log/$1 rc p f s started=$EPOCHREALTIME
  [ -z "$2" ] || { title="$1 ($2)"; out=$out.$2; }
  local dll=artifacts/bin/$project/release/$project.dll
  [ -e "$dll" ] || { fail "$title: $dll is not there"; return; }
  say "$title"
  # shellcheck disable=SC2086 # environment and arguments are lists of words
  run $RUN_LIMIT_S env $3 dotnet "$dll" -noColor -noLogo -noAutoReporters -xml "$out.xml" -trx "$out.trx" ${4:-}; rc=$?
  if [ -s "$out.xml" ]; then
    p=$(attribute "$out.xml" passed) s=$(attribute "$out.xml" skipped)
    f=$(($(attribute "$out.xml" failed) + $(attribute "$out.xml" errors)))
  else p=0 s=0 f=0; fi
  # A run that dies (killed, crashed, timed out) has a failure that no test reports.
  if [ $rc != 0 ] && [ $f = 0 ]; then f=1; note_failure "$title: exit status $rc$([ $rc != 124 ] || echo " (over $RUN_LIMIT_S s)")"; fi
  if [ $rc = 0 ] && [ ! -s "$out.xml" ]; then f=1; note_failure "$title: no results were written"; fi
  if [ $((p + f + s)) = 0 ]; then f=1; note_failure "$title: ran no test"; fi
  [ ! -s "$out.xml" ] || while IFS= read -r one; do broken+=("$title: $one"); done < <(failures "$out.xml")
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  # A colon and no bare form: only the closing line of the script reads 'N passed, N failed' on its own.
  echo "$title: passed $p, failed $f, skipped $s, in $(since "$started") s"
}

# ---------------------------------------------------------------- the run

[ -n "$unit_only" ] || start_services

locked=(); [ "${CI:-}" != true ] || locked=(--locked-mode)
run 1200 dotnet restore Worker.sln "${locked[@]}" -nodeReuse:false -v quiet || { fail "restore"; finish 1; }
phase restore
run 1800 dotnet build Worker.sln -c Release --no-restore -warnaserror -nodeReuse:false -v quiet -clp:NoSummary || { fail "build"; finish 1; }
phase build
run 600 dotnet format whitespace Worker.sln --verify-no-changes --no-restore || fail "format: run dotnet format whitespace Worker.sln"
phase "format check"

path=$(expected_path)
say "expected path: ${path:-not known}"
for project in "${UNIT_PROJECTS[@]}"; do run_tests "$project" '' "${path:+SLUICE_EXPECT_PATH=$path}" ''; done
if [ -z "$unit_only" ]; then
  for line in "${ISA_RUNS[@]}"; do
    IFS='|' read -r project name environment arguments <<<"$line"
    run_tests "$project" "$name" "$environment" "$arguments"
  done
fi
phase "unit tests"

if [ -z "$unit_only" ]; then
  wait "$services"; rc=$?
  if [ $rc = 0 ]; then
    cat "$tmp/services.log" >&2; phase "waiting for services"
    # shellcheck source=/dev/null
    . "$tmp/env"
    export SLUICE_TEST_SERVICES=1
    for project in "${INTEGRATION_PROJECTS[@]}"; do run_tests "$project" '' '' ''; done
    phase "integration tests"
    for line in "${CHAOS_RUNS[@]}"; do
      IFS='|' read -r name arguments <<<"$line"
      say "$name"
      # shellcheck disable=SC2086 # arguments are a list of words
      if run $CHAOS_LIMIT_S bash ops/chaos.sh --no-build $arguments; then passed=$((passed + 1)); else fail "$name: exit status $?"; fi
      phase "$name"
    done
  else
    cat "$tmp/services.log" >&2
    fail "the services did not start (exit status $rc), so no integration test ran"
  fi
fi

[ $((passed + failed)) -gt 0 ] || fail "no test ran"
finish 0
