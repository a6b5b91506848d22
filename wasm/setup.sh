#!/usr/bin/env bash
# Brings a machine to the point where Heddle builds and its tests run; `npm run setup`, and the
# first step of `npm start` and `npm test`. Looks first, installs only what does not work yet,
# and only from Debian packages (apt-get) and package-lock.json (npm ci). It builds nothing.
#
# What must hold: a second run changes nothing and takes well under a second; a probe asks whether
# the tool works, not whether a package is recorded; without the means to install, it exits 1 and
# names what is missing, and why, and nothing else.
set -u

usage() {
  cat <<'USAGE'
usage: wasm/setup.sh [--check] [--build] [--bench] [--web] [--all]

  (nothing)  what the build and the tests need, and node_modules
  --build    only what the build needs, and node_modules
  --bench    also the peers that benchmarks compare with (oneTBB, Dask)
  --web      also the browsers that page tests drive (Chromium, Firefox)
  --all      everything above
  --check    install nothing; report, and exit 1 if anything is missing
USAGE
}

check=0 groups=" build tests "
for arg in "$@"; do
  case $arg in
    --check) check=1 ;;
    --build) groups=" build " ;;
    --bench) groups="$groups""bench " ;;
    --web) groups="$groups""web " ;;
    --all) groups=" build tests bench web " ;;
    --help | -h) usage; exit 0 ;;
    *) echo "setup: unknown option $arg" >&2; usage >&2; exit 2 ;;
  esac
done

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf 'setup: %s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }

# --- Probes. Each succeeds when the thing works; $detail says what was found, or what is wrong. ---

at_least() { # at_least 3.1.69 3.1.6: whether the first version is the second or newer
  local IFS=. i a b
  # shellcheck disable=SC2206  # splitting at the dots is the point
  a=($1) b=($2)
  for i in 0 1 2; do
    [ "${a[i]:-0}" -gt "${b[i]:-0}" ] && return 0
    [ "${a[i]:-0}" -lt "${b[i]:-0}" ] && return 1
  done
  return 0
}

number() { sed -n 's/[^0-9]*\([0-9][0-9]*\.[0-9][0-9.]*[0-9]\).*/\1/p' | head -n 1; }

has_node() {
  local v
  have node || { detail="no node on PATH"; return 1; }
  v=$(node -p process.versions.node 2>/dev/null | number)
  detail="node ${v:-that does not start} ($(command -v node))"
  [ -n "$v" ] && at_least "$v" 20.0.0
}

has_emcc() {
  local at dir v
  have emcc || { detail="no emcc on PATH"; return 1; }
  at=$(command -v emcc)
  dir=$(dirname "$(readlink -f "$at" 2>/dev/null || echo "$at")")
  if [ -f "$dir/emscripten-version.txt" ]; then # both Debian and emsdk; saves starting Python
    v=$(number <"$dir/emscripten-version.txt")
  else
    v=$(emcc --version 2>/dev/null | number)
  fi
  detail="emcc ${v:-of unknown version} ($at)"
  if [ -z "$v" ] || ! at_least "$v" 3.1.6; then
    detail="$detail is first on PATH; 3.1.6 or newer is needed"
    return 1
  fi
  # Debian moved emcc's acorn out of its tree: from -O1 on it needs NODE_PATH=/usr/share/nodejs.
  if [ "$dir" = /usr/share/emscripten ] && [ ! -d /usr/share/nodejs/acorn ]; then
    detail="$detail lacks node-acorn"
    return 1
  fi
}

clangs() { # the names that wasm/toolchain-wasi.cmake tries, in its order
  printf '%s\n' clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 clang
}

has_wasi() {
  local cc
  cat >"$tmp/wasi.c" <<'PROBE'
#include <stdlib.h>
#include <string.h>
__attribute__((export_name("probe"))) void *probe(size_t n, long double x, long double y) {
  void *p = malloc(n);
  if (p) memset(p, (int)(x * y), n); /* long double: needs compiler-rt's builtins */
  return p;
}
PROBE
  detail="no clang on PATH"
  while IFS= read -r cc; do
    have "$cc" || continue
    if "$cc" --target=wasm32-wasi -mexec-model=reactor "$tmp/wasi.c" -o "$tmp/wasi.wasm" \
      </dev/null >"$tmp/wasi.log" 2>&1; then
      detail="$(command -v "$cc") --target=wasm32-wasi links"
      return 0
    fi
    detail="$cc --target=wasm32-wasi: $(grep -m 1 error "$tmp/wasi.log" || head -n 1 "$tmp/wasi.log")"
  done < <(clangs)
  return 1
}

has_libc() {
  have gcc || { detail="no gcc to try it with"; return 1; }
  echo 'int main(void) { return 0; }' >"$tmp/c.c"
  detail="gcc links a program"
  gcc -pthread "$tmp/c.c" -o "$tmp/c" >"$tmp/c.log" 2>&1 && return 0
  detail="gcc: $(grep -m 1 -i -e error -e cannot "$tmp/c.log" || head -n 1 "$tmp/c.log")"
  return 1
}

