// SPDX-License-Identifier: MIT
// Rows of tables on their way between processes.
#include "distributed/table_case.hpp"
#include "distributed/threads.hpp"

namespace lstmlib::test {
namespace {

TEST_CASE("table sum: rows of all processes are added, exactly or rounded to bfloat16 on their way") {
  for (const int size : {2, 3, 4})
    for (const auto compression :
         {distributed::GradientCompression::none, distributed::GradientCompression::bf16}) {
      CAPTURE(size);
      std::vector<std::vector<std::byte>> sums(static_cast<std::size_t>(size));
      in_threads(size, [&](ThreadCommunicator& all) {
        sums[static_cast<std::size_t>(all.rank())] = check_sum_of_rows(all, compression);
      });
      for (const auto& sum : sums) CHECK(sum == sums.front());
    }
}

}  // namespace
}  // namespace lstmlib::test
