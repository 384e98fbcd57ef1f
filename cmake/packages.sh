# shellcheck shell=sh disable=SC2034
# Sourced by the run scripts: the Debian packages that each job needs, and need_packages, which installs them.

build_packages="g++ cmake ninja-build pkg-config libeigen3-dev zlib1g-dev nlohmann-json3-dev libcairo2-dev fonts-dejavu-core
  libboost-dev prometheus-cpp-dev libcli11-dev libicu-dev libcurl4-openssl-dev libssl-dev libarchive-dev libexpat1-dev ca-certificates"
test_packages="doctest-dev libopenmpi-dev openmpi-bin openssh-server openssh-client iproute2 procps"
all_test_packages="clang libclang-rt-dev libbenchmark-dev doxygen"  # besides: the second compiler, fuzzers, the reference
slow_test_packages="debootstrap g++-aarch64-linux-gnu qemu-user python3 clang-tidy"  # besides: a fresh Debian, another processor, faults

# need_packages YES PACKAGE ...: installs those that are missing, after printing the list and asking (not with YES = yes).
# Removes nothing, and upgrades only what a new package requires. If the system is not Debian, or the user may not install
# packages, it prints the list.
need_packages() {
  yes=$1
  shift
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is not a Debian system. Install the equivalents of these packages: $*" >&2
    for tool in cmake ninja g++; do
      command -v $tool >/dev/null 2>&1 || { echo "$tool is missing." >&2; exit 1; }
    done
    return 0
  fi

  missing=""
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 && as_root="sudo"
    [ -n "$as_root" ] || { echo "Install these packages, or ask an administrator to do it:$missing" >&2; exit 1; }
  fi

  echo "These Debian packages are missing and will be installed:$missing" >&2
  confirm
  # Without recommended packages. Both calls share these options of apt-get.
  apt_get="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o APT::Get::Remove=false --no-install-recommends"
  $apt_get update >&2
  # shellcheck disable=SC2086
  renewed=$($apt_get --simulate install $missing | sed -n 's/^Inst \([^ ]*\) \[.*/\1/p' | tr '\n' ' ')
  if [ -n "$renewed" ]; then
    echo "This upgrades some installed packages: $renewed" >&2
    confirm
  fi
  # shellcheck disable=SC2086
  $apt_get install -y $missing >&2
}

# Ends the script unless the user agrees.
confirm() {
  [ "$yes" != yes ] || return 0
  printf 'Continue? [y/N] ' >&2
  read -r answer || answer=n
  case $answer in [yY]*) ;; *) echo "Nothing was installed." >&2; exit 1 ;; esac
}