has_sanitizers() {
  local cc dir lib
  detail="no clang on PATH"
  while IFS= read -r cc; do
    have "$cc" || continue
    dir=$("$cc" -print-resource-dir 2>/dev/null </dev/null) || continue
    for lib in asan tsan fuzzer; do
      compgen -G "$dir/lib/*/libclang_rt.$lib*" >/dev/null && continue
      detail="$cc has no $lib library in $dir"
      continue 2
    done
    detail="$(command -v "$cc") has asan, tsan, fuzzer"
    return 0
  done < <(clangs)
  return 1
}

has_header() { # asks the preprocessor, which knows every include path, without reading the file
  detail="<$1>"
  printf '#if !__has_include(<%s>)\n#error none\n#endif\n' "$1" | g++ -E -x c++ - >/dev/null 2>&1 &&
    return
  detail="g++ finds no <$1>"
  return 1
}

has_python_dask() {
  local py
  for py in /usr/bin/python3 python3; do # facts: the peer runs with Debian's own Python
    detail="$py finds dask"
    have "$py" && "$py" -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("dask"))' \
      2>/dev/null && return 0
  done
  detail="python3 finds no dask"
  return 1
}

has_command() {
  detail=$(command -v "$1") && return 0
  detail="no $1 on PATH"
  return 1
}

has_pkg_config() { has_command pkg-config || has_command pkgconf; }

# --- What is needed: group | Debian packages | probe | why. LLVM is replaced by a version. ---

needs='build|emscripten node-acorn|has_emcc|emcc, 3.1.6 or newer: WebAssembly with threads
build|clang-LLVM lld-LLVM wasi-libc libclang-rt-LLVM-dev-wasm32|has_wasi|clang and wasm-ld for wasm32-wasi: the one-thread WebAssembly build
build|cmake|has_command cmake|runs the build
build|ninja-build|has_command ninja|runs the build
build|pkg-config|has_pkg_config|lets CMake find libraries
build|gcc|has_command gcc|native C library
build|g++|has_command g++|C++ programs among tests and benchmarks
build|libc6-dev|has_libc|C headers and start files
tests|libcmocka-dev|has_header cmocka.h|cmocka: C unit tests
tests|clang-LLVM libclang-rt-LLVM-dev|has_sanitizers|thread and address sanitizers, libFuzzer
tests|relacy-dev|has_header relacy/relacy.hpp|relacy: every interleaving of the lock-free parts
tests|spin|has_command spin|spin: every state of the protocols between threads
bench|libtbb-dev|has_header oneapi/tbb.h|oneTBB: the native peer in benchmarks
bench|python3-dask|has_python_dask|Dask: the peer in benchmarks
web|chromium|has_command chromium|Chromium: page tests
web|firefox-esr|has_command firefox-esr|Firefox: page tests'

llvm= # 14 where the distribution has it, else what its own `clang` stands for
llvm_version() {
  [ -n "$llvm" ] && return
  llvm=14
  if have apt-cache && ! apt-cache show clang-14 >/dev/null 2>&1; then
    llvm=$(apt-cache depends clang 2>/dev/null |
      sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
    llvm=${llvm:-14}
  fi
}

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$'; }

not_installed() { # of the packages given, those dpkg does not have (all, where there is no dpkg)
  local p list=
  for p in "$@"; do
    have dpkg-query && installed "$p" && continue
    list="$list $p"
  done
  echo "${list# }"
}

# Fills $missing with lines "group|packages to install|why|detail|all packages", the second empty
# where dpkg has them all and the probe fails yet; in check mode reports each thing as well.
look() {
  local group packages probe why all
  missing=
  while IFS='|' read -r group packages probe why; do
    case $groups in *" $group "*) ;; *) continue ;; esac
    if $probe </dev/null; then
      [ "$1" = report ] && printf '  ok       %-5s  %s\n' "$group" "$detail"
      continue
    fi
    llvm_version
    all=${packages//LLVM/$llvm}
    # shellcheck disable=SC2086  # a list of names
    packages=$(not_installed $all)
    missing="$missing$group|$packages|$why|$detail|$all
"
    [ "$1" = report ] &&
      printf '  MISSING  %-5s  %s (%s)\n' "$group" "${packages:-$all}" "$detail"
  done <<<"$needs"
}

# node_modules is good when npm finished it (npm writes the inner file last) after the lock file.
npm_is_due() {
  grep -q '"node_modules/' "$root/package-lock.json" 2>/dev/null || return 1 # no packages at all
  [ "$root/node_modules/.package-lock.json" -ot "$root/package-lock.json" ]
}

