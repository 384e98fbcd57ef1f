// SPDX-License-Identifier: MIT
#pragma once
// Extensions: what a run does besides updates, such as evaluation, reports and snapshots.

#include "lstmlib/train/trigger.hpp"

#include <filesystem>

namespace lstmlib::inline LSTMLIB_ABI::train {

class Trainer;

/// Extensions of one iteration run in order of descending priority; those of equal priority in the order in
/// which they were added. Those below 0 run after all triggers of the iteration were evaluated, so that a
/// snapshot saves the new state of the triggers.
namespace priority {
inline constexpr int writer = 300;       ///< adds to the observation, such as an evaluator
inline constexpr int editor = 200;       ///< changes the observation
inline constexpr int reader = 100;       ///< reports the observation
inline constexpr int checkpoint = -100;  ///< saves part of the run to a file
inline constexpr int snapshot = -200;    ///< saves the whole run; must come last
}  // namespace priority

/// Any callable `void(Trainer&)`. The following members are optional:
///   `std::string name`                             its name in snapshots; the trainer makes it unique
///   `int priority`                                 its place among the extensions
///   `Trigger default_trigger() const`              when it runs, if Trainer::extend gets no trigger;
///                                                  default: after each iteration
///   `initialize(Trainer&)`                         called before the first update of a run, resumed or not
///   `std::filesystem::path interrupted(Trainer&)`  called if a signal ends the run; returns a file to
///                                                  resume from, or an empty path
///   `finalize()`                                   called when a run ends, even by an exception; must not
///                                                  throw
///   `serialize(io::Serializer&)`                   saves and loads its state
///
///     trainer.extend([](train::Trainer& t) { std::cout << t.iteration() << '\n'; }, train::epochs(1));
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

  /// The callable if its type is E, else null.
  template <class E>
  E* target() {
    return static_cast<E*>(part_->target(&type_of<E>));
  }

 private:
  /// Its address identifies the type, so no run-time type information is needed.
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
