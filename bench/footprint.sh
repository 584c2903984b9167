#!/usr/bin/env bash
# Start time, size and memory of the native agent beside the Kestrel floor and the published Rust mini agent. See bench/README.md.
#
#   bench/footprint.sh [--rounds N] [--invocations N] [--lifecycle N] [--first-flush N] [--datagrams SECONDS] [--contexts MILLIONS] [--traces SECONDS] [--check] [--no-peer] [--agent FILE] [--layer FILE] [--also NAME=FILE]... [--set VARIABLE=VALUE]...
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peer_package=@datadog/serverless-compat-linux-x64
peer_version=0.22.3

agent=$root/artifacts/agent/linux-x64/mayfly
layer=$root/artifacts/layer/mayfly-linux-x64.zip
with_peer=true
pass=()
invocations= lifecycle= flushes= datagrams= contexts= traces= check=false
while (($#)); do
  case $1 in
    --agent) agent=$(realpath "$2"); shift 2 ;;
    --layer) layer=$(realpath "$2"); shift 2 ;;
    --no-peer) with_peer=false; shift ;;
    --invocations) invocations=$2; shift 2 ;;
    --lifecycle) lifecycle=$2; shift 2 ;;
    --first-flush) flushes=$2; shift 2 ;;
    --datagrams) datagrams=$2; shift 2 ;;
    --contexts) contexts=$2; shift 2 ;;
    --traces) traces=$2; shift 2 ;;
    --check) check=true; pass+=(--check); shift ;;
    --rounds | --also | --set) pass+=("$1" "$2"); shift 2 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done
# A check measures every budget.
if $check; then : "${invocations:=10000}" "${lifecycle:=2000}" "${flushes:=15}" "${datagrams:=10}" "${traces:=10}"; fi
pass+=(--invocations "${invocations:-0}" --lifecycle "${lifecycle:-0}" --first-flush "${flushes:-0}" --datagrams "${datagrams:-0}" --contexts "${contexts:-0}" --traces "${traces:-0}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

framework=${MAYFLY_NATIVE_FRAMEWORK:-net9.0}
floor=$root/artifacts/bench/floor-$framework
if [[ ! -x $floor/floor || -n $(find "$root/bench/Floor" -maxdepth 1 -type f -newer "$floor/floor") ]]; then
  echo "publishing the floor ($framework)" >&2
  dotnet publish "$root/bench/Floor" -c Release -r linux-x64 -f "$framework" \
    -p:MayflyNative=true -p:MayflyTargetFramework="$framework" -o "$floor" -v quiet --nologo >&2
fi
dotnet build "$root/bench/Footprint" -c Release -v quiet --nologo >&2
pass+=(--floor "$floor/floor")
if command -v cc >/dev/null && cc -O2 -o "$work/bare-floor" "$root/bench/BareFloor/floor.c"; then pass+=(--bare-floor "$work/bare-floor"); fi

# The platform starts extensions from a folder `extensions` and the agent recognises its mode by that path.
if [[ -x $agent ]]; then
  mkdir -p "$work/extensions"
  cp "$agent" "$work/extensions/datadog-agent"
  pass+=(--agent "$work/extensions/datadog-agent")
else
  pass+=(--agent "$agent")
fi
pass+=(--layer "$layer")

if ! $with_peer; then
  pass+=(--peer-missing '--no-peer')
elif [[ $(uname -sm) != 'Linux x86_64' ]]; then
  pass+=(--peer-missing "$peer_package is for Linux x86_64")
elif ! command -v npm >/dev/null; then
  pass+=(--peer-missing 'npm is not installed')
elif npm install --prefix "$work/peer" --no-save --no-audit --no-fund --loglevel=error "$peer_package@$peer_version" >"$work/npm.log" 2>&1; then
  pass+=(--peer "$work/peer/node_modules/$peer_package/bin/datadog-serverless-compat")
  chmod +x "$work/peer/node_modules/$peer_package/bin/datadog-serverless-compat"
else
  cat "$work/npm.log" >&2
  pass+=(--peer-missing "npm could not install $peer_package@$peer_version")
fi

run=(dotnet "$root/bench/Footprint/bin/Release/net10.0/footprint.dll" "${pass[@]}")
# The agent's fixed ports must be free: its own network, where this user may make one.
if unshare --net sh -c 'ip link set lo up' 2>/dev/null; then
  unshare --net sh -c 'ip link set lo up && exec "$@"' sh "${run[@]}"
else
  echo 'no private network: ports 8124-8126 and 8999 of this machine are used' >&2
  "${run[@]}"
fi
