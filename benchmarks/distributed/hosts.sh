#!/bin/sh
# Two network namespaces as two hosts with their own link, for run.sh; root only.
#   hosts.sh up MEGABITS     creates them; the link carries this many Mbit/s each way
#   hosts.sh down            removes them
#   hosts.sh run COMMAND...  on the first one
#   hosts.sh agent HOST COMMAND...   what mpirun calls instead of ssh
set -eu
first=lstmlib-bench-1 second=lstmlib-bench-2
on() { # NAMESPACE COMMAND...: each has its own host name, by which mpirun distinguishes hosts
  namespace=$1
  shift
  # shellcheck disable=SC2016  # the inner shell expands them
  exec ip netns exec "$namespace" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$namespace" "$@"
}
action=$1
shift
case $action in
  up)
    ip netns add "$first"
    ip netns add "$second"
    ip link add link0 netns "$first" type veth peer name link0 netns "$second"
    number=1
    for host in $first $second; do
      ip -n "$host" address add 10.203.7.$number/24 dev link0
      ip -n "$host" link set lo up
      ip -n "$host" link set link0 up
      ip netns exec "$host" tc qdisc add dev link0 root tbf rate "$1mbit" burst 128kb latency 1s
      number=$((number + 1))
    done ;;
  down) for host in $first $second; do ip netns del $host 2>/dev/null || true; done ;;
  run) on "$first" "$@" ;;
  agent)
    shift # the host's address: there is one that mpirun does not run on
    on "$second" sh -c "$*" ;;
esac
