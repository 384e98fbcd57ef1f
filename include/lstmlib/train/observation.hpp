// SPDX-License-Identifier: MIT
#pragma once
// Values that a training run reports, and their means.

#include "lstmlib/serialization/serializer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Values by key, such as "main/loss", in the order in which they were first set.
///
///     observation.set("accuracy", correct / n, n);  // weighted by the number of sentences
///     observation["norm"] = 0.5;
class Observation {
 public:
  struct Entry {
    std::string key;
    double value = 0;
    /// Weight of the value in a mean: n for a value that is itself the mean of n sentences.
    Index weight = 1;
    bool weighted = false;  ///< whether a weight was given; else the value counts once for its batch
  };

  /// The value of `key`. New keys get 0 with weight 1.
  double& operator[](std::string_view key) { return entry(key).value; }
  void set(std::string_view key, double value, Index weight) { set({std::string(key), value, weight, true}); }
  void set(const Entry& given) { entry(given.key) = given; }
  /// For a value that a device is still computing. resolve() calls `read(*this)`, which sets the value and
  /// may wait for the device.
  void defer(std::function<void(Observation&)> read) { open_.push_back(std::move(read)); }
  /// Reads all deferred values in order. Updaters and evaluators call it once per step, after its last work.
  void resolve() {
    for (const auto& read : std::exchange(open_, {})) read(*this);
  }
  std::optional<double> find(std::string_view key) const {
    for (const auto& entry : entries_)
      if (entry.key == key) return entry.value;
    return std::nullopt;
  }
  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  Entry& entry(std::string_view key) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
    return found != entries_.end() ? *found : entries_.emplace_back(Entry{std::string(key)});
  }
  std::vector<Entry> entries_;
  std::vector<std::function<void(Observation&)>> open_;
};

/// Adds the entries of `from` with `prefix` in front of their keys.
inline void add_prefixed(Observation& to, std::string_view prefix, const Observation& from) {
  for (Observation::Entry entry : from) {
    entry.key.insert(0, prefix);
    to.set(entry);
  }
}

/// Means of observed values. Saved like Chainer's DictSummary.
class Summary {
 public:
  void add(std::string_view key, double value, Index weight = 1) {
    auto found = std::find_if(sums_.begin(), sums_.end(), [&](const Sums& s) { return s.key == key; });
    if (found == sums_.end()) found = sums_.insert(sums_.end(), Sums{std::string(key)});
    found->x += static_cast<double>(weight) * value;
    found->x2 += static_cast<double>(weight) * value * value;
    found->n += weight;
  }
  void add(const Observation& seen) {
    for (const auto& entry : seen) add(entry.key, entry.value, entry.weight);
  }
  /// Adds everything that `other` was given.
  void add(const Summary& other) {
    for (const Sums& theirs : other.sums_) {
      add(theirs.key, 0, 0);
      Sums& mine =
          *std::find_if(sums_.begin(), sums_.end(), [&](const Sums& s) { return s.key == theirs.key; });
      mine.x += theirs.x;
      mine.x2 += theirs.x2;
      mine.n += theirs.n;
    }
  }
  void clear() { sums_.clear(); }
  /// Mean of each key, in the order in which the keys were first added.
  Observation means() const {
    Observation result;
    for (const auto& sums : sums_) result[sums.key] = sums.x / static_cast<double>(sums.n);
    return result;
  }

  /// Starts empty if the file has no summary, as snapshots of older versions of Chainer.
  void serialize(io::Serializer& serializer) {
    if (serializer.loading() && !serializer.has("_names")) return clear();
    std::vector<std::string> names;
    for (const auto& sums : sums_) names.push_back(sums.key);
    std::string text = nlohmann::json(names).dump();
    serializer.value("_names", text);
    if (serializer.loading()) {
      sums_.clear();
      for (auto& name : names_of(text)) sums_.push_back(Sums{std::move(name)});
    }
    for (std::size_t i = 0; i < sums_.size(); ++i)
      serializer.scope(message("_summaries/", i), [&](io::Serializer& part) {
        part.value("_x", sums_[i].x);
        part.value("_x2", sums_[i].x2);
        part.value("_n", sums_[i].n);
      });
  }

 private:
  struct Sums {
    std::string key;
    double x = 0, x2 = 0;  // sums of the values and their squares
    Index n = 0;           // sum of the weights
  };
  static std::vector<std::string> names_of(const std::string& text) {
    const auto names = nlohmann::json::parse(text, nullptr, false);
    const auto is_text = [](const auto& name) { return name.is_string(); };
    if (!names.is_array() || !std::all_of(names.begin(), names.end(), is_text))
      fail<FormatError>("summary: a JSON list of names is expected");
    return names.get<std::vector<std::string>>();
  }

  std::vector<Sums> sums_;
};

}  // namespace lstmlib::train
