#!/bin/sh
# image_test.sh SOURCE SCRATCH: the steps of examples/sentiment/Dockerfile in two fresh Debian roots, then the image's
# command as a platform runs it: `serve`, killed by SIGTERM, as root and as the other user.
# With IMAGE_TEST_PROGRAM, a program that was built on the same Debian, the build is left out, and the rest takes a minute.
# Needs root, debootstrap and a Debian mirror; ends with status 77, which ctest counts as skipped, without them.
set -eu
source=$1 scratch=$2
release=bookworm

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "image: $*" >&2; exit 1; }

if [ "${IMAGE_TEST_INSIDE:-}" != yes ]; then
  [ "$(id -u)" = 0 ] || skip "only root can make a root folder of its own"
  for tool in debootstrap git unshare; do
    command -v $tool >/dev/null || skip "$tool is not installed"
  done
  unshare --mount true 2>/dev/null || skip "no mount namespaces here"
  IMAGE_TEST_INSIDE=yes exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

rm -rf --one-file-system "$scratch"
mkdir -p "$scratch/build" "$scratch/image"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $release" 2>/dev/null | head -n 1)
# shellcheck disable=SC2086
debootstrap --variant=minbase $release "$scratch/build" $mirror >"$scratch/debootstrap.log" 2>&1 || skip "debootstrap could not make the root"
for settings in /etc/apt /usr/share/keyrings /usr/local/share/ca-certificates /etc/ssl/certs /etc/resolv.conf /etc/hosts; do
  [ -e $settings ] || continue
  mkdir -p "$scratch/build$(dirname $settings)"
  rm -rf "${scratch:?}/build$settings"
  cp -aL $settings "$scratch/build$settings" 2>/dev/null || true
done
cp -a "$scratch/build/." "$scratch/image/"
for root in build image; do
  mount -t proc proc "$scratch/$root/proc"
  mount --rbind /dev "$scratch/$root/dev"
done
# inside ROOT COMMAND ...: with nothing of our environment but the proxies.
inside() {
  root=$1
  shift
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    SAGEMAKER_BIND_TO_PORT=18080 chroot ${as:+--userspec="$as"} "$scratch/$root" "$@"
}

echo "== build stage"
if [ -n "${IMAGE_TEST_PROGRAM:-}" ]; then
  "$source/examples/sentiment/image.sh" stage "$IMAGE_TEST_PROGRAM" "$scratch/build/stage"
else
  mkdir "$scratch/build/source"
  git -c safe.directory='*' -C "$source" archive HEAD | tar -x -C "$scratch/build/source"
  inside build /source/examples/sentiment/image.sh build /source /stage >"$scratch/build.log" 2>&1 || { tail -n 20 "$scratch/build.log"; fail "build"; }
fi
echo "== image"
cp -a "$scratch/build/stage/." "$scratch/image/"
inside image /usr/local/share/sentiment/image.sh runtime >"$scratch/runtime.log" 2>&1 || { tail -n 20 "$scratch/runtime.log"; fail "runtime"; }
ls -l "$scratch/image/usr/local/bin/sentiment"
du -sh "$scratch/image" --exclude=proc --exclude=dev

echo "== what a job of several hosts needs"
[ "$(stat -c '%a %u' "$scratch/image/etc/sentiment/hosts_key")" = "600 0" ] || fail "the hosts' key is not root's alone"
for tool in mpirun orted sshd ssh ssh-keygen; do
  inside image sh -c "command -v $tool" >/dev/null || fail "no $tool"
done

echo "== train on the small corpus, then serve"
inside image sentiment run --data /nowhere --out /tmp/result --epochs 1 --seed 1 >"$scratch/run.log" 2>&1 || { tail "$scratch/run.log"; fail "run"; }
mkdir -p "$scratch/image/opt/ml"
cp -a "$scratch/image/tmp/result/model" "$scratch/image/opt/ml/"
for as in root sentiment; do
  # shellcheck disable=SC2016  # for the shell inside to expand, which becomes the server
  inside image sh -c 'echo $$ >/tmp/$0.pid; exec sentiment serve' "$as" 2>"$scratch/serve_$as.log" &
  process=$!
  for _ in $(seq 100); do
    ! inside image /usr/local/share/sentiment/image.sh healthy 2>/dev/null || break
    sleep 0.1
  done
  inside image /usr/local/share/sentiment/image.sh healthy || { cat "$scratch/serve_$as.log"; fail "not healthy as $as"; }
  echo 'a warm and funny film' | inside image sentiment invoke --endpoint http://127.0.0.1:18080 || fail "no answer as $as"
  kill -TERM "$(cat "$scratch/image/tmp/$as.pid")"
  wait $process || fail "status $? after SIGTERM as $as"
done
as=
umount -R "$scratch/build/dev" "$scratch/build/proc" "$scratch/image/dev" "$scratch/image/proc"
rm -rf --one-file-system "$scratch"
echo "the image's steps work"