explain_missing() { # the list for a person who has to install it
  local group packages why detail all
  while IFS='|' read -r group packages why detail all; do
    [ -n "$group" ] || continue
    warn "  ${packages:-$all (installed, and yet it does not work)}"
    warn "      for: $group, $why"
    warn "      seen: $detail"
  done <<<"$missing"
}

packages_of() { # the packages of one group, or of all with '', each once
  printf '%s' "$missing" | sed -n "s/^${1:-[a-z]*}|\([^|]*\)|.*/\1/p" |
    tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/^ *//; s/ *$//'
}

# --- Node: comes from elsewhere (Debian 12's own is 18), so it is asked for, not installed. ---

node_ok=1
has_node || node_ok=0
node_found=$detail
need_node() {
  warn "setup: Node.js 20 or newer is needed; found: $node_found."
  warn "       Install a current Node.js release (Debian 12's own package is too old)."
}

if [ $check = 1 ]; then
  bad=0
  if [ $node_ok = 1 ]; then
    echo "  ok       node   $node_found"
  else
    echo "  MISSING  node   Node.js 20 or newer ($node_found)"
    bad=1
  fi
  look report
  [ -n "$missing" ] && bad=1
  if npm_is_due; then
    echo "  MISSING  npm    node_modules, as package-lock.json wants it"
    bad=1
  elif [ -d "$root/node_modules" ]; then
    echo "  ok       npm    node_modules"
  else
    echo "  ok       npm    no package-lock.json, or one that asks for nothing"
  fi
  exit $bad
fi

# --- Install. ---

as_root() { # sudo drops the environment, so apt-get gets its variable through env
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif sudo -n true 2>/dev/null; then
    sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

can_install() { # or says in $reason why not; no subshell here: sudo may remember us by process
  reason="there is no apt-get here"
  have apt-get || return 1
  [ "$(id -u)" = 0 ] && return
  reason="this needs root, and there is no sudo"
  have sudo || return 1
  sudo -n true 2>/dev/null && return
  reason="sudo wants a password, and there is no terminal"
  (: </dev/tty) 2>/dev/null || return 1
  say "apt-get needs root; sudo asks for your password"
  reason="sudo refused"
  sudo -v
}

apt_install() { # apt_install GROUP PACKAGE...; quiet unless it fails
  local group=$1
  shift
  as_root apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 \
    -o Dpkg::Use-Pty=0 "$@" >"$tmp/apt.log" 2>&1 && return
  warn "setup: apt-get failed on the $group packages; it said:"
  tail -n 15 "$tmp/apt.log" >&2
}

install_missing() {
  local group packages why g list
  say "reading the package lists"
  as_root apt-get update -q -o APT::Update::Error-Mode=any -o DPkg::Lock::Timeout=120 >"$tmp/apt.log" 2>&1 || {
    warn "setup: apt-get update failed; going on with the lists that are here. It said:"
    tail -n 5 "$tmp/apt.log" >&2
  }
  llvm= # with fresh lists it may be another
  look quiet
  for group in build tests bench web; do
    packages=$(packages_of $group)
    [ -n "$packages" ] || continue
    while IFS='|' read -r g list why _; do
      [ "$g" = $group ] && [ -n "$list" ] && say "$group: installing $list - $why"
    done <<<"$missing"
    # shellcheck disable=SC2086  # a list of names
    apt_install $group $packages
  done
}

# The one fault of a Debian emcc that shows only in use; worth its seconds once, after installing.
try_emcc() {
  echo 'int main(void) { return 0; }' >"$tmp/e.c"
  NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH} \
    emcc -O2 -pthread "$tmp/e.c" -o "$tmp/e.js" >"$tmp/emcc.log" 2>&1 && return
  warn "setup: emcc was installed but does not link; it said:"
  tail -n 5 "$tmp/emcc.log" >&2
  return 1
}

did=0
look quiet
to_install=$(packages_of '')
if [ -n "$to_install" ]; then
  if ! can_install; then
    warn "setup: cannot install anything: $reason. Missing (names of Debian packages):"
    explain_missing
    have apt-get &&
      warn "As root: apt-get update && apt-get install --no-install-recommends $to_install"
    [ $node_ok = 1 ] || need_node
    exit 1
  fi
  emcc_is_new=1
  has_emcc && emcc_is_new=0
  install_missing
  look quiet
  if [ $emcc_is_new = 1 ] && has_emcc; then try_emcc || exit 1; fi
  did=1
fi
if [ -n "$missing" ]; then
  warn "setup: not complete; still missing:"
  explain_missing
fi
[ $node_ok = 1 ] || need_node
if [ -n "$missing" ] || [ $node_ok = 0 ]; then exit 1; fi

if npm_is_due; then
  say "npm: npm ci - the JavaScript packages of package-lock.json"
  (cd "$root" && npm ci --include=dev --no-audit --no-fund) || {
    warn "setup: npm ci failed (above)"
    exit 1
  }
  did=1
fi

if [ $did = 1 ]; then say "done"; else say "nothing missing"; fi
