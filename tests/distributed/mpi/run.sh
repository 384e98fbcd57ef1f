#!/bin/sh
# run.sh MPIRUN PROCESSES PROGRAM [arguments]: the program by so many processes, also where there are fewer cores.
set -eu
mpirun=$1 processes=$2
shift 2
[ "$(id -u)" != 0 ] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Processes that wait leave the core to those that work; nothing looks for a network.
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl=self,vader OMPI_MCA_rmaps_base_oversubscribe=1
exec "$mpirun" --bind-to none -np "$processes" "$@"
