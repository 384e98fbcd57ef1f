// SPDX-License-Identifier: MIT
// Rows of tables on their way between processes.
#include "parallel/table_case.hpp"
#include "parallel/threads.hpp"

namespace lstmlib::test {
namespace {

TEST_CASE("table sum: rows of all processes are added, exactly or rounded to bfloat16 on their way") {
  for (const int size : {2, 3, 4})
    for (const auto wire : {parallel::Wire::exact, parallel::Wire::bf16}) {
      CAPTURE(size);
      std::vector<std::vector<std::byte>> sums(static_cast<std::size_t>(size));
      in_threads(size, [&](ThreadCommunicator& all) {
        sums[static_cast<std::size_t>(all.rank())] = check_sum_of_rows(all, wire);
      });
      for (const auto& sum : sums) CHECK(sum == sums.front());
    }
}

}  // namespace
}  // namespace lstmlib::test
