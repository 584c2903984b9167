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

# zstd is linked into the agent too: docs/decisions/0010-compression.md. Debian packs the same files anew, so that its archive has a hash of its own.
ZSTD_VERSION=1.5.4
ZSTD_SHA256=0f470992aedad543126d06efab344dc5f3e171893810455787d38347343a4424
ZSTD_RELEASE=https://github.com/facebook/zstd/releases/download/v$ZSTD_VERSION/zstd-$ZSTD_VERSION.tar.gz
ZSTD_DEBIAN=libzstd_$ZSTD_VERSION+dfsg2.orig.tar.xz
ZSTD_DEBIAN_SHA256=8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953
# Compressors of blocks that src/Mayfly/Compression/Zstd.cs asks for; all others lead to the first, so that they are not linked.
ZSTD_STRATEGIES="fast lazy2 lazy2_row"
# Files whose speed counts; the others are compiled for size.
ZSTD_FAST="zstd_fast zstd_lazy zstd_compress_sequences zstd_compress_literals huf_compress fse_compress hist"
ZSTD_FLAGS="-fPIC -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables -fstack-protector-strong -D_FORTIFY_SOURCE=2
  -DNDEBUG -DXXH_NAMESPACE=ZSTD_ -DZSTD_STRIP_ERROR_STRINGS -DZSTD_LEGACY_SUPPORT=0 -DDYNAMIC_BMI2=0 -DZSTD_DISABLE_ASM
  -DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT"

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
  need ar "it makes archives of what is linked in" "apt-get install binutils"
}

is_file() { # file, SHA-256
  [ -e "$1" ] && echo "$2  $1" | sha256sum -c --status
}

release() { # address, SHA-256, file to make
  command -v curl >/dev/null 2>&1 && curl -fsSL --retry 2 -m 300 -o "$3" "$1" && is_file "$3" "$2"
}

# The archive in Debian's source package, from where this machine gets its packages, whose list of sources it may not have.
from_debian() { # folder to work in, package, name of the archive, SHA-256, file to make
  local lists=$1/apt
  command -v apt-get >/dev/null 2>&1 || return 1
  mkdir -p "$lists/parts" "$lists/state/partial" "$lists/cache/archives/partial"
  find /etc/apt -maxdepth 2 -name '*.sources' -exec sed -s -e 's/^Types:.*/Types: deb-src/' -e '$G' {} + >"$lists/parts/all.sources"
  find /etc/apt -maxdepth 2 -name '*.list' -exec sed -n 's/^deb /deb-src /p' {} + >"$lists/parts/all.list"
  local version options=(-q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$lists/parts" -o Dir::State::Lists="$lists/state"
    -o Dir::Cache="$lists/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update >"$1/log" 2>&1 || true
  # A mirror may list a package's newest version before it has it; an older one has the same archive. What else belongs to the package may be missing too:
  # the archive is what counts, and it is known by its hash.
  for version in $(apt-cache "${options[@]}" showsrc --only-source "$2" 2>>"$1/log" | sed -n 's/^Version: //p'); do
    (cd "$1" && apt-get "${options[@]}" source --download-only "$2=$version" >>"$1/log" 2>&1) || true
    [ ! -e "$1/$3" ] || break
  done
  mv "$1/$3" "$5" 2>/dev/null && is_file "$5" "$4"
}

# The folder in which something that is built once is kept, for all checkouts.
kept() { # name, what it is made with
  echo "${MAYFLY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mayfly}/$1-$(printf '%s' "$2" | sha256sum | cut -c1-8)"
}

# Puts what is built where it is kept; another build may have been first.
keep() { # built, kept, a file that it has
  mkdir -p "$(dirname "$2")"
  mv -T "$1" "$2" 2>/dev/null || [ -e "$2/$3" ] || fail "$2 cannot be written"
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
  prefix=$(kept "openssl-$OPENSSL_VERSION" "$options $OPENSSL_FLAGS")
  if [ ! -e "$prefix/lib/libssl.a" ]; then
    need cmake "it builds the part of .NET that calls OpenSSL" "apt-get install cmake"
    need make "it builds OpenSSL" "apt-get install make"
    need perl "it configures OpenSSL" "apt-get install perl"
    command -v apt-get >/dev/null 2>&1 || need curl "it gets the source of OpenSSL" "apt-get install curl"
    work=$(mktemp -d)
    archive=$work/openssl.tar.gz
    if ! from_debian "$work" openssl "openssl_$OPENSSL_VERSION.orig.tar.gz" "$OPENSSL_SHA256" "$archive" &&
      ! release "$OPENSSL_RELEASE" "$OPENSSL_SHA256" "$archive"; then
      rm -rf "$work"
      openssl_of_system
      return
    fi
    echo "building OpenSSL $OPENSSL_VERSION once, for $prefix" >&2
    tar -xzf "$archive" -C "$work" --strip-components=1
    # shellcheck disable=SC2086
    (cd "$work" && CFLAGS=$OPENSSL_FLAGS ./Configure linux-x86_64 $options --prefix="$prefix" --libdir=lib --openssldir=/etc/ssl &&
      make -j"$(nproc)" build_libs && make DESTDIR="$work/root" install_dev) >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "building OpenSSL failed"; }
    keep "$work/root$prefix" "$prefix" lib/libssl.a
    rm -rf "$work"
  fi
  echo "$prefix"
}

