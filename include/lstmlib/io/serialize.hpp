// SPDX-License-Identifier: MIT
#pragma once
// Models and whole training runs to and from NPZ files, under the keys and with the dtypes that Chainer gives
// them.

#include "lstmlib/io/npz.hpp"
#include "lstmlib/nn/serializer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// What loading does about arrays in the file that nothing asks for.
enum class ExtraKeys : std::uint8_t { refuse, ignore };

namespace detail {

/// A Serializer whose Derived has `exchange(path, value)` for every kind of value; tensors of modules are
/// values too.
template <class Derived>
class ArchiveSerializer : public nn::Serializer {
 public:
  /// The part whose keys have no prefix.
  template <class Part>
  void root(Part& part) {
    if constexpr (requires { part.serialize(*this); }) part.serialize(*this);
    else on_module(part);
  }

 protected:
  void on_value(const std::string& path, bool& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, std::int64_t& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, std::uint64_t& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, double& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, std::optional<double>& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, std::string& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, std::vector<std::int64_t>& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, Tensor<float>& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, Tensor<double>& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, Tensor<std::int32_t>& v) final { self().exchange(path, v); }
  void on_value(const std::string& path, Tensor<std::int64_t>& v) final { self().exchange(path, v); }
  void on_module(nn::Module& module) final {
    Shared shared(path().of(""));
    module.fields(shared);
    Blocks blocks(self(), path().of(""), shared);
    module.fields(blocks);
  }

 protected:
  using Paths = std::vector<std::string>;  // of the blocks of rows of a parameter

 private:
  /// The paths of parameters, of which several fields may share one (tied weights).
  class Shared final : public nn::FieldVisitor<Shared> {
   public:
    explicit Shared(std::string prefix) : prefix_(std::move(prefix)) {}
    template <Real T>
    void parameter(nn::Fields::Names names, nn::Parameter<T>& p) {
      Paths paths;
      for (const auto name : names) paths.push_back(prefix_ + path_.of(name));
      all_[p.state().get()].push_back(std::move(paths));
    }
    void enter(std::string_view name) override { path_.enter(name); }
    void leave() override { path_.leave(); }

    /// Those of one parameter, by the fields that have it.
    const std::vector<Paths>& of(const void* state) const { return all_.at(state); }

   private:
    std::string prefix_;
    nn::FieldPath path_;
    std::unordered_map<const void*, std::vector<Paths>> all_;
  };

  /// Turns whole parameters into their named blocks of rows. One that fields share is exchanged once, where
  /// the first of them stands, under all its names.
  class Blocks final : public nn::FieldVisitor<Blocks> {
   public:
    Blocks(Derived& to, std::string prefix, const Shared& shared)
        : to_(to), prefix_(std::move(prefix)), shared_(shared) {}
    template <Real T>
    void parameter(nn::Fields::Names, nn::Parameter<T>& p) {
      const auto& fields = shared_.of(p.state().get());
      if (!seen_.insert(p.state().get()).second) return;
      const auto& first = to_.first_present(fields);
      each_block(p, first, [&](const std::string& path, Tensor<T>& rows) { to_.exchange(path, rows); });
      for (const auto& paths : fields)
        if (&paths != &first)
          each_block(p, paths,
                     [&](const std::string& path, Tensor<T>& rows) { to_.exchange_again(path, rows); });
    }
    template <Element T>
    void tensor(std::string_view name, Tensor<T>& t) {
      to_.exchange(prefix_ + path_.of(name), t);
    }
    void enter(std::string_view name) override { path_.enter(name); }
    void leave() override { path_.leave(); }

   private:
    /// Calls `use(path, rows)` for the blocks, which share the parameter's memory.
    template <Real T, class Use>
    static void each_block(nn::Parameter<T>& p, const Paths& paths, Use use) {
      const Index rows = p.shape().rows() / static_cast<Index>(paths.size());
      for (std::size_t block = 0; block < paths.size(); ++block) {
        // One name: the whole, which may be a scalar without rows.
        auto part = paths.size() == 1 ? p.value() : p.value().rows(static_cast<Index>(block) * rows, rows);
        use(paths[block], part);
      }
    }

    Derived& to_;
    std::string prefix_;
    const Shared& shared_;
    std::unordered_set<const void*> seen_;
    nn::FieldPath path_;
  };
  Derived& self() { return static_cast<Derived&>(*this); }
};

class ArchiveWriter final : public ArchiveSerializer<ArchiveWriter> {
 public:
  bool loading() const override { return false; }
  Archive take() { return std::move(archive_); }

