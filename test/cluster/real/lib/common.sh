# Shared by the scripts beside this folder: messages, long-running processes, waiting.

set -euo pipefail
REAL=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$(cd "$REAL/../../.." && pwd)
STARTED=$(date +%s%N)
# Node 24 comes from npm; Debian keeps containerd's and iptables' tools in sbin.
export PATH=$ROOT/node_modules/.bin:$PATH:/usr/local/go/bin:/usr/sbin

say() { printf '%6d ms  %s\n' $((($(date +%s%N) - STARTED) / 1000000)) "$*" >&2; }

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# wait_until SECONDS WHAT CMD...: polls CMD; on timeout says what did not happen.
wait_until() {
  local tries=$(($1 * 10)) what=$2
  shift 2
  for ((; tries > 0; tries--)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  die "gave up waiting: $what (logs in $STATE)"
}

# What runs a command where the cluster lives; cluster.sh sets it to enter the cluster's network namespace.
ENTER=()

# start NAME CMD...: runs CMD in the background; log and pid in $STATE. A plain command, not a function, goes to the
# background here: so the pid is the program's own, not that of a shell around it.
start() {
  local name=$1
  shift
  "${ENTER[@]}" setsid nohup "$@" >"$STATE/$name.log" 2>&1 </dev/null &
  echo $! >"$STATE/pids/$name"
}

# stop NAME...: kills what `start` began, and waits for its end. SIGKILL: it is all thrown away, and an API server with
# open watches takes up to a minute to end by itself.
stop() {
  local name pid
  for name in "$@"; do
    [ -f "$STATE/pids/$name" ] || continue
    pid=$(cat "$STATE/pids/$name")
    kill -9 "$pid" 2>/dev/null || true
    while running "$pid"; do sleep 0.05; done
    rm "$STATE/pids/$name"
  done
}

# A zombie has ended; not every PID 1 reaps them.
running() {
  grep -sq '^State:' "/proc/$1/status" && ! grep -sq '^State:.Z' "/proc/$1/status"
}
