// SPDX-License-Identifier: MIT
#pragma once
// The trainer: updaters, triggers, evaluation, reports, snapshots. Not part of lstmlib.hpp: programs with
// their own training loop need not compile its JSON logs.

#include "lstmlib/train/evaluator.hpp"
#include "lstmlib/train/fail_on_nan.hpp"
#include "lstmlib/train/log_report.hpp"
#include "lstmlib/train/print_report.hpp"
#include "lstmlib/train/progress_bar.hpp"
#include "lstmlib/train/schedule.hpp"
#include "lstmlib/train/snapshot.hpp"
#include "lstmlib/train/trainer.hpp"
#include "lstmlib/train/updater.hpp"
#include "lstmlib/train/value_trigger.hpp"
#include "lstmlib/train/weight_average.hpp"