  void exchange(const std::string& path, const std::string& text) {
    add(path, Array::from_strings({text}, {}));
  }
  void exchange(const std::string& path, const std::vector<std::int64_t>& numbers) {
    add(path, Array::from(numbers, {static_cast<Index>(numbers.size())}));
  }
  void exchange(const std::string& path, const std::optional<double>& number) {
    add(path, number ? Array::scalar(*number) : Array::object(None{}));
  }
  template <ArrayElement T>
  void exchange(const std::string& path, const T& number) {
    add(path, Array::scalar(number));
  }
  template <Element T>
  void exchange(const std::string& path, const Tensor<T>& tensor) {
    const Tensor<T> host = tensor.to(Device::cpu());
    const auto sizes = host.shape().sizes();
    add(path, Array::from(host.values(), std::vector<Index>(sizes.begin(), sizes.end())));
  }
  /// Of a parameter that several fields share, the first field's paths; and the others.
  const Paths& first_present(const std::vector<Paths>& fields) const { return fields.front(); }
  template <Element T>
  void exchange_again(const std::string& path, const Tensor<T>& tensor) {
    exchange(path, tensor);
  }

 private:
  bool has_path(const std::string&) const override { return false; }
  void add(const std::string& path, Array array) {
    if (archive_.find(path)) fail<FormatError>("save: two values are named ", path);
    archive_.add(path, std::move(array));
  }
  Archive archive_;
};

constexpr bool is_integer(ArrayDtype dtype) {
  return dtype >= ArrayDtype::int8 && dtype <= ArrayDtype::uint64;
}
constexpr bool is_float(ArrayDtype dtype) {
  return dtype >= ArrayDtype::float16 && dtype <= ArrayDtype::float64;
}

class ArchiveReader final : public ArchiveSerializer<ArchiveReader> {
 public:
  /// `finite`: whether tensors may not hold NaN and infinities.
  ArchiveReader(const Archive& archive, bool finite) : archive_(archive), finite_(finite) {}
  bool loading() const override { return true; }
  /// Throws FormatError with all that was missing or did not fit.
  void finish(ExtraKeys extra) {
    if (extra == ExtraKeys::refuse)
      for (const auto& name : archive_.names())
        if (std::find(used_.begin(), used_.end(), name) == used_.end())
          complain(printable(name), " is not expected");
    if (!complaints_.empty()) fail<FormatError>(complaints_);
  }

  void exchange(const std::string& path, bool& value) {
    if (const Array* array = scalar(path, "bool", [](ArrayDtype d) { return d == ArrayDtype::boolean; }))
      value = array->as_numbers<std::uint8_t>()[0] != 0;
  }
  template <std::integral T>
  void exchange(const std::string& path, T& value) {
    if (const Array* array = scalar(path, "an integer", is_integer))
      convert(
          path, *array, [&](auto v) { value = v[0]; }, value);
  }
  void exchange(const std::string& path, double& value) {
    if (const Array* array = scalar(path, "a number", is_number))
      convert(
          path, *array, [&](auto v) { value = v[0]; }, value);
  }
  void exchange(const std::string& path, std::optional<double>& value) {
    const Array* array = archive_.find(path);
    const bool none = array && array->dtype == ArrayDtype::object && array->objects.size() == 1 &&
                      array->objects[0].is_none();
    if (none) {
      used_.push_back(path);
      value.reset();
    } else {
      double number = value.value_or(0);
      exchange(path, number);
      value = number;
    }
  }
  void exchange(const std::string& path, std::string& value) {
    const Array* array = scalar(path, "text", [](ArrayDtype d) { return d == ArrayDtype::unicode; });
    if (array) attempt(path, [&] { value = array->strings()[0]; });
  }
  void exchange(const std::string& path, std::vector<std::int64_t>& value) {
    const Array* array = find(path, "integers", is_integer);
    if (!array) return;
    if (array->shape.size() != 1)
      return complain(path, " has shape ", shape_text(array->shape), ", one axis expected");
    convert(
        path, *array, [&](auto v) { value = std::move(v); }, std::int64_t{});
  }
  template <Element T>
  void exchange(const std::string& path, Tensor<T>& tensor) {
    const Array* array = std::same_as<T, float> || std::same_as<T, double>
                             ? find(path, "a real floating type", is_float)
                             : find(path, "integers", is_integer);
    if (!array) return;
    if (!std::ranges::equal(array->shape, tensor.shape().sizes()))
      return complain(path, " has shape ", shape_text(array->shape), ", ", shape_text(tensor.shape().sizes()),
                      " expected");
    convert(
        path, *array,
        [&](auto values) {
          if constexpr (Real<T>) {
            const bool all_finite =
                std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); });
            if (finite_ && !all_finite) return complain(path, " holds values that are not finite");
          }
          tensor.assign(Tensor<T>::from(values, tensor.shape()));  // into the memory that is there
        },
        T{});
  }
  /// Of a parameter that several fields share, the paths that the file has, or those of the first field.
  const Paths& first_present(const std::vector<Paths>& fields) const {
    const auto present = [this](const Paths& paths) { return archive_.find(paths.front()) != nullptr; };
    const auto found = std::find_if(fields.begin(), fields.end(), present);
    return found == fields.end() ? fields.front() : *found;
  }
  /// The file may have the same values under the others' paths, too.
  template <Element T>
  void exchange_again(const std::string& path, const Tensor<T>& tensor) {
    if (!archive_.find(path)) return;
    const Tensor<T> here = tensor.to(Device::cpu());
    Tensor<T> other = here.clone();
    exchange(path, other);
    const auto values = here.values();
    if (std::memcmp(values.data(), std::as_const(other).values().data(), values.size_bytes()) != 0)
      complain(path, " differs from the other name of the same parameter");
  }

 private:
  static constexpr bool is_number(ArrayDtype dtype) { return is_integer(dtype) || is_float(dtype); }

  bool has_path(const std::string& path) const override { return archive_.find(path) != nullptr; }
  /// The array if there is one of a fitting type.
  template <class Fits>
  const Array* find(const std::string& path, const char* wanted, Fits fits) {
    const Array* array = archive_.find(path);
    used_.push_back(path);
    if (!array) complain(path, " is missing");
    else if (!fits(array->dtype)) complain(path, " is ", name_of(array->dtype), ", ", wanted, " expected");
    else return array;
    return nullptr;
  }
  template <class Fits>
  const Array* scalar(const std::string& path, const char* wanted, Fits fits) {
    const Array* array = find(path, wanted, fits);
    if (!array || array->shape.empty()) return array;
    complain(path, " has shape ", shape_text(array->shape), ", one value expected");
    return nullptr;
  }
  /// `use(values)` with the values as those of `example`'s type.
  template <class Use, class T>
  void convert(const std::string& path, const Array& array, Use use, const T& example) {
    attempt(path, [&] { use(array.as_numbers<std::remove_cvref_t<decltype(example)>>()); });
  }
  template <class Use>
  void attempt(const std::string& path, Use use) {
    try {
      use();
    } catch (const Error& error) { complain(path, ": ", error.what()); }
  }
  template <class... Parts>
  void complain(const Parts&... parts) {
    if (!complaints_.empty()) complaints_ += "; ";
    complaints_ += message(parts...);
  }

  const Archive& archive_;
  bool finite_;
  std::vector<std::string> used_;
  std::string complaints_;
};

