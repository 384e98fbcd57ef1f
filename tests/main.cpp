// SPDX-License-Identifier: MIT
// Runs the cases of a program, and reports what was skipped: see skips.hpp.
#define DOCTEST_CONFIG_IMPLEMENT
#include "skips.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace {

/// Cases that ran, and those among them that did nothing but skip.
int cases = 0, skipped_cases = 0;

struct CountCases final : doctest::IReporter {
  explicit CountCases(const doctest::ContextOptions&) {}
  static std::size_t count() {
    std::size_t all = 0;
    for (const auto& [reason, times] : lstmlib::test::skips()) all += static_cast<std::size_t>(times);
    return all;
  }
  void test_case_start(const doctest::TestCaseData&) override {
    ++cases;
    before_ = count();
  }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (stats.numAssertsCurrentTest == 0 && count() > before_) ++skipped_cases;
  }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  std::size_t before_ = 0;
};
REGISTER_LISTENER("count_cases", 1, CountCases);

/// The file for the entry NAME/skipped; "none" where there is no such entry; null outside ctest.
const char* skips_file() { return std::getenv("LSTMLIB_TEST_SKIPS"); }

}  // namespace

int main(int argc, char** argv) {
  const bool reports = skips_file() && skips_file() != std::string("none");
  if (reports) std::remove(skips_file());  // of an earlier run
  doctest::Context context(argc, argv);
  const int status = context.run();
  if (context.shouldExit() || status != 0) return status;
  if (cases == 0)
    lstmlib::test::skip("this program has no such case");  // what it needs was not there to compile
  const auto& skips = lstmlib::test::skips();
  const bool nothing_else = skipped_cases == cases;
  if (reports) {
    std::ofstream file(skips_file());
    for (const auto& [reason, times] : skips)
      file << "skipped " << times << (times == 1 ? " time: " : " times: ") << reason << '\n';
  } else if (skips_file() && !skips.empty() && !nothing_else) {
    std::cerr << "what was skipped would not be reported: see where tests/CMakeLists.txt looks for it\n";
    return 1;
  }
  return nothing_else ? 77 : 0;
}
