#!/bin/sh
# The steps that build the container image, as root on a minimal Debian:
#   image.sh build SOURCE STAGE   installs compilers, builds SOURCE, and continues with `stage`
#   image.sh stage PROGRAM STAGE  copies the contents of the image to STAGE: the program, this script, a list of packages
#   image.sh runtime              in the image, with STAGE copied to /: installs the shared libraries and the programs that start
#                                 processes on several hosts, and adds the user
#   image.sh healthy              checks that the server in this container responds to /ping
set -eu
share=/usr/local/share/sentiment
apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o APT::Get::Remove=false --no-install-recommends -y "$@"; }

case ${1:-} in
  build)
    source=$2 stage=$3
    # shellcheck source=cmake/packages.sh
    . "$source/cmake/packages.sh"
    # shellcheck disable=SC2086
    need_packages yes $build_packages libopenmpi-dev openssh-client
    build=$(mktemp -d)
    cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_UNITY_BUILD=ON \
      -DLSTMLIB_BUILD_SENTIMENT=ON -DLSTMLIB_INSTALL=OFF
    cmake --build "$build" --target sentiment
    "$0" stage "$build/examples/sentiment/sentiment" "$stage"
    rm -rf "$build" ;;
  stage)
    program=$2 stage=$3
    mkdir -p "$stage/usr/local/bin" "$stage$share"
    strip -o "$stage/usr/local/bin/sentiment" "$program"
    cp "$0" "$stage$share/image.sh"
    # The hosts of a job log in to each other with this key. Each build makes a new one. Whoever can read the image has it.
    mkdir -p -m 755 "$stage/etc/sentiment"
    rm -f "$stage/etc/sentiment/hosts_key"
    ssh-keygen -q -t ed25519 -N '' -C "sentiment" -f "$stage/etc/sentiment/hosts_key"
    rm "$stage/etc/sentiment/hosts_key.pub"
    # The packages of the shared libraries, with all dependencies.
    ldd "$stage/usr/local/bin/sentiment" | sed -n 's/.*=> \([^ ]*\) .*/\1/p' | while read -r file; do
      dpkg-query -S "$(realpath "$file")" 2>/dev/null || dpkg-query -S "*/$(basename "$(realpath "$file")")"
    done | cut -d: -f1 | sort -u >"$stage$share/packages" ;;
  runtime)
    apt update
    # shellcheck disable=SC2046
    apt install ca-certificates $(cat $share/packages) openmpi-bin openssh-server
    rm -f /etc/ssh/ssh_host_*_key*  # never used, and the same in all containers
    rm -rf /var/lib/apt/lists/*
    useradd --system --no-create-home --shell /usr/sbin/nologin sentiment
    mkdir -p /opt/ml ;;
  healthy)
    # The image has no curl, so read from the server directly.
    exec /bin/bash -c 'exec 3<>"/dev/tcp/127.0.0.1/${SAGEMAKER_BIND_TO_PORT:-8080}" &&
      printf "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3 && read -r -t 3 line <&3 && [[ $line == *" 200 "* ]]' ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
