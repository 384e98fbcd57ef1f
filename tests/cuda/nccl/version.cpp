// SPDX-License-Identifier: MIT
// Loads the real NCCL, which needs no GPU, and asks for its version. Ends with status 77 where there is none.
#include "lstmlib/distributed/nccl/library.hpp"

#include <cstdlib>
#include <iostream>

int main() {
  const char* named = std::getenv("LSTMLIB_NCCL_LIBRARY");
  if (!(named && *named) && !dlopen("libnccl.so.2", RTLD_NOW)) {
    std::cout << "skipped: no libnccl.so.2 (LSTMLIB_NCCL_LIBRARY)\n";
    return 77;
  }
  try {
    const auto nccl = lstmlib::nccl::load_library();
    int version = 0;
    const auto got = nccl.get_version(&version);
    std::cout << "NCCL " << version << ": " << nccl.get_error_string(got) << '\n';
    return got == lstmlib::nccl::NcclResult::success && version >= 21300 ? 0 : 1;
  } catch (const lstmlib::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
