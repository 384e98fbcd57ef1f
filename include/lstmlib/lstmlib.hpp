// SPDX-License-Identifier: MIT
#pragma once
// Everything but CUDA, MPI and plots.

#include "lstmlib/core.hpp"

#include "lstmlib/backend/cpu/backend.hpp"

#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/npz.hpp"
#include "lstmlib/serialization/archive.hpp"

#include "lstmlib/data/dataset.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/prefetch.hpp"
#include "lstmlib/data/sequences.hpp"

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
