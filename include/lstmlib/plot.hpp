// SPDX-License-Identifier: MIT
#pragma once
// Charts and plots of training runs. Link lstmlib::plot.

#include "lstmlib/plot/chart.hpp"
#include "lstmlib/train/plot_report.hpp"
