// SPDX-License-Identifier: MIT
// Makes tables and plots of the values that run.sh left in OUT/raw.
//   report OUT
#include "report/charts.hpp"
#include "report/results.hpp"
#include "report/tables.hpp"

#include "lstmlib/io/file.hpp"

#include <exception>
#include <iostream>

int main(int count, char** words) {
  try {
    if (count != 2) throw std::runtime_error("one argument, the folder of the results, is expected");
    const std::filesystem::path out = words[1];
    const auto results = report::read_results(out / "raw");
    lstmlib::io::write_file(out / "report.json", report::as_json(results).dump(2) + "\n");
    const auto charts = report::draw_charts(results, out);
    lstmlib::io::write_file(out / "report.md", report::as_markdown(results, charts));
  } catch (const std::exception& error) {
    std::cerr << "report: " << error.what() << '\n';
    return 1;
  }
}
