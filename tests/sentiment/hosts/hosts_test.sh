#!/bin/bash
# hosts_test.sh LAUNCH SCRATCH [PROGRAM | vanish]: training on several hosts, of which each is a set of namespaces on this machine: a network of
# its own on one bridge, its own processes, names and temporary files. LAUNCH starts any program as `sentiment train` starts itself; sshd, ssh and
# mpirun are real. With PROGRAM, `sentiment` that was built with MPI, that trains as a job too. With `vanish`, only a host whose network is gone,
# which takes a while to notice.
# Needs root, namespaces and the tools; ends with status 77, which ctest counts as skipped, without them. All of it is in an outer
# set of namespaces, which takes everything with it when this script ends.
set -eu
launch=$1 scratch=$2 program=${3:-}

skip() { echo "skipped: $*"; exit 77; }
if [ "${HOSTS_TEST_INSIDE:-}" != yes ]; then
  [ "$(id -u)" = 0 ] || skip "only root can make hosts of namespaces"
  PATH=$PATH:/usr/sbin:/sbin
  for tool in unshare ip sshd ssh ssh-keygen mpirun orted; do
    command -v $tool >/dev/null || skip "$tool is not installed"
  done
  unshare --net --mount --uts --pid --fork true 2>/dev/null || skip "no namespaces here"
  unshare --net --mount sh -c 'mount -t tmpfs none /run && ip netns add a && ip link add bridge type bridge &&
    ip link add port type veth peer name eth0 netns a' 2>/dev/null || skip "no network of namespaces here"
  rm -rf "$scratch"
  mkdir -p "$scratch"
  HOSTS_TEST_INSIDE=yes PATH=$PATH exec unshare --net --mount --pid --fork --kill-child "$0" "$@"
fi

