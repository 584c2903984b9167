#!/usr/bin/env bash
# Builds what is shipped: the native agent and the Lambda layer. Installs nothing; says what is missing and how to get it.
set -euo pipefail
cd "$(dirname "$0")"

RID=${MAYFLY_RID:-linux-x64}
AGENT_DIR=artifacts/agent/$RID
LAYER_ZIP=artifacts/layer/mayfly-$RID.zip
NEWEST_GLIBC_ALLOWED=2.34 # Amazon Linux 2023

# TLS is linked into the agent: docs/decisions/0009-tls.md. A new version of OpenSSL is the next two lines.
OPENSSL_VERSION=3.0.22
OPENSSL_SHA256=67ebca7e50d17383028045486653492195b83db95f8558709701bb47b5c1ef81
OPENSSL_RELEASE=https://github.com/openssl/openssl/releases/download/openssl-$OPENSSL_VERSION/openssl-$OPENSSL_VERSION.tar.gz
# What TLS 1.2 and 1.3 with the intakes' certificates need, and what .NET's own functions name.
OPENSSL_WITHOUT="shared tests legacy dso module engine aria bf blake2 camellia cast cmp ct dtls ec2m gost idea md4 mdc2 ocb psk rmd160 scrypt seed
  siphash siv sm2 sm3 sm4 srp srtp ssl3 ts whirlpool comp async autoload-config ui-console filenames"
OPENSSL_FLAGS="-Os -fPIC -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables -fstack-protector-strong -D_FORTIFY_SOURCE=2"

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

is_openssl() { [ -e "$1" ] && echo "$OPENSSL_SHA256  $1" | sha256sum -c --status; }

openssl_release() {
  curl -fsSL --retry 2 -m 300 -o "$1" "$OPENSSL_RELEASE" && is_openssl "$1"
}

# The archive in Debian's source package, from where this machine gets its packages, whose list of sources it may not have.
openssl_from_debian() {
  local lists=$1/apt
  command -v apt-get >/dev/null 2>&1 || return 1
  mkdir -p "$lists/parts" "$lists/state/partial" "$lists/cache/archives/partial"
  find /etc/apt -maxdepth 2 -name '*.sources' -exec sed -s -e 's/^Types:.*/Types: deb-src/' -e '$G' {} + >"$lists/parts/all.sources"
  find /etc/apt -maxdepth 2 -name '*.list' -exec sed -n 's/^deb /deb-src /p' {} + >"$lists/parts/all.list"
  local apt=(apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$lists/parts" -o Dir::State::Lists="$lists/state"
    -o Dir::Cache="$lists/cache" -o APT::Sandbox::User=root)
  # What else belongs to the package may be missing: the archive is what counts, and it is known by its hash.
  "${apt[@]}" update >"$1/log" 2>&1 && (cd "$1" && "${apt[@]}" source --download-only openssl >>"$1/log" 2>&1) || true
  mv "$1/openssl_$OPENSSL_VERSION.orig.tar.gz" "$2" 2>/dev/null && is_openssl "$2"
}

# The archives of libssl-dev, which hold all of OpenSSL: an agent that is larger by three megabytes is better than none.
openssl_of_system() {
  local archives prefix
  archives=$(dirname "$(find /usr/lib /usr/lib64 -maxdepth 2 -name libssl.a 2>/dev/null | head -n 1)")
  [ -e "$archives/libssl.a" ] || fail "the source of OpenSSL $OPENSSL_VERSION is neither Debian's package nor at $OPENSSL_RELEASE, or is not what it should be," \
    "and this machine has no libssl.a either: it is linked into the agent. Install it with: apt-get install libssl-dev"
  echo "notice: the source of OpenSSL $OPENSSL_VERSION cannot be had; linking this machine's libssl.a, which is larger." >&2
  prefix=artifacts/obj/openssl-of-system
  mkdir -p "$prefix"
  ln -sfn /usr/include "$prefix/include"
  ln -sfn "$archives" "$prefix/lib"
  realpath "$prefix"
}

# Prints a folder with include/ and lib/ of a small static OpenSSL, which is built once and kept for all checkouts.
small_openssl() {
  local options option prefix work archive
  options=$(for option in $OPENSSL_WITHOUT; do printf 'no-%s ' "$option"; done)
  prefix=${MAYFLY_OPENSSL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mayfly}/openssl-$OPENSSL_VERSION-$(printf '%s' "$options $OPENSSL_FLAGS" | sha256sum | cut -c1-8)
  if [ ! -e "$prefix/lib/libssl.a" ]; then
    need cmake "it builds the part of .NET that calls OpenSSL" "apt-get install cmake"
    need make "it builds OpenSSL" "apt-get install make"
    need perl "it configures OpenSSL" "apt-get install perl"
    command -v apt-get >/dev/null 2>&1 || need curl "it gets the source of OpenSSL" "apt-get install curl"
    work=$(mktemp -d)
    archive=$work/openssl.tar.gz
    if ! openssl_from_debian "$work" "$archive" && ! openssl_release "$archive"; then
      rm -rf "$work"
      openssl_of_system
      return
    fi
    echo "building OpenSSL $OPENSSL_VERSION once, for $prefix" >&2
    tar -xzf "$archive" -C "$work" --strip-components=1
    # shellcheck disable=SC2086
    (cd "$work" && CFLAGS=$OPENSSL_FLAGS ./Configure linux-x86_64 $options --prefix="$prefix" --libdir=lib --openssldir=/etc/ssl &&
      make -j"$(nproc)" build_libs && make DESTDIR="$work/root" install_dev) >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "building OpenSSL failed"; }
    # Another build may have been first.
    mkdir -p "$(dirname "$prefix")"
    mv -T "$work/root$prefix" "$prefix" 2>/dev/null || [ -e "$prefix/lib/libssl.a" ] || fail "$prefix cannot be written"
    rm -rf "$work"
  fi
  echo "$prefix"
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
  local framework linker output log openssl
  openssl=$(small_openssl)
  framework=$(target_framework)
  [ "$framework" = net10.0 ] || echo "notice: the NativeAOT runtime pack for net10.0 is not in this package feed; building for $framework instead."
  linker=$(command -v clang >/dev/null 2>&1 && echo clang || echo gcc)
  output=artifacts/obj/agent-$RID
  log=artifacts/obj/publish-$RID.log
  # cmake keeps what it found last time.
  rm -rf "$output" src/Mayfly.Agent/obj/Release/*/"$RID"/libs
  mkdir -p "$output" "$AGENT_DIR"
  # .NET's own build of the part that calls OpenSSL looks for functions in the archives in an order in which they are not found (without ALPN there is no
  # HTTP/2), and sets a variable that it does not use, whose warning MSBuild takes for an error.
  if ! OPENSSL_ROOT_DIR=$openssl CMAKE_EXTRA_ARGS='--no-warn-unused-cli -DHAVE_OPENSSL_ALPN=1' \
    dotnet publish src/Mayfly.Agent -c Release -r "$RID" -f "$framework" -o "$output" \
    -p:MayflyNative=true -p:MayflyTargetFramework="$framework" -p:CppCompilerAndLinker="$linker" -p:MayflyOpenSsl="$openssl" >"$log" 2>&1; then
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
