// SPDX-License-Identifier: MIT
// Runs of the reference are resumed from its snapshots.
#include "models.hpp"

namespace lstmlib::test {
namespace {

/// A run of the reference: its data and model.
struct Reference {
  explicit Reference(std::filesystem::path its_folder) : folder(std::move(its_folder)) {
    setup = nlohmann::json::parse(std::ifstream(folder / "setup.json"));
  }
  data::LabelledSequences sentences(const char* part) const {
    std::vector<std::vector<std::int32_t>> sequences;
    std::vector<std::int32_t> labels;
    for (const auto& row : setup.at(part)) {
      sequences.push_back(row.at(0).get<std::vector<std::int32_t>>());
      labels.push_back(row.at(1).get<std::int32_t>());
    }
    return {std::move(sequences), std::move(labels)};
  }
  std::unique_ptr<SentenceModel> model() const {
    const auto words = static_cast<Index>(setup.at("vocab").size());
    const auto units = setup.at("model").at("units").get<Index>();
    if (setup.at("model").at("kind") == "cnn") return std::make_unique<CnnModel>(words, units, 2);
    return std::make_unique<RnnModel>(words, units, 2, 0);
  }
  Index batch() const { return setup.at("batch").get<Index>(); }
  std::string name() const { return folder.filename(); }
  bool best_first() const {
    return name() != "cnn_example_order";
  }  // the order in which extensions were added
  nlohmann::ordered_json log() const { return nlohmann::ordered_json::parse(std::ifstream(folder / "log")); }

  std::filesystem::path folder;
  nlohmann::json setup;
};

/// The run that the project carries, and those of the kit where it is.
std::vector<Reference> references() {
  std::vector<Reference> all{Reference(fixtures() / "snapshots")};
  for (const std::string name : {"rnn", "cnn_example_order"})
    if (kit_has("compat/snapshots/" + name)) all.emplace_back(kit() / "compat/snapshots" / name);
  return all;
}

/// The extensions of the reference's run, in its order.
void extend_as_reference(Run& run, bool best_first) {
  auto& trainer = run.trainer;
  trainer.extend(train::evaluator(run.test_batches, run.objective));
  const auto add_best = [&] {
    trainer.extend(train::snapshot_object(*run.model, "best_model.npz"),
                   train::max_value("validation/main/accuracy"));
  };
  if (best_first) add_best();
  trainer.extend(train::snapshot({.file_name = "snapshot_epoch_{epoch}"}));
  if (!best_first) add_best();
  trainer.extend(train::snapshot(), train::iterations(6), "snapshot_iter");
  trainer.extend(train::log_report());
}

double largest_difference(const Arrays& mine, const Arrays& theirs) {
  double largest = 0;
  CHECK(mine.size() == theirs.size());
  for (const auto& entry : mine) {
    const auto a = entry.array.as_numbers<double>(), b = theirs.at(entry.name).as_numbers<double>();
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

void check_log(const nlohmann::ordered_json& mine, const nlohmann::ordered_json& theirs,
               std::size_t entries) {
  REQUIRE(mine.size() == entries);
  for (std::size_t i = 0; i < entries; ++i) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : mine[i].items()) keys.push_back(key);
    CHECK(keys == std::vector<std::string>{"main/loss", "main/accuracy", "validation/main/loss",
                                           "validation/main/accuracy", "epoch", "iteration", "elapsed_time"});
    for (const auto& key : keys)
      if (key != "elapsed_time")
        CHECK(mine[i].at(key).get<double>() ==
              doctest::Approx(theirs[i].at(key).get<double>()).epsilon(1e-5));
  }
}

TEST_CASE("the reference's runs go on from its snapshots as they did there") {
  for (const auto& reference : references()) {
    CAPTURE(reference.name());
    const auto training = reference.sentences("train"), test = reference.sentences("test");
    const auto folder = scratch("resume_reference_" + reference.name());

    Run from_epoch_2(reference.model(), training, test, {folder, train::epochs(3), reference.batch()});
    extend_as_reference(from_epoch_2, reference.best_first());
    io::load_snapshot(reference.folder / "snapshot_epoch_2", from_epoch_2.trainer);
    CHECK(from_epoch_2.trainer.iteration() == 8);
    CHECK(from_epoch_2.trainer.run().signal == 0);
    CHECK(from_epoch_2.trainer.iteration() == 12);
    CHECK(largest_difference(from_epoch_2.parameters(),
                             io::read_npz(reference.folder / "params_after_epoch_3.npz")) < 1e-6);
    check_log(from_epoch_2.trainer.find<train::LogReport>()->entries(), reference.log(), 3);

    Run from_iteration_6(reference.model(), training, test, {folder, train::epochs(2), reference.batch()});
    extend_as_reference(from_iteration_6, reference.best_first());
    io::load_snapshot(reference.folder / "snapshot_iter_6", from_iteration_6.trainer);
    from_iteration_6.trainer.run();
    CHECK(from_iteration_6.trainer.iteration() == 8);
    const auto wanted = io::read_npz(reference.folder / "snapshot_epoch_2");
    Arrays parameters;
    for (const auto& entry : wanted)
      if (entry.name.starts_with("updater/model:main/")) parameters.add(entry.name.substr(19), entry.array);
    CHECK(largest_difference(from_iteration_6.parameters(), parameters) < 1e-6);
    check_log(from_iteration_6.trainer.find<train::LogReport>()->entries(), reference.log(), 2);
  }
}

TEST_CASE("snapshots of other versions of Chainer are resumed as Chainer itself resumes them") {
  for (const auto& reference : references()) {
    if (!reference.best_first()) continue;
    CAPTURE(reference.name());
    const auto training = reference.sentences("train"), test = reference.sentences("test");
    const auto folder = scratch("resume_older_" + reference.name());
    Arrays older;
    int changed = 0;
    for (const auto& entry : io::read_npz(reference.folder / "snapshot_epoch_2")) {
      const std::string& key = entry.name;
      if (key == "updater/iterator:main/previous_epoch_detail" || key.starts_with("extensions/LogReport/_summary/")) {
        ++changed;
      } else if (key == "updater/iterator:main/order") {
        older.add("updater/iterator:main/_order", entry.array);
        ++changed;
      } else if (key == "extensions/LogReport/_log") {  // bytes, as text is in Python 2
        const std::string log = entry.array.strings()[0];
        auto bytes = io::Array::empty(io::ArrayDtype::bytes, static_cast<Index>(log.size()), {});
        const auto from = std::as_bytes(std::span(log));
        bytes.data.assign(from.begin(), from.end());
        older.add(key, std::move(bytes));
        ++changed;
      } else {
        older.add(key, entry.array);
      }
    }
    CHECK(changed >= 4);
    io::write_npz(folder / "older", older);
    Run run(reference.model(), training, test, {folder, train::epochs(3), reference.batch()});
    extend_as_reference(run, reference.best_first());
    io::load_snapshot(folder / "older", run.trainer);
    CHECK(run.trainer.iteration() == 8);
    CHECK(run.trainer.status().previous_epoch_detail == doctest::Approx(1.75));
    run.trainer.run();
    CHECK(largest_difference(run.parameters(), io::read_npz(reference.folder / "params_after_epoch_3.npz")) < 1e-6);
    check_log(run.trainer.find<train::LogReport>()->entries(), reference.log(), 3);
  }
}

TEST_CASE("our snapshot has the reference's keys, dtypes and shapes, and numbers where they are determined") {
  for (const auto& reference : references()) {
    if (!reference.best_first()) continue;  // there the reference's own snapshot is one step behind
    CAPTURE(reference.name());
    const auto training = reference.sentences("train"), test = reference.sentences("test");
    const auto folder = scratch("keys_of_snapshots_" + reference.name());
    Run run(reference.model(), training, test, {folder, train::epochs(3), reference.batch()});
    extend_as_reference(run, reference.best_first());
    io::load_snapshot(reference.folder / "snapshot_epoch_2", run.trainer);
    run.trainer.run();
    const auto mine = io::read_npz(folder / "snapshot_epoch_3"),
               theirs = io::read_npz(reference.folder / "snapshot_epoch_3");
    for (const auto& entry : theirs) {
      const auto& key = entry.name;
      const auto& array = entry.array;
      const bool absent_extension = key.find("PrintReport") != key.npos ||
                                    key.find("PlotReport") != key.npos || key.find("ProgressBar") != key.npos;
      if (absent_extension) continue;
      CAPTURE(key);
      const io::Array* own = mine.find(key);
      REQUIRE(own != nullptr);
      CHECK(own->dtype == array.dtype);
      CHECK(own->shape == array.shape);
      const bool chance = key.ends_with("/order") || key == "_snapshot_elapsed_time";
      // Ours asks all triggers before it writes a snapshot.
      const bool later = key.starts_with("extension_triggers/snapshot_iter/");
      if (chance || later || array.dtype == io::ArrayDtype::unicode || array.dtype == io::ArrayDtype::boolean)
        continue;
      const auto a = own->as_numbers<double>(), b = array.as_numbers<double>();
      for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) <= 1e-4 * std::abs(b[i]) + 1e-9);
    }
    CHECK(mine.find("lstmlib/seed") != nullptr);
  }
}

