// SPDX-License-Identifier: MIT
#pragma once
// What a chart shows, as plain data.

#include "lstmlib/version.hpp"

#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::plot {

/// Width and height of a chart in points: 12 points are the height of a line of text.
struct Size {
  double width;
  double height;
};

/// One line: its points in the order in which they are joined. A point with a value that cannot be drawn
/// (NaN, infinite, beyond 1e300, not positive on a logarithmic axis) leaves a gap.
struct Series {
  std::string name;       ///< in the legend; an empty name has no entry there
  std::vector<double> x;  ///< as many as `y`
  std::vector<double> y;
};

/// A value of x that is marked: a dashed line from the bottom to the top.
struct Mark {
  double x;
  std::string name;  ///< in the legend; an empty name has no entry there
};

/// Lines over a common pair of axes. Texts are UTF-8; what is not is shown as a replacement character.
struct Chart {
  std::string title = {};
  std::string x_label = {};
  std::string y_label = {};
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};  ///< not drawn in a chart without points, or where x cannot be drawn
  bool y_from_zero = false;      ///< the y axis includes 0; without effect where it is logarithmic
  bool x_log = false;            ///< logarithmic axis: values that are not positive leave a gap
  bool y_log = false;
};

}  // namespace lstmlib::plot
