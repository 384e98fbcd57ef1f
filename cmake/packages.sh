# Sourced by the run scripts: makes sure that Debian packages are there.
# need_packages YES PACKAGE ...: installs those that are missing, after printing the list and asking (not with YES = yes).
# Nothing is upgraded or removed. Where it is not Debian, or the user may not install, says what is missing and ends.

need_packages() {
  yes=$1
  shift
  if ! command -v dpkg-query >/dev/null 2>&1; then
    for tool in cmake g++; do
      command -v $tool >/dev/null 2>&1 || { echo "This is not a Debian system. Please install what corresponds to these packages: $*" >&2; exit 1; }
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
    [ -n "$as_root" ] || { echo "Please have these packages installed:$missing" >&2; exit 1; }
  fi
  echo "These Debian packages are missing and will be installed:$missing" >&2
  if [ "$yes" != yes ]; then
    printf 'Go on? [y/N] ' >&2
    read -r answer || answer=n
    case $answer in [yY]*) ;; *) echo "Nothing was installed." >&2; exit 1 ;; esac
  fi
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends --no-upgrade --no-remove $missing >&2
}

build_packages="g++ cmake ninja-build pkg-config libeigen3-dev zlib1g-dev nlohmann-json3-dev libcairo2-dev fonts-dejavu-core
libcli11-dev libicu-dev libcurl4-openssl-dev libssl-dev libarchive-dev ca-certificates"
test_packages="doctest-dev libbenchmark-dev clang libclang-rt-14-dev doxygen binutils"
