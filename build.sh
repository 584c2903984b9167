#!/usr/bin/env bash
# Builds what is shipped: the native agent and the Lambda layer. Installs nothing; says what is missing and how to get it.
set -euo pipefail
cd "$(dirname "$0")"

RID=${MAYFLY_RID:-linux-x64}
AGENT_DIR=artifacts/agent/$RID
LAYER_ZIP=artifacts/layer/mayfly-$RID.zip
NEWEST_GLIBC_ALLOWED=2.34 # Amazon Linux 2023

usage() {
  cat <<EOF
usage: ./build.sh agent   native agent            -> $AGENT_DIR/mayfly
       ./build.sh layer   Lambda layer (and agent) -> $LAYER_ZIP
EOF
}

fail() {
  printf 'build.sh: %s\n' "$@" >&2
  exit 1
}

need() { # command, what it is for, how to get it
  command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: $2. Install it with: $3"
}

check_tools() {
  need dotnet "the .NET SDK 10 builds the agent" "https://dot.net or your package manager (dotnet-sdk-10.0)"
  if ! command -v clang >/dev/null 2>&1 && ! command -v gcc >/dev/null 2>&1; then
    fail "a C linker driver is missing: NativeAOT links with clang or gcc. Install it with: apt-get install clang (or gcc)"
  fi
  local cc
  cc=$(command -v clang || command -v gcc)
  printf '#include <zlib.h>\nint main(void){return 0;}\n' | "$cc" -x c -fsyntax-only - 2>/dev/null ||
    fail "the zlib headers are missing: NativeAOT links zlib. Install them with: apt-get install zlib1g-dev"
  need objdump "it reads which GLIBC the binary needs" "apt-get install binutils"
}

# net10.0 where its native runtime pack can be restored, else net9.0.
target_framework() {
  if dotnet restore src/Mayfly.Agent -r "$RID" -p:MayflyNative=true -p:MayflyTargetFramework=net10.0 >/dev/null 2>&1; then
    echo net10.0
  else
    echo net9.0
  fi
}

newest_glibc() {
  objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1
}

build_agent() {
  check_tools
  local framework linker output log
  framework=$(target_framework)
  [ "$framework" = net10.0 ] || echo "notice: the NativeAOT runtime pack for net10.0 is not in this package feed; building for $framework instead."
  linker=$(command -v clang >/dev/null 2>&1 && echo clang || echo gcc)
  output=artifacts/obj/agent-$RID
  log=artifacts/obj/publish-$RID.log
  rm -rf "$output"
  mkdir -p "$output" "$AGENT_DIR"
  if ! dotnet publish src/Mayfly.Agent -c Release -r "$RID" -f "$framework" -o "$output" \
    -p:MayflyNative=true -p:MayflyTargetFramework="$framework" -p:CppCompilerAndLinker="$linker" >"$log" 2>&1; then
    grep -E 'error|warning' "$log" | sort -u >&2 || tail -n 20 "$log" >&2
    fail "publishing the agent failed; the whole log is in $log"
  fi
  if grep -qE 'warning (IL|AOT)?[0-9]' "$log"; then
    grep -E 'warning' "$log" | sort -u >&2
    fail "the publish log has warnings; none is allowed"
  fi

  install -m 0755 "$output/Mayfly.Agent" "$AGENT_DIR/mayfly"
  cp "$output/Mayfly.Agent.dbg" "$AGENT_DIR/mayfly.dbg"
  local glibc size
  glibc=$(newest_glibc "$AGENT_DIR/mayfly")
  size=$(stat -c %s "$AGENT_DIR/mayfly")
  printf 'agent      %s\nframework  %s\nsize       %s bytes\nglibc      %s (newest symbol version needed; %s allowed)\nwarnings   0\n' \
    "$AGENT_DIR/mayfly" "$framework" "$size" "$glibc" "$NEWEST_GLIBC_ALLOWED"
  [ "$(printf '%s\n' "$glibc" "$NEWEST_GLIBC_ALLOWED" | sort -V | tail -n 1)" = "$NEWEST_GLIBC_ALLOWED" ] ||
    fail "the agent needs GLIBC $glibc: it would not start on Amazon Linux 2023"
}

build_layer() {
  build_agent
  need zip "it packs the layer" "apt-get install zip"
  local root=artifacts/obj/layer-$RID
  rm -rf "$root" "$LAYER_ZIP"
  mkdir -p "$root/extensions" "$(dirname "$LAYER_ZIP")"
  install -m 0755 "$AGENT_DIR/mayfly" "$root/extensions/datadog-agent"
  install -m 0755 layer/datadog_wrapper "$root/datadog_wrapper"
  (cd "$root" && zip -q -9 -X -r "$OLDPWD/$LAYER_ZIP" .)
  printf 'layer      %s\nsize       %s bytes\n' "$LAYER_ZIP" "$(stat -c %s "$LAYER_ZIP")"
}

case "${1:-}" in
  agent) build_agent ;;
  layer) build_layer ;;
  *) usage; exit 2 ;;
esac