# Prints a folder with a small libzstd.a, which is built once and kept; nothing where its source cannot be had: that agent sends gzip.
small_zstd() {
  local prefix work archive
  prefix=$(kept "zstd-$ZSTD_VERSION" "$ZSTD_STRATEGIES $ZSTD_FAST $ZSTD_FLAGS")
  if [ ! -e "$prefix/libzstd.a" ]; then
    work=$(mktemp -d)
    archive=$work/zstd.tar
    # Debian's is packed with xz, which not every machine has.
    if ! { command -v xz >/dev/null 2>&1 && from_debian "$work" libzstd "$ZSTD_DEBIAN" "$ZSTD_DEBIAN_SHA256" "$archive"; } &&
      ! release "$ZSTD_RELEASE" "$ZSTD_SHA256" "$archive"; then
      rm -rf "$work"
      echo "notice: the source of zstd $ZSTD_VERSION is neither Debian's package nor at $ZSTD_RELEASE: this agent sends gzip instead." >&2
      return
    fi
    echo "building zstd $ZSTD_VERSION once, for $prefix" >&2
    mkdir -p "$work/source" "$work/built"
    tar -xf "$archive" -C "$work/source" --strip-components=1
    compile_zstd "$work/source/lib" "$work/built" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "building zstd failed"; }
    keep "$work/built" "$prefix" libzstd.a
    rm -rf "$work"
  fi
  echo "$prefix"
}

compile_zstd() { # sources, folder to make libzstd.a in
  local cc name file strategy others="" optimize extra
  cc=$(command -v clang || command -v gcc)
  for strategy in $(grep -o 'ZSTD_compressBlock_[a-zA-Z0-9_]*[,;} ]' "$1/compress/zstd_compress.c" | grep -o 'compressBlock_[a-zA-Z0-9_]*' | cut -d_ -f2- | sort -u); do
    case " $ZSTD_STRATEGIES internal splitBlock splitBlock_internal targetCBlockSize targetCBlockSize_body " in
      *" $strategy "*) ;;
      *) others+=" -DZSTD_compressBlock_$strategy=ZSTD_compressBlock_${ZSTD_STRATEGIES%% *}" ;;
    esac
  done
  for file in "$1"/common/*.c "$1"/compress/*.c "$1"/decompress/*.c; do
    name=$(basename "$file" .c)
    case $name in debug | pool | threading | zstdmt_compress) continue ;; esac
    optimize=-Os
    extra=""
    case " $ZSTD_FAST " in *" $name "*) optimize=-O2 ;; esac
    [ "$name" != zstd_compress ] || extra=$others
    # shellcheck disable=SC2086
    "$cc" -c $optimize $ZSTD_FLAGS $extra "$file" -o "$2/$name.o" || return 1
  done
  ar rcs "$2/libzstd.a" "$2"/*.o && rm "$2"/*.o
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
  local framework linker output log openssl zstd
  openssl=$(small_openssl)
  zstd=$(small_zstd)
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
    -p:MayflyNative=true -p:MayflyTargetFramework="$framework" -p:CppCompilerAndLinker="$linker" -p:MayflyOpenSsl="$openssl" \
    -p:MayflyZstd="$zstd" >"$log" 2>&1; then
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
  mkdir "$root/mayfly-licenses"
  install -m 0644 LICENSE THIRD-PARTY-NOTICES.md "$root/mayfly-licenses/"
  (cd "$root" && zip -q -9 -X -r "$OLDPWD/$LAYER_ZIP" .)
  # The same format, looked for longer: 3 % of what every cold start of a new sandbox has to fetch.
  if command -v advzip >/dev/null 2>&1; then
    advzip -z -q -3 "$LAYER_ZIP"
  else
    echo "notice: advzip is missing, the layer is 3 % larger than it need be. Install it with: apt-get install advancecomp" >&2
  fi
  printf 'layer      %s\nsize       %s bytes\n' "$LAYER_ZIP" "$(stat -c %s "$LAYER_ZIP")"
}

case "${1:-}" in
  agent) build_agent ;;
  layer) build_layer ;;
  *) usage; exit 2 ;;
esac