TEST_CASE("the reference resumes our snapshots and goes on as we do") {
  const std::string script = kit_script("compat/check_chainer_resumes.py");
  if (script.empty()) return;
  for (const auto& reference : references()) {
    if (reference.name() == "snapshots") continue;  // the script knows the kit's models
    CAPTURE(reference.name());
    const auto training = reference.sentences("train"), test = reference.sentences("test");
    const auto folder = scratch("resume_in_reference_" + reference.name());
    set_seed(3);
    Run run(reference.model(), training, test, {folder, train::epochs(2), reference.batch()});
    extend_as_reference(run, reference.best_first());
    run.trainer.extend(train::snapshot(), train::iterations(3), "early");
    run.trainer.run();
    io::save_npz(folder / "mine.npz", *run.model);
    // Before iteration 4 there is no best value yet. The orders of later epochs are the reference's own.
    for (const Index at : {3, 6}) {
      const std::string command =
          message(script, " ", (reference.folder / "setup.json").string(), " ",
                  (folder / message("snapshot_iter_", at)).string(), at == 3 ? " 1" : " 2 --params ",
                  at == 3 ? "" : (folder / "mine.npz").string(), " > ", (folder / "answer.json").string());
      CHECK(std::system(command.c_str()) == 0);
      const auto answer = nlohmann::ordered_json::parse(std::ifstream(folder / "answer.json"));
      CHECK(answer.at("resumed_at_iteration") == at);
      CHECK(answer.at("iterations") == (at == 3 ? 4 : 8));
      if (at == 6) CHECK(answer.at("max_parameter_difference").get<double>() < 1e-6);
      check_log(answer.at("log"), run.trainer.find<train::LogReport>()->entries(), at == 3 ? 1 : 2);
    }
  }
}

}  // namespace
}  // namespace lstmlib::test
