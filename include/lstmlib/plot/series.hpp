// SPDX-License-Identifier: MIT
#pragma once
// The content of a chart, as plain data.

#include "lstmlib/version.hpp"

#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::plot {

/// Width and height of a chart in points; a line of text is about 12 points high.
struct Size {
  double width;
  double height;
};

/// One line: its points in the order in which they are connected. A point that cannot be drawn (NaN,
/// infinite, beyond 1e300, or not positive on a logarithmic axis) leaves a gap.
struct Series {
  std::string name;       ///< name in the legend; empty: no entry
  std::vector<double> x;  ///< same size as `y`
  std::vector<double> y;
};

/// Marks a value of x with a dashed vertical line.
struct Mark {
  double x;
  std::string name;  ///< in the legend; an empty name has no entry there
};

/// Lines in a common coordinate system. Texts are UTF-8; invalid bytes are shown as replacement characters.
///
///     plot::Chart chart{.title = "loss", .x_label = "epoch"};
///     chart.series = {{"train", {1, 2, 3}, {0.7, 0.5, 0.4}}, {"test", {1, 2, 3}, {0.7, 0.6, 0.6}}};
///     plot::write_svg("loss.svg", chart);
struct Chart {
  std::string title = {};
  std::string x_label = {};
  std::string y_label = {};
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};  ///< not drawn in a chart without points, or if x cannot be drawn
  bool y_from_zero = false;      ///< the y axis includes 0; ignored if it is logarithmic
  bool x_log = false;            ///< logarithmic x axis; values that are not positive leave a gap
  bool y_log = false;
};

}  // namespace lstmlib::plot
