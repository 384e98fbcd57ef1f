// SPDX-License-Identifier: MIT
#pragma once
// What is done beside the updates: evaluation, reports, snapshots.

#include "lstmlib/train/trigger.hpp"

#include <filesystem>

namespace lstmlib::inline LSTMLIB_ABI::train {

class Trainer;

/// Extensions of one iteration run from high to low priority, equal ones in the order in which they were
/// added. Those below 0 run when all triggers of the iteration have been asked, so that a snapshot holds the
/// triggers as they then are.
namespace priority {
inline constexpr int writer = 300;       ///< adds to the observation, as an evaluator
inline constexpr int editor = 200;       ///< changes it
inline constexpr int reader = 100;       ///< reports it
inline constexpr int checkpoint = -100;  ///< keeps a part of the run in a file
inline constexpr int snapshot = -200;    ///< keeps the whole run; after all that it says is done
}  // namespace priority

/// Any callable `void(Trainer&)`. Where it has them, these are used:
///   `std::string name`                             its name in snapshots, made unique by the trainer
///   `int priority`                                 its place among the extensions
///   `Trigger default_trigger() const`              when it runs, unless Trainer::extend says otherwise;
///                                                  without it, after each iteration
///   `initialize(Trainer&)`                         called before the first update of a run, resumed or not
///   `std::filesystem::path interrupted(Trainer&)`  called where a signal ends the run; returns a file to
///                                                  resume from, or an empty path
///   `finalize()`                                   called at the end of a run, also by an error; must not throw
///   `serialize(io::Serializer&)`                   saves and loads its state
class Extension {
 public:
  template <class E>
  requires(!std::same_as<E, Extension>) && std::invocable<E&, Trainer&> Extension(E extension)
      : part_(std::make_unique<Holder<E>>(std::move(extension))) {}

  const std::string& name() const { return part_->name; }
  void rename(std::string name) { part_->rename(std::move(name)); }
  int priority() const { return part_->priority; }
  Trigger default_trigger() const { return part_->default_trigger(); }

  void operator()(Trainer& trainer) { part_->run(trainer); }
  void initialize(Trainer& trainer) { part_->initialize(trainer); }
  std::filesystem::path interrupted(Trainer& trainer) { return part_->interrupted(trainer); }
  void finalize() { part_->finalize(); }
  void serialize(io::Serializer& serializer) { part_->serialize(serializer); }

  /// The callable itself if it is an E, else null.
  template <class E>
  E* target() {
    return static_cast<E*>(part_->target(&type_of<E>));
  }

 private:
  /// Its address stands for the type, also in programs compiled without run-time type information.
  template <class E>
  static constexpr char type_of = 0;

  struct Part {
    virtual ~Part() = default;
    virtual void* target(const char* type) = 0;
    virtual void rename(std::string) = 0;
    virtual Trigger default_trigger() const = 0;
    virtual void run(Trainer&) = 0;
    virtual void initialize(Trainer&) = 0;
    virtual std::filesystem::path interrupted(Trainer&) = 0;
    virtual void finalize() = 0;
    virtual void serialize(io::Serializer&) = 0;
    std::string name = "extension";
    int priority = priority::reader;
  };
  template <class E>
  struct Holder final : Part {
    explicit Holder(E e) : extension(std::move(e)) {
      if constexpr (requires { extension.name; }) this->name = extension.name;
      if constexpr (requires { extension.priority; }) this->priority = extension.priority;
    }
    void* target(const char* type) override { return type == &type_of<E> ? &extension : nullptr; }
    void rename(std::string changed) override {
      this->name = changed;
      if constexpr (requires { extension.name; }) extension.name = std::move(changed);
    }
    Trigger default_trigger() const override {
      if constexpr (requires { extension.default_trigger(); }) return extension.default_trigger();
      else return iterations(1);
    }
    void run(Trainer& trainer) override { extension(trainer); }
    void initialize([[maybe_unused]] Trainer& trainer) override {
      if constexpr (requires { extension.initialize(trainer); }) extension.initialize(trainer);
    }
    std::filesystem::path interrupted([[maybe_unused]] Trainer& trainer) override {
      if constexpr (requires { extension.interrupted(trainer); }) return extension.interrupted(trainer);
      else return {};
    }
    void finalize() override {
      if constexpr (requires { extension.finalize(); }) extension.finalize();
    }
    void serialize([[maybe_unused]] io::Serializer& serializer) override {
      if constexpr (requires { extension.serialize(serializer); }) extension.serialize(serializer);
    }
    E extension;
  };
  std::unique_ptr<Part> part_;
};

}  // namespace lstmlib::train
