// SPDX-License-Identifier: MIT
// The tests of each process that mpirun started; all make the same collective calls.
#define DOCTEST_CONFIG_IMPLEMENT
#include "distributed/mpi/processes.hpp"

namespace lstmlib::test {
distributed::Communicator*& processes() {
  static distributed::Communicator* all = nullptr;
  return all;
}
}  // namespace lstmlib::test

int main(int argc, char** argv) {
  return lstmlib::mpi::run([&](lstmlib::distributed::Communicator& all) {
    lstmlib::test::processes() = &all;
    doctest::Context context(argc, argv);
    return context.run();
  });
}