mount -t proc proc /proc
mount -t tmpfs none /run
mkdir -p /run/netns
ip link set lo up
ip link add bridge type bridge
ip link set bridge up
ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
export SENTIMENT_HOSTS_KEY=$scratch/key TMPDIR=/mnt
export OMPI_MCA_mpi_yield_when_idle=1  # each host takes the cores for its own, and they are the same
failures=0
case_name="" failed_case=""
failed() {
  echo "hosts: $case_name: $*" >&2
  [ "$failed_case" = "$case_name" ] || tail -n 30 "$scratch/$case_name"/*.log >&2
  failed_case=$case_name
  failures=$((failures + 1))
}

# A case of its own: new logs, and names that resolve on all hosts.
new_case() {
  case_name=$1
  mkdir -p "$scratch/$case_name"
  names="127.0.0.1 localhost"
  for i in 1 2 3; do names="$names
10.77.0.$i algo-$i"; done
  for i in 1 2 3; do echo "$names" >"$scratch/$case_name/hosts.$i"; done
  echo "== $case_name"
}

for i in 1 2 3; do
  ip netns add host$i
  ip link add port$i type veth peer name eth0 netns host$i
  ip link set port$i master bridge up
  ip -n host$i address add 10.77.0.$i/24 dev eth0
  ip -n host$i link set lo up
  ip -n host$i link set eth0 up
done

# start I COMMAND ...: as the first process of host I. Its number here is in process[I].
declare -A process
start() {
  local i=$1
  shift
  # shellcheck disable=SC2016  # for the shell inside
  ip netns exec host$i unshare --mount --uts --pid --fork --kill-child sh -c '
    mount -t proc proc /proc && mount -t tmpfs none /mnt && mount -t tmpfs none /run && mount --bind "$1" /etc/hosts && hostname "container-$2" || exit 70
    shift 2
    cd / && exec "$@"' sh "$scratch/$case_name/hosts.$i" $i "$@" >"$scratch/$case_name/$i.log" 2>&1 &
  process[$i]=$!
}
# inside I: the number, here, of the first process of host I.
inside() {
  local outer
  outer=$(pgrep -P "${process[$1]}" || true)
  # ip netns exec becomes unshare, whose child is the host's first process.
  echo "${outer:-${process[$1]}}"
}
expect() { ended "$1"; [ "$status" = "$2" ] || failed "host $1 ended with status $status, expected $2"; }
# At most 30 s: what hangs is no reason to wait for more.
ended() {
  eventually not_running "$1" || { failed "host $1 does not end"; kill -KILL "$(inside "$1")"; }
  status=0
  wait "${process[$1]}" || status=$?
}
not_running() { ! kill -0 "${process[$1]}"; }
expect_line() { grep -qE -- "$2" "$scratch/$case_name/$1.log" || failed "host $1 does not say '$2'"; }
eventually() { for _ in $(seq 300); do ! "$@" 2>/dev/null || return 0; sleep 0.1; done; return 1; }
# job HOSTS CURRENT LIMIT PROGRAM ...: the words of a host's program: two processes on each host.
job() { local hosts=$1 current=$2 limit=$3; shift 3; echo "$launch" "$hosts" "$current" eth0 2 "$limit" "$@"; }
say=$scratch/say.sh
cat >"$say" <<'END'
#!/bin/bash
# A process of the training: says which it is. With `stay` it stays until it is asked to stop, with `fail` the last one dies.
echo "rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE, $OMPI_COMM_WORLD_LOCAL_RANK on $(hostname), ${SM_MARK:-}"
[ "${1:-}" != fail ] || [ $OMPI_COMM_WORLD_RANK != 3 ] || { sleep 1; kill -KILL $$; }
[ -n "${1:-}" ] || exit 0
trap 'trap "" USR1; sleep 2; echo "rank $OMPI_COMM_WORLD_RANK saved"; exit 0' USR1
while :; do sleep 0.1; done
END
chmod +x "$say"

export SM_MARK=marked
if [ "$program" = vanish ]; then
  new_case host_vanishes
  # shellcheck disable=SC2046
  for i in 1 2; do start $i $(job algo-1,algo-2 algo-$i 60 "$say" stay); done
  eventually grep -q "rank 3" "$scratch/$case_name/1.log" || failed "no start"
  sleep 0.5
  SECONDS=0
  ip link set port2 down  # its other end says nothing any more, not even that it is gone
  eventually not_running 1 || eventually not_running 1 || failed "the first host does not end"
  echo "noticed after $SECONDS s"
  [ $SECONDS -le 40 ] || failed "the first host ended after $SECONDS s"
  expect 1 1
  expect_line 1 "launch: failed: .*algo-2"
  [ $failures = 0 ] || exit 1
  rm -rf "$scratch"
  exit
fi

new_case together
# shellcheck disable=SC2046
for i in 1 2 3; do start $i $(job algo-3,algo-1,algo-2 algo-$i 60 "$say"); done
for i in 1 2 3; do expect $i 0; done
for rank in 0 1 2 3 4 5; do
  expect_line 1 "rank $rank of 6, $((rank % 2)) on container-$((rank / 2 + 1)), marked"
done

new_case late_name_and_host
sed -i /algo-2/d "$scratch/$case_name/hosts.1"
# shellcheck disable=SC2046
start 1 $(job algo-1,algo-2 algo-1 60 "$say")
sleep 5
# shellcheck disable=SC2046
start 2 $(job algo-1,algo-2 algo-2 60 "$say")
sleep 1
echo "10.77.0.2 algo-2" >>"$scratch/$case_name/hosts.1"
for i in 1 2; do expect $i 0; done
expect_line 1 "Waiting for 1 of 2 hosts: algo-2 \(the name does not resolve"
expect_line 1 "rank 3 of 4, 1 on container-2"

new_case nobody_comes
# shellcheck disable=SC2046
start 1 $(job algo-1,algo-2 algo-1 3 "$say")
# shellcheck disable=SC2046
start 3 $(job algo-1,algo-3 algo-3 3 "$say")
expect 1 1
expect 3 1
expect_line 1 "of 2 hosts 1 did not respond within 3 s: algo-2"
expect_line 3 "the first host, algo-1, did not respond within 3 s"

new_case stopped
# shellcheck disable=SC2046
for i in 1 2; do start $i $(job algo-1,algo-2 algo-$i 60 "$say" stay); done
eventually grep -q "rank 3" "$scratch/$case_name/1.log" || failed "no start"
sleep 0.5
for i in 2 1; do kill -TERM "$(inside $i)"; done  # the service sends it to all
for i in 1 2; do expect $i 143; done
for rank in 0 1 2 3; do expect_line 1 "rank $rank saved"; done

new_case stopped_while_waiting
# shellcheck disable=SC2046
start 1 $(job algo-1,algo-2 algo-1 60 "$say")
# shellcheck disable=SC2046
start 3 $(job algo-1,algo-3 algo-3 60 "$say")
sleep 1.5
for i in 1 3; do kill -TERM "$(inside $i)"; done
for i in 1 3; do expect $i 143; done

new_case process_fails
# shellcheck disable=SC2046
for i in 1 2; do start $i $(job algo-1,algo-2 algo-$i 60 "$say" fail); done
expect 1 1
expect 2 0
expect_line 1 "launch: failed: .*rank 3 .* node algo-2"

new_case host_dies
# shellcheck disable=SC2046
for i in 1 2; do start $i $(job algo-1,algo-2 algo-$i 60 "$say" stay); done
eventually grep -q "rank 3" "$scratch/$case_name/1.log" || failed "no start"
sleep 0.5
SECONDS=0
kill -KILL "$(inside 2)"
expect 1 1
[ $SECONDS -le 10 ] || failed "the first host ended after $SECONDS s"
expect_line 1 "launch: failed: .*algo-2"

new_case first_host_dies
# shellcheck disable=SC2046
for i in 1 2; do start $i $(job algo-1,algo-2 algo-$i 60 "$say" stay); done
eventually grep -q "rank 3" "$scratch/$case_name/1.log" || failed "no start"
sleep 0.5
SECONDS=0
kill -KILL "$(inside 1)"
expect 2 1
[ $SECONDS -le 10 ] || failed "the other host ended after $SECONDS s"
expect_line 2 "launch: failed: .*algo-1"

new_case other_key
ssh-keygen -q -t ed25519 -N '' -f "$scratch/second_key"
# shellcheck disable=SC2046
start 1 $(job algo-1,algo-2 algo-1 60 "$say")
# shellcheck disable=SC2046
start 2 env SENTIMENT_HOSTS_KEY="$scratch/second_key" $(job algo-1,algo-2 algo-2 5 "$say")
expect 1 1
expect 2 1
expect_line 1 "launch: failed: .*(Permission denied|Host key verification failed|algo-2)"

# The program itself, as a job of two hosts with two processes each. Each host has its own folders at the same place.
prepare_job() {
  new_case "$1"
  hyper=$2
  for i in 1 2; do
    ml=$scratch/$case_name/ml.$i
    mkdir -p "$ml/input/config" "$ml/input/data" "$ml/model" "$ml/output/data" "$ml/checkpoints"
    cp -r "$scratch/data/train" "$scratch/data/test" "$scratch/data/vocab" "$ml/input/data/"
    echo "$hyper" >"$ml/input/config/hyperparameters.json"
    echo '{"train": {}, "test": {}, "vocab": {}}' >"$ml/input/config/inputdataconfig.json"
    echo '{"current_host": "algo-'$i'", "hosts": ["algo-2", "algo-1"], "network_interface_name": "eth0"}' >"$ml/input/config/resourceconfig.json"
  done
}
# shellcheck disable=SC2016
start_job() { start "$1" sh -c 'mkdir /mnt/ml && mount --bind "$1" /mnt/ml && SAGEMAKER_BASE_DIR=/mnt/ml exec "$2" train' \
  sh "$scratch/$case_name/ml.$1" "$program"; }
no_parts() {  # half-written files have other names than the results
  local found
  found=$(find "$scratch/$case_name"/ml.* -type f ! -path '*/input/*' ! -name my_model.npz ! -name vocab.json ! -name args.json ! -name log \
    ! -name '*.png' ! -name checkpoint.npz ! -name failure)
  [ -z "$found" ] || failed "left: $found"
}
if [ -n "$program" ]; then
  "$program" prepare --dataset films --out "$scratch/data" >/dev/null
  prepare_job trains '{"epochs": "3", "num-units": "16", "seed": "1", "sagemaker_mpi_num_of_processes_per_host": "2", "unknown": "1"}'
  start_job 1
  sleep 3
  start_job 2
  for i in 1 2; do expect $i 0; done
  for file in model/my_model.npz model/vocab.json model/args.json output/data/log checkpoints/checkpoint.npz; do
    [ -s "$scratch/$case_name/ml.1/$file" ] || failed "no $file on the first host"
    [ ! -e "$scratch/$case_name/ml.2/$file" ] || failed "$file on the second host"
  done
  [ "$(grep -c '"epoch"' "$scratch/$case_name/ml.1/output/data/log")" = 3 ] || failed "not three epochs in the log"
  expect_line 1 "ignoring the unknown setting unknown"
  no_parts

  long='{"epochs": "100000", "num-units": "16", "seed": "1", "processes": "2"}'
  prepare_job job_is_stopped "$long"
  for i in 1 2; do start_job $i; done
  eventually test -s "$scratch/$case_name/ml.1/checkpoints/checkpoint.npz" || failed "no checkpoint"
  for i in 1 2; do kill -TERM "$(inside $i)"; done
  for i in 1 2; do expect $i 0; done
  [ -s "$scratch/$case_name/ml.1/model/my_model.npz" ] || failed "no model"
  [ ! -e "$scratch/$case_name/ml.1/output/failure" ] || failed "a stop is no failure"
  no_parts

  prepare_job host_of_job_dies "$long"
  for i in 1 2; do start_job $i; done
  eventually test -s "$scratch/$case_name/ml.1/checkpoints/checkpoint.npz" || failed "no checkpoint"
  SECONDS=0
  kill -KILL "$(inside 2)"
  expect 1 1
  [ $SECONDS -le 10 ] || failed "the first host ended after $SECONDS s"
  grep -q algo-2 "$scratch/$case_name/ml.1/output/failure" || failed "output/failure does not name the host: $(cat "$scratch/$case_name/ml.1/output/failure")"
  no_parts
fi

[ $failures = 0 ] || exit 1
rm -rf "$scratch"
echo "hosts work together"
