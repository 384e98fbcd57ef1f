// SPDX-License-Identifier: MIT
// What we write, read by the programs that it is for: Chainer loads our models, NumPy our data and arrays.
#include "lstmlib/io/npz.hpp"
#include "sentiment/data/prepare.hpp"
#include "sentiment/model/model_folder.hpp"
#include "support.hpp"

#include <cstdlib>

using namespace lstmlib;
using namespace lstmlib::test;
namespace fs = std::filesystem;

namespace {

int run(const std::string& command) {
  CAPTURE(command);
  return std::system((command + " > /dev/null").c_str());
}

}  // namespace

TEST_CASE("Chainer loads the models that we save, and predicts the same") {
  const std::string script = kit_script("compat/check_chainer_loads.py");
  if (script.empty()) return;
  int count = 0;
  for (const auto& entry : fs::directory_iterator(kit() / "compat/models")) {
    const auto model = sentiment::load_model_folder(entry.path());
    const fs::path copy = scratch("chainer_loads");
    sentiment::save_model_folder(copy, model.settings, model.vocabulary, model.classifier);
    const auto expected = (entry.path() / "expected.json").string();
    CAPTURE(entry.path().string());
    CHECK(run(message(script, " ", copy.string(), " ", expected, " --expect ", expected)) == 0);
    ++count;
  }
  CHECK(count == 9);
}

TEST_CASE("NumPy reads the data that we prepare as the notebook's script does") {
  const std::string script = kit_script("compat/check_numpy_loads.py");
  if (script.empty()) return;
  const fs::path folder = scratch("numpy_loads");
  for (const bool char_based : {false, true}) {
    sentiment::PrepareOptions options;
    options.dataset = "films";
    options.char_based = char_based;
    options.out = folder;
    options.quiet = true;
    sentiment::prepare(options);
    CHECK(run(message(script, " --notebook ", (folder / "train/train.npz").string(), " ",
                      (folder / "test/test.npz").string(), " --vocab ",
                      (folder / "vocab/vocab.npy").string())) == 0);
  }
}

TEST_CASE("NumPy reads the archives that we write as the ones that we read") {
  const std::string script = kit_script("compat/check_numpy_loads.py");
  if (script.empty()) return;
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kit() / "compat/models")) {
    if (entry.path().extension() != ".npz") continue;
    const fs::path copy = scratch("numpy_same") / "copy.npz";
    for (const auto compression : {io::Compression::store, io::Compression::deflate}) {
      io::write_npz(copy, io::read_npz(entry.path()), compression);
      CHECK(run(message(script, " --same ", entry.path().string(), " ", copy.string())) == 0);
      ++count;
    }
  }
  CHECK(count == 18);
}
