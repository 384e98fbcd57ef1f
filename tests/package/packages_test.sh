#!/bin/sh
# packages_test.sh SOURCE SCRATCH: what need_packages of cmake/packages.sh does on systems of all kinds, with tools that
# only pretend and write down how they were called.
set -eu
source=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch/bin"
tools=$scratch/bin calls=$scratch/calls

for tool in env grep sed sh tr; do
  ln -s "$(command -v $tool)" "$tools/$tool"
done
# pretend NAME: a tool made of the lines on standard input.
pretend() { { echo "#!$(command -v sh)"; cat; } >"$tools/$1"; chmod +x "$tools/$1"; }

pretend id <<'END'
echo "${USER_ID:-0}"
END
pretend dpkg-query <<'END'
for package; do :; done
case $package in present*) printf installed ;; half*) printf config-files ;; *) exit 1 ;; esac
END
pretend apt-get <<END
echo "apt-get \$*" >>"$calls"
case "\$*" in *--simulate*) echo "\${SIMULATED:-}" ;; esac
END

# expect STATUS WORDS ANSWER YES PACKAGE ...: the result, what the output must hold, what the user types, the arguments.
expect() {
  status=$1 words=$2 answer=$3
  shift 3
  : >"$calls"
  got=0
  # shellcheck disable=SC2016
  printf '%b' "$answer" | PATH=$tools sh -c 'set -eu; . "$0"; need_packages "$@"' "$source/cmake/packages.sh" "$@" \
    >"$scratch/output" 2>&1 || got=$?
  [ "$got" = "$status" ] || { echo "need_packages $*: status $got, expected $status"; cat "$scratch/output"; exit 1; }
  [ -z "$words" ] || grep -qF -- "$words" "$scratch/output" || { echo "need_packages $*: no '$words' in"; cat "$scratch/output"; exit 1; }
}
untouched() { [ ! -s "$calls" ] || { echo "$1, and yet:"; cat "$calls"; exit 1; }; }
called() { grep -q -- "$1" "$calls" || { echo "no call '$1' among"; cat "$calls"; exit 1; }; }

expect 0 "" "" no present1 present2
untouched "nothing is missing"
[ ! -s "$scratch/output" ] || { echo "nothing is missing, but it says"; cat "$scratch/output"; exit 1; }

expect 1 "will be installed: new1 half2" "n\n" no present1 new1 half2
untouched "the user said no"
expect 1 "Nothing was installed." "" no new1
untouched "the user did not answer"
expect 0 "Continue?" "y\n" no present1 new1 half2
called "install -y new1 half2$"
called "--no-install-recommends"
called "Remove=false"
expect 0 "will be installed: new1" "" yes new1
called "install -y new1$"

export SIMULATED="Inst libc6 [2.36-8] (2.36-9 Debian:12 [amd64])"
expect 1 "upgrades some installed packages: libc6" "y\n" no new1
! grep -q 'install -y' "$calls" || { echo "installed though the user agreed only once"; exit 1; }
expect 0 "libc6" "" yes new1
unset SIMULATED

export USER_ID=1000
expect 1 "Install these packages, or ask an administrator to do it: new1" "" yes present1 new1
untouched "the user may not"
pretend sudo <<END
echo "sudo \$*" >>"$calls"
exec "\$@"
END
expect 0 "" "" yes new1
called "^sudo .*install -y new1$"

rm "$tools/dpkg-query"
expect 1 "these packages: present1 new1" "" yes present1 new1
untouched "it is not Debian"
for tool in cmake ninja g++; do
  pretend $tool </dev/null
done
expect 0 "This is not a Debian system" "" yes present1 new1
untouched "it is not Debian"
echo "need_packages works on all kinds of systems"