template <class Part>
void read_archive(const Archive& archive, Part& part, ExtraKeys extra, bool finite) {
  ArchiveReader reader(archive, finite);
  reader.root(part);
  reader.finish(extra);
}
/// `before`: what the part held.
template <class Part>
void read_or_restore(const Archive& archive, Part& part, ExtraKeys extra, const Archive& before) {
  try {
    read_archive(archive, part, extra, true);
  } catch (...) {
    read_archive(before, part, ExtraKeys::ignore, false);
    throw;
  }
}

}  // namespace detail

/// All arrays of a module, or of what has `serialize`. Does not change it.
template <class Part>
Archive to_archive(const Part& part) {
  detail::ArchiveWriter writer;
  writer.root(const_cast<Part&>(part));  // one function serves both directions; this one only reads
  return writer.take();
}

/// Overwrites a module, or what has `serialize`. Throws FormatError, naming every key that is missing or
/// whose type, shape or values do not fit, and for values that contradict each other; `part` is then as
/// before.
template <class Part>
void from_archive(const Archive& archive, Part& part, ExtraKeys extra = ExtraKeys::refuse) {
  detail::read_or_restore(archive, part, extra, to_archive(part));
}

namespace detail {
/// A file may hold wider types and keys that are not asked for, but not so much that the memory is gone.
inline std::uint64_t most_bytes(const Archive& expected) {
  std::uint64_t bytes = 0;
  for (const auto& entry : expected) bytes += entry.array.data.size();
  return 4 * bytes + (std::uint64_t{64} << 20);
}

template <class Part>
void load(const std::filesystem::path& path, Part& part, ExtraKeys extra) {
  const Archive before = to_archive(part), archive = read_npz(path, {.max_bytes = most_bytes(before)});
  try {
    read_or_restore(archive, part, extra, before);
  } catch (const Error& error) { fail<FormatError>(path.string(), ": ", error.what()); }
}
}  // namespace detail

/// Writes the parameters and states of a model, deflated, atomically: Chainer's load_npz reads them. The name
/// is used as it is. Throws FileError.
inline void save_npz(const std::filesystem::path& path, const nn::Module& model) {
  write_npz(path, to_archive(model));
}
/// Reads what save_npz or Chainer's wrote, float16 to float64 into the model's types. Throws FileError, and
/// FormatError as from_archive does.
inline void load_npz(const std::filesystem::path& path, nn::Module& model,
                     ExtraKeys extra = ExtraKeys::refuse) {
  detail::load(path, model, extra);
}

/// As save_npz, for a trainer or another part that has `serialize`.
template <class Part>
void save_snapshot(const std::filesystem::path& path, const Part& part) {
  write_npz(path, to_archive(part));
}
/// Reads what save_snapshot or Chainer's save_npz wrote of such a part; keys that `part` does not ask for are
/// ignored. Throws as load_npz.
template <class Part>
void load_snapshot(const std::filesystem::path& path, Part& part) {
  detail::load(path, part, ExtraKeys::ignore);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
