// SPDX-License-Identifier: MIT
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/nn/linear.hpp"
#include "lstmlib/nn/recurrent.hpp"
#include "support.hpp"

#include <limits>

namespace lstmlib::test {
namespace {

template <Real T>
struct Model : nn::Module {
  nn::Lstm<T> encoder{{.input_size = 3, .hidden_size = 2, .layers = 2}};
  nn::Linear<T> output{{.input_size = 2, .output_size = 4}};
  Tensor<T> mean = Tensor<T>::from({1, 2}, {2});
  void visit_members(nn::MemberVisitor& visit) override {
    visit("encoder/encoder", encoder)("output", output)("mean", mean);
  }
};

/// One of each kind of value.
struct Part {
  bool flag = true;
  std::int64_t count = -3;
  std::uint64_t seed = 0xFFFFFFFFFFFFFFFFull;
  double rate = 0.1;
  std::optional<double> best, last = 2.5;
  std::string text = "[\"π\"]", empty;
  std::vector<std::int64_t> order{2, 0, 1};
  Tensor<float> moment = Tensor<float>::from({1, 2, 3}, {3});
  Model<float> model;

  void serialize(io::Serializer& s) {
    s.value("flag", flag);
    s.value("count", count);
    s.value("seed", seed);
    s.value("rate", rate);
    s.value("best", best);
    s.value("last", last);
    s.value("text", text);
    s.value("empty", empty);
    s.value("order", order);
    s.scope("moments", [&](io::Serializer& part) { part.value("m", moment); });
    s.child("model:main", model);
    if (s.loading() && count > 100) fail<FormatError>("part: a count of ", count);
  }
};

/// What the error says, or "none".
template <class Use>
std::string error_of(Use use) {
  try {
    use();
  } catch (const FormatError& error) { return error.what(); }
  return "none";
}
bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

io::Archive without(const io::Archive& archive, const std::string& name) {
  io::Archive rest;
  for (const auto& entry : archive)
    if (entry.name != name) rest.add(entry.name, entry.array);
  return rest;
}
io::Archive with(const io::Archive& archive, const std::string& name, io::Array array) {
  io::Archive changed = without(archive, name);
  changed.add(name, std::move(array));
  return changed;
}

bool equal(const io::Archive& a, const io::Archive& b) {
  if (a.names() != b.names()) return false;
  for (const auto& entry : a)
    if (!(entry.array == b.at(entry.name))) return false;
  return true;
}

TEST_CASE("a model is saved under Chainer's keys, as blocks") {
  const Model<float> model;
  const auto archive = io::to_archive(model);
  CHECK(archive.size() == 2 * 16 + 3);
  CHECK(archive.at("encoder/encoder/0/w0").shape == std::vector<Index>{2, 3});
  CHECK(archive.at("encoder/encoder/1/b7").shape == std::vector<Index>{2});
  CHECK(archive.at("output/W").shape == std::vector<Index>{4, 2});
  CHECK(archive.at("output/W").dtype == io::ArrayDtype::float32);
  CHECK(archive.at("encoder/encoder/1/w4").to<float>()[3] ==
        model.encoder.layers[1].weight_hidden.value().values()[3]);
}

TEST_CASE("a model comes back from a file with the same bits, under exactly the given name") {
  const auto path = scratch("serialize") / "best_model";
  const Model<float> model;
  io::save_npz(path, model);
  CHECK(std::filesystem::exists(path));
  Model<float> other;
  CHECK(!equal(io::to_archive(model), io::to_archive(other)));
  io::load_npz(path, other);
  CHECK(equal(io::to_archive(model), io::to_archive(other)));
}

TEST_CASE("floating types of a file are converted to those of the model") {
  Model<double> wide;
  const Model<float> narrow;
  io::from_archive(io::to_archive(narrow), wide);
  CHECK(wide.output.weight.value().values()[5] ==
        static_cast<double>(narrow.output.weight.value().values()[5]));
  Model<float> back;
  io::from_archive(io::to_archive(wide), back);
  CHECK(equal(io::to_archive(narrow), io::to_archive(back)));
}

TEST_CASE("all keys that do not fit are named, and nothing is loaded") {
  Model<float> model;
  const auto before = io::to_archive(model);
  auto bad = io::to_archive(Model<float>());
  bad = without(bad, "output/b");
  bad = with(bad, "output/W", io::Array::from(std::vector<float>(8), {2, 4}));
  bad = with(bad, "encoder/encoder/0/w0", io::Array::from(std::vector<std::int64_t>(6), {2, 3}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  bad = with(bad, "encoder/encoder/0/b0", io::Array::from(std::vector<float>{1, nan}, {2}));
  bad = with(bad, "encoder/encoder/0/b1", io::Array::from(std::vector<double>{1, 1e300}, {2}));
  bad = with(bad, "encoder/encoder/2/b1", io::Array::from(std::vector<float>{1, 1}, {2}));
  const std::string error = error_of([&] { io::from_archive(bad, model); });
  CHECK(contains(error, "output/b is missing"));
  CHECK(contains(error, "output/W has shape (2, 4), expected (4, 2)"));
  CHECK(contains(error, "encoder/encoder/0/w0 is int64, expected a real floating type"));
  CHECK(contains(error, "encoder/encoder/0/b0 holds values that are not finite: element 1 is nan"));
  CHECK(contains(error,
                 "encoder/encoder/0/b1 holds 1e+300 (element 1), which float32 cannot hold: its largest "
                 "number is 3.40282e+38"));
  CHECK(contains(error, "encoder/encoder/2/b1 is not expected"));
  CHECK(!contains(error, "\n"));
  CHECK(equal(before, io::to_archive(model)));
}

TEST_CASE("keys that nothing asks for may be ignored") {
  Model<float> model;
  const auto extra = with(io::to_archive(model), "more", io::Array::scalar(1.0));
  CHECK(error_of([&] { io::from_archive(extra, model); }) == "more is not expected");
  CHECK(error_of([&] { io::from_archive(extra, model, io::ExtraKeys::ignore); }) == "none");
}

TEST_CASE("a refused file is named, also one that is far larger than the model") {
  const auto folder = scratch("serialize_refused");
  Model<float> model;
  io::write_npz(folder / "short.npz", without(io::to_archive(model), "mean"));
  CHECK(contains(error_of([&] { io::load_npz(folder / "short.npz", model); }), "short.npz: mean is missing"));
  io::write_npz(folder / "bomb.npz", with(io::to_archive(model), "mean",
                                          io::Array::empty(io::ArrayDtype::float32, 4, {20'000'000})));
  CHECK(contains(error_of([&] { io::load_npz(folder / "bomb.npz", model); }), "bomb.npz"));
  CHECK_THROWS_AS(io::load_npz(folder / "none.npz", model), FileError);
  CHECK_THROWS_AS(io::save_npz(folder / "no" / "folder.npz", model), FileError);
}

TEST_CASE("arrays that nobody asks for are not unpacked, whatever they are") {
  const auto folder = scratch("serialize_partial");
  const Model<float> model;
  auto more =
      with(io::to_archive(model), "large", io::Array::empty(io::ArrayDtype::float32, 4, {20'000'000}));
  more.add("a set", io::Array::object(1));
  auto bytes = io::format_npz(more);
  // The pickle of the object becomes one that is refused, and its checksum wrong.
  const std::size_t at = io::as_text(bytes).find("a set.npy");
  REQUIRE(at != std::string_view::npos);
  bytes[at + 20] ^= std::byte{0xFF};
  io::write_file(folder / "more.npz", bytes);
  Model<float> other;
  CHECK(error_of([&] { io::load_npz(folder / "more.npz", other, io::ExtraKeys::ignore); }) == "none");
  CHECK(equal(io::to_archive(model), io::to_archive(other)));
  CHECK(contains(error_of([&] { io::load_npz(folder / "more.npz", other); }),
                 "more.npz: large is not expected; a set is not expected"));
}

TEST_CASE("a snapshot in place of a model is named, and its model taken out by path") {
  const auto folder = scratch("serialize_path");
  const Model<float> model;
  io::Archive snapshot;
  for (const auto& entry : io::to_archive(model))
    snapshot.add("updater/model:main/" + entry.name, entry.array);
  for (int at = 0; at < 200; ++at)
    snapshot.add(message("updater/optimizer:main/of/a/parameter/", at, "/m"), io::Array::scalar(1.0));
  io::write_npz(folder / "s.npz", snapshot);
  Model<float> other;
  CHECK(error_of([&] { io::load_npz(folder / "s.npz", other); }) ==
        (folder / "s.npz").string() +
            ": this is a snapshot of a training run; the model is in updater/model:main/; to load it, "
            "set the option path = \"updater/model:main/\"");
  for (const char* path : {"updater/model:main/", "updater/model:main"}) {
    Model<float> taken;
    CHECK(error_of([&] { io::load_npz(folder / "s.npz", taken, {.path = path}); }) == "none");
    CHECK(equal(io::to_archive(model), io::to_archive(taken)));
  }
  CHECK(contains(error_of([&] { io::load_npz(folder / "s.npz", other, {.path = "model"}); }),
                 "no array's name begins with the path 'model/'; the first of "));
  io::write_npz(folder / "none.npz", io::Archive());
  CHECK(error_of([&] { io::load_npz(folder / "none.npz", other); }) ==
        (folder / "none.npz").string() + ": it contains no array");
}

TEST_CASE("an error message names twenty keys and counts the others") {
  io::Archive many = io::to_archive(Model<float>());
  for (int at = 0; at < 100; ++at) many.add(message("extra", at), io::Array::scalar(1.0));
  Model<float> model;
  const std::string error = error_of([&] { io::from_archive(many, model); });
  CHECK(contains(error, "extra19 is not expected; and 80 more"));
  CHECK(!contains(error, "extra20"));
}

TEST_CASE("every kind of value comes back, with Chainer's dtypes") {
  const auto path = scratch("serialize_parts") / "snapshot";
  const Part part;
  const auto archive = io::to_archive(part);
  CHECK(archive.at("flag").dtype == io::ArrayDtype::boolean);
  CHECK(archive.at("count").dtype == io::ArrayDtype::int64);
  CHECK(archive.at("count").shape.empty());
  CHECK(archive.at("text").descr() == "<U5");
  CHECK(archive.at("best").objects.at(0).is_none());
  CHECK(archive.at("last").dtype == io::ArrayDtype::float64);
  CHECK(archive.at("order").dtype == io::ArrayDtype::int64);
  CHECK(archive.find("moments/m") != nullptr);
  CHECK(archive.find("model:main/output/W") != nullptr);

  io::save_snapshot(path, part);
  Part other;
  other.flag = false;
  other.count = 0;
  other.seed = 0;
  other.rate = 0;
  other.best = 7;
  other.last.reset();
  other.text = "x";
  other.empty = "y";
  other.order = {9, 9};
  other.moment.clear();
  io::load_snapshot(path, other);
  CHECK(equal(archive, io::to_archive(other)));
}

TEST_CASE("a snapshot that does not fit, or contradicts itself, leaves everything as it was") {
  Part part;
  const auto good = io::to_archive(part);
  part.count = 5;
  const auto before = io::to_archive(part);
  const auto refused = [&](const std::string& key, io::Array array) {
    const std::string error =
        error_of([&] { io::from_archive(with(good, key, std::move(array)), part, io::ExtraKeys::ignore); });
    CHECK(equal(before, io::to_archive(part)));
    return error;
  };
  CHECK(refused("count", io::Array::scalar(2.0)) == "count is float64, expected an integer");
  CHECK(refused("count", io::Array::from(std::vector<std::int64_t>{1}, {1})) ==
        "count has shape (1,), expected one value");
  CHECK(contains(refused("count", io::Array::scalar(std::uint64_t{1} << 63)), "count: "));
  CHECK(refused("flag", io::Array::scalar(std::int64_t{1})) == "flag is int64, expected bool");
  CHECK(refused("text", io::Array::scalar(1.0)) == "text is float64, expected text");
  CHECK(refused("order", io::Array::scalar(std::int64_t{1})) == "order has shape (), expected one axis");
  CHECK(contains(refused("best", io::Array::object(io::Value("x"))), "best is object"));
  CHECK(refused("count", io::Array::scalar(std::int64_t{101})) == "part: a count of 101");
}

TEST_CASE("text of Python 2 is an array of bytes") {
  Part part;
  const auto bytes = [](std::string_view text) {
    io::Array array = io::Array::empty(io::ArrayDtype::bytes, static_cast<Index>(text.size()), {});
    const auto from = std::as_bytes(std::span(text));
    array.data.assign(from.begin(), from.end());
    return array;
  };
  const auto good = io::to_archive(part);
  io::from_archive(with(good, "text", bytes(std::string_view("caf\xC3\xA9\0\0", 7))), part);
  CHECK(part.text == "caf\xC3\xA9");
  CHECK(error_of([&] { io::from_archive(with(good, "text", bytes("caf\xE9")), part); }) ==
        "text is bytes that are not UTF-8, expected text");
}

TEST_CASE("a model that has diverged is restored too where loading fails") {
  Model<float> model;
  model.mean.mutable_values()[0] = std::numeric_limits<float>::infinity();
  CHECK(error_of([&] { io::from_archive(io::Archive(), model); }) != "none");
  CHECK(std::isinf(model.mean.values()[0]));
}

}  // namespace
}  // namespace lstmlib::test
