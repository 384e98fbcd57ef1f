// SPDX-License-Identifier: MIT
#include "lstmlib/train/plot_report.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <cmath>

namespace lstmlib::test {
namespace {

/// Two updates an epoch; observes "main/loss" 1, 2, ...
struct Counter final : train::Updater {
  train::Observation update() override {
    train::Observation seen;
    seen["main/loss"] = ++count == breaks_at ? std::nan("") : static_cast<double>(count);
    return seen;
  }
  Index iteration() const override { return count; }
  Index epoch() const override { return count / 2; }
  double epoch_detail() const override { return static_cast<double>(count) / 2; }
  double previous_epoch_detail() const override { return count ? static_cast<double>(count - 1) / 2 : -1; }
  void serialize(io::Serializer& serializer) override { serializer.value("iteration", count); }
  Index count = 0, breaks_at = -1;
};

std::string points_of(const train::Trainer& trainer) {
  return io::to_archive(trainer).at("extensions/PlotReport/_plot_loss.png").strings()[0];
}

TEST_CASE("a plot has a point an epoch, is a PNG file, and is saved as the reference's") {
  const auto folder = scratch("plot_report");
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(2), folder});
  trainer.extend(
      train::plot_report({.keys = {"main/loss", "validation/main/loss"}, .file_name = "loss.png"}));
  trainer.run();
  CHECK(points_of(trainer) == R"({"main/loss":[[1,1.5],[2,3.5]],"validation/main/loss":[]})");
  const auto bytes = io::read_file(folder / "loss.png");
  REQUIRE(bytes.size() > 1000);
  CHECK(bytes[1] == std::byte{'P'});
}

TEST_CASE("a plot goes on after a resume in the middle of an epoch, also after a value that is no number") {
  const auto folder = scratch("plot_report_resume");
  const auto make = [&](Counter& counter, Index iterations) {
    train::Trainer trainer(counter, {train::iterations(iterations), folder});
    trainer.extend(train::plot_report({.keys = {"main/loss"}, .file_name = "loss.png"}));
    return trainer;
  };
  Counter first, second;
  first.breaks_at = 2;
  auto broken = make(first, 5), resumed = make(second, 8);
  broken.run();
  io::from_archive(io::to_archive(broken), resumed);
  std::filesystem::remove(folder / "loss.png");  // as in a new folder, where no point may be left to come
  auto over = make(first, 5);
  io::from_archive(io::to_archive(broken), over);
  over.run();
  CHECK(std::filesystem::exists(folder / "loss.png"));
  resumed.run();
  CHECK(points_of(resumed) == R"({"main/loss":[[1,null],[2,3.5],[3,5.5],[4,7.5]]})");
}

TEST_CASE("a plot marks the point with the maximum of a value, also after a resume") {
  const auto folder = scratch("plot_report_mark");
  // An epoch is two updates: the second one has the greatest loss, 4.
  const auto picture = [&](std::string key, Index iterations) {
    Counter counter;
    train::Trainer trainer(counter, {train::iterations(iterations), folder});
    trainer.extend(train::plot_report(
        {.keys = {"main/loss"}, .names = {"train"}, .file_name = "loss.png", .mark_max_of = std::move(key)}));
    trainer.run();
    return std::pair(io::read_file(folder / "loss.png"), io::to_archive(trainer));
  };
  const auto unmarked = picture("", 4), marked = picture("main/loss", 4),
             absent = picture("main/accuracy", 4);
  CHECK(marked.first != unmarked.first);
  CHECK(absent.first == unmarked.first);
  const auto points = [](const io::Archive& archive) {
    return archive.at("extensions/PlotReport/_plot_loss.png").strings()[0];
  };
  CHECK(points(marked.second) == points(unmarked.second));  // what is plotted anyway is saved once
  CHECK(points(absent.second) == R"({"main/loss":[[1,1.5],[2,3.5]],"main/accuracy":[]})");

  Counter counter;
  train::Trainer resumed(counter, {train::iterations(8), folder});
  resumed.extend(train::plot_report(
      {.keys = {"main/loss"}, .names = {"train"}, .file_name = "loss.png", .mark_max_of = "main/loss"}));
  io::from_archive(marked.second, resumed);
  resumed.run();
  const auto after_resume = io::read_file(folder / "loss.png");
  CHECK(after_resume == picture("main/loss", 8).first);
}

TEST_CASE("saved points that are none are refused") {
  Counter counter;
  train::Trainer trainer(counter, {train::epochs(2), scratch("plot_report_refused")});
  trainer.extend(train::plot_report({.keys = {"main/loss"}, .file_name = "loss.png"}));
  const auto good = io::to_archive(trainer);
  for (const std::string text : {"[]", "{\"main/loss\": 1}", "{\"main/loss\": [[1]]}",
                                 "{\"main/loss\": [[1, \"x\"]]}", "{\"main/loss\": [[1e300, 1]]}", "{"}) {
    io::Archive bad;
    for (const auto& entry : good)
      bad.add(entry.name,
              entry.name.ends_with("_plot_loss.png") ? io::Array::from_strings({text}, {}) : entry.array);
    CHECK_THROWS_AS(io::from_archive(bad, trainer), FormatError);
  }
}

}  // namespace
}  // namespace lstmlib::test
