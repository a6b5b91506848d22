#!/bin/bash
# pool.pml by spin: every state of each of its configurations.
#
#   spin.sh            the small ones
#   spin.sh long       all of 3 workers and 4 tasks. HEDDLE_BUDGET=minutes limits the time for it
#   spin.sh mutants    each fault of pool.pml must be found
#
# Ends with 0: no errors; 1: an error, with the way to it; 77: not run, for want of spin or a C compiler.
set -u
here=$(cd "$(dirname "$0")" && pwd)
for tool in spin gcc; do
  command -v $tool > /dev/null || { echo "not run: $tool is not installed"; exit 77; }
done
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

# Makes ./pan of the flags given.
make_pan() {
  spin "$@" -a "$here/pool.pml" > spin.out 2>&1 && ! grep -q -i error spin.out &&
    gcc -O1 -w -DSAFETY -DCOLLAPSE -DMEMLIM=12000 -o pan pan.c || { cat spin.out; exit 1; }
}

# Sets states, errors, and whole: whether every state was come to.
search() {
  rm -f ./*.trail
  timeout "$1" ./pan -m1000000 -w24 > pan.out 2>&1
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
  errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out)
  whole=yes
  grep -q 'max search depth too small\|Search not completed\|MEMLIM\|out of memory' pan.out && whole=no
  [ -n "$errors" ] || { errors=0; whole=no; states="$(grep -o 'States= *[^ ]*' pan.out | tail -1)"; }
}

failed=0
check() {
  local start=$SECONDS
  make_pan $1
  search "$2"
  if [ "$errors" != 0 ]; then
    echo "FAILED  $1"
    sed -n '/^pan:/p' pan.out
    ./pan -r | tail -80
    failed=1
  elif [ $whole = yes ]; then echo "ok      $1: $states states, $((SECONDS - start)) s"
  else echo "ok, but cut off  $1: $states, $((SECONDS - start)) s"
  fi
}

mutant() {
  make_pan -DMUTANT=$1 $2
  search 600
  if [ "$errors" != 0 ]; then echo "killed  mutant $1 ($2), after $states states"
  else echo "SURVIVES mutant $1 ($2)"; failed=1
  fi
}

two=-DWORKERS=2
quick=(
  "-DFORK"
  "-DDIAMOND $two"
  "-DPAIRS $two"
  "-DTWO_RUNS $two"
  "-DDIAMOND -DCANCEL $two"
  "-DDIAMOND -DFAIL $two"
  "-DDIAMOND -DOUTSIDE -DDEFER $two"
  "-DDIAMOND -DOUTSIDE -DKILL $two"
  "-DDIAMOND -DOUTSIDE -DKILL -DLAST $two"
  "-DDIAMOND -DOUTSIDE -DKILL -DCANCEL $two"
  "-DDIAMOND -DOUTSIDE -DKILL -DDEFER $two"
  "-DDIAMOND -DOUTSIDE -DKILL -DREPLACE -DDEFER -DWORKERS=1"
)
long=(
  "-DDIAMOND" "-DFORK" "-DPAIRS" "-DTWINS" "-DTWO_RUNS"
  "-DDIAMOND -DCANCEL" "-DPAIRS -DCANCEL" "-DTWO_RUNS -DCANCEL" "-DDIAMOND -DFAIL"
  "-DDIAMOND -DOUTSIDE -DDEFER" "-DDIAMOND -DOUTSIDE -DKILL -DREPLACE $two"
  "-DTWO_RUNS -DOUTSIDE -DKILL -DDEFER -DCANCEL $two"
  "-DDIAMOND -DOUTSIDE -DKILL" "-DTWINS -DOUTSIDE -DKILL" "-DDIAMOND -DOUTSIDE -DKILL -DLAST"
  "-DDIAMOND -DOUTSIDE -DKILL -DDEFER" "-DDIAMOND -DOUTSIDE -DKILL -DCANCEL"
)

case "${1:-quick}" in
  quick) for one in "${quick[@]}"; do check "$one" 60; done ;;
  long)
    end=$(awk "BEGIN { print int($SECONDS + 60 * ${HEDDLE_BUDGET:-60}) }")
    for at in "${!long[@]}"; do # the time that is left is shared evenly
      left=$(((end - SECONDS) / (${#long[@]} - at)))
      check "${long[$at]}" $((left > 5 ? left : 5))
    done ;;
  mutants)
    killing="-DDIAMOND -DOUTSIDE -DKILL $two"
    mutant 1 "-DFORK"
    mutant 2 "-DDIAMOND $two"
    mutant 3 "-DFORK"
    mutant 4 "-DFORK"
    mutant 5 "$killing"
    mutant 6 "-DFORK"
    mutant 7 "-DFORK"
    mutant 8 "$killing"
    mutant 9 "$killing"
    mutant 10 "-DTWINS -DOUTSIDE -DKILL"
    mutant 11 "$killing"
    mutant 12 "-DDIAMOND $two"
    mutant 13 "-DDIAMOND -DCANCEL $two" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
exit $failed
