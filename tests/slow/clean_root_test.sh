#!/bin/sh
# clean_root_test.sh SOURCE SCRATCH: the README's two commands on a machine that has nothing but Debian.
# Makes a minimal Debian 12 in SCRATCH/root, clones the repository SOURCE (what is committed) into it, and runs both
# commands there, without data from the network: so the program falls back on the corpus that is part of the project.
# Needs root, debootstrap, git and a Debian mirror; ends with status 77, which ctest counts as skipped, without them.
# shellcheck disable=SC2016  # the formats are for other programs to expand
set -eu
source=$1 scratch=$2
release=bookworm
root=$scratch/root
clone=/home/stranger/lstmlib
png_signature=89504e470d0a1a0a

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "clean root: $*" >&2; exit 1; }
step() { echo "== $*"; }

# A mount namespace of its own, so that what is mounted below vanishes with this script, however it ends.
if [ "${CLEAN_ROOT_INSIDE:-}" != yes ]; then
  [ "$(id -u)" = 0 ] || skip "only root can make a root folder of its own"
  for tool in debootstrap git unshare; do
    command -v $tool >/dev/null || skip "$tool is not installed"
  done
  git -c safe.directory='*' -C "$source" rev-parse -q --verify HEAD >/dev/null || skip "$source is not a git repository"
  unshare --mount true 2>/dev/null || skip "no mount namespaces here"
  CLEAN_ROOT_INSIDE=yes exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

# inside COMMAND ...: runs it in the new root, with nothing of our environment but the proxies.
inside() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LSTMLIB_OFFLINE=1 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    chroot "$root" "$@"
}
installed() { inside dpkg-query -W -f '${Package}\n' | sort; }

step "Debian $release in $root"
rm -rf --one-file-system "$root"
mkdir -p "$root"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $release" 2>/dev/null | head -n 1)
# shellcheck disable=SC2086
debootstrap --variant=minbase $release "$root" $mirror >"$scratch/debootstrap.log" 2>&1 || {
  tail -n 5 "$scratch/debootstrap.log"
  skip "debootstrap could not make the root"
}
# How this machine reaches the packages: sources, proxies, keys, certificates.
for settings in /etc/apt /usr/share/keyrings /usr/local/share/ca-certificates /etc/ssl/certs /etc/resolv.conf /etc/hosts; do
  [ -e $settings ] || continue
  mkdir -p "$root$(dirname $settings)"
  rm -rf "${root:?}$settings"
  cp -aL $settings "$root$settings" 2>/dev/null || true  # certificates may hold dead links
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"

git -c safe.directory='*' clone -q --no-hardlinks "$source" "$root$clone"
step "commit $(git -c safe.directory='*' -C "$source" log -1 --format='%h %s')"
installed >"$scratch/packages_before"

step "first command: train, evaluate and predict"
inside "$clone/examples/sentiment/run.sh" --yes --out /root/result --epochs 2 --seed 1 \
  >"$scratch/run.out" 2>"$scratch/run.err" || { tail -n 30 "$scratch/run.err"; fail "the first command failed"; }
installed >"$scratch/packages_after_first"
cat "$scratch/run.out"

result=$root/root/result
for plot in loss.png accuracy.png; do
  [ "$(od -An -tx1 -N8 "$result/output/$plot" | tr -d ' \n')" = $png_signature ] || fail "output/$plot is no PNG"
done
for part in my_model.npz vocab.json args.json; do
  [ -s "$result/model/$part" ] || fail "no $part in the model folder"
done
grep -Eq '^ *[01] +[01]\.[0-9]+ +[a-z]' "$scratch/run.out" || fail "no predictions on standard output"
for package in doctest-dev libbenchmark-dev clang doxygen debootstrap; do
  ! grep -qx $package "$scratch/packages_after_first" || fail "the first command installed $package, which it does not need"
done

step "second command: the tests"
inside "$clone/tests/run.sh" --yes >"$scratch/tests.out" 2>"$scratch/tests.err" ||
  { tail -n 40 "$scratch/tests.out" "$scratch/tests.err"; fail "the second command failed"; }
grep -E 'tests passed|Skipped|Total Test time' "$scratch/tests.out"
grep -q '^100% tests passed' "$scratch/tests.out" || fail "the second command's output has no closing line"
installed >"$scratch/packages_after_second"

step "both commands work; packages: $(wc -l <"$scratch/packages_before") at first," \
  "$(wc -l <"$scratch/packages_after_first") after the first command, $(wc -l <"$scratch/packages_after_second") after the second"
umount -R "$root/dev" "$root/proc"
rm -rf --one-file-system "$root"
