// SPDX-License-Identifier: MIT
#pragma once
// Saves and loads models and training runs. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/serialization/archive.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {

using Paths = std::vector<std::string>;  // of a parameter's blocks of rows

/// A Serializer whose Derived has `exchange(path, value)` for every type of value, including a module's
/// tensors.
template <class Derived>
class ArchiveSerializer : public RootSerializer {
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
    module.visit_members(shared);
    Blocks blocks(self(), path().of(""), shared);
    module.visit_members(blocks);
  }

 protected:
 private:
  /// The paths of each parameter. Several members may share one (tied weights).
  class Shared final : public nn::TypedMemberVisitor<Shared> {
   public:
    explicit Shared(std::string prefix) : prefix_(std::move(prefix)) {}
    template <Real T>
    void parameter(nn::MemberVisitor::Names names, nn::Parameter<T>& p) {
      Paths paths;
      for (const auto name : names) paths.push_back(prefix_ + path_.of(name));
      all_[p.state().get()].push_back(std::move(paths));
    }
    void enter(std::string_view name) override { path_.enter(name); }
    void leave() override { path_.leave(); }

    /// Paths of one parameter, for each member that has it.
    const std::vector<Paths>& of(const void* state) const { return all_.at(state); }

   private:
    std::string prefix_;
    nn::MemberPath path_;
    std::unordered_map<const void*, std::vector<Paths>> all_;
  };

  /// Splits stacked parameters into their named blocks of rows. A shared parameter is exchanged once, at its
  /// first member, under all its names.
  class Blocks final : public nn::TypedMemberVisitor<Blocks> {
   public:
    Blocks(Derived& to, std::string prefix, const Shared& shared)
        : to_(to), prefix_(std::move(prefix)), shared_(shared) {}
    template <Real T>
    void parameter(nn::MemberVisitor::Names, nn::Parameter<T>& p) {
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
    /// Calls `use(path, rows)` for each block. The blocks share the parameter's memory.
    template <Real T, class Use>
    static void each_block(nn::Parameter<T>& p, const Paths& paths, Use use) {
      const Index rows = p.shape().rows() / static_cast<Index>(paths.size());
      for (std::size_t block = 0; block < paths.size(); ++block) {
        // A single name stands for the whole parameter, which may be a scalar without rows.
        auto& whole = p.mutable_value();
        auto part = paths.size() == 1 ? whole : whole.rows(static_cast<Index>(block) * rows, rows);
        use(paths[block], part);
      }
    }

    Derived& to_;
    std::string prefix_;
    const Shared& shared_;
    std::unordered_set<const void*> seen_;
    nn::MemberPath path_;
  };
  Derived& self() { return static_cast<Derived&>(*this); }
};

template <class Unused = void>
class ArchiveWriter final : public ArchiveSerializer<ArchiveWriter<Unused>> {
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
  /// Paths of the first member that has a shared parameter. The other members' paths go to exchange_again.
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

/// The source of arrays for a reader.
class ArrayStore {
 public:
  virtual ~ArrayStore() = default;
  virtual std::vector<std::string> names() const = 0;
  virtual bool has(const std::string& name) const = 0;
  /// Element type and shape of an existing array.
  virtual ArrayInfo info(const std::string& name) const = 0;
  /// An existing array. Throws FormatError if it cannot be read.
  virtual const Array& array(const std::string& name) = 0;
};

/// Arrays of an Archive in memory.
class ArchiveStore final : public ArrayStore {
 public:
  explicit ArchiveStore(const Archive& archive) : archive_(archive) {}
  std::vector<std::string> names() const override { return archive_.names(); }
  bool has(const std::string& name) const override { return archive_.find(name) != nullptr; }
  ArrayInfo info(const std::string& name) const override {
    const Array& array = archive_.at(name);
    return {name, array.dtype, array.item_size, array.shape};
  }
  const Array& array(const std::string& name) override { return archive_.at(name); }

 private:
  const Archive& archive_;
};

/// Arrays of a file whose names begin with `prefix`, which is removed. Only requested arrays are unpacked.
template <class = void>
class NpzStore final : public ArrayStore {
 public:
  NpzStore(const NpzReader& reader, std::string prefix) : reader_(reader), prefix_(std::move(prefix)) {}

  /// Unpacks the arrays that have the expected shape, several at a time.
  void prefetch(const Archive& expected) {
    std::vector<std::size_t> places;
    for (const auto& entry : expected)
      if (const auto place = reader_.find(prefix_ + entry.name))
        if (const ArrayInfo info = reader_.info(*place);
            info.problem.empty() && info.shape == entry.array.shape)
          places.push_back(*place);
    for (auto& entry : read_places(reader_, places)) add(entry.name, entry.array);
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (std::size_t place = 0; place < reader_.size(); ++place)
      if (reader_.name(place).starts_with(prefix_))
        names.push_back(reader_.name(place).substr(prefix_.size()));
    return names;
  }
  bool has(const std::string& name) const override { return reader_.find(prefix_ + name).has_value(); }
  ArrayInfo info(const std::string& name) const override {
    return reader_.info(*reader_.find(prefix_ + name));
  }
  const Array& array(const std::string& name) override {
    const std::string whole = prefix_ + name;
    if (const auto known = arrays_.find(whole); known != arrays_.end()) return known->second;
    return add(whole, reader_.read(*reader_.find(whole)));
  }

 private:
  const Array& add(const std::string& name, Array array) {
    if ((bytes_ += array.data.size()) > reader_.options().max_bytes)
      fail<FormatError>(reader_.file_name(), ": more than ", reader_.options().max_bytes, " bytes of data");
    return arrays_[name] = std::move(array);
  }

  const NpzReader& reader_;
  std::string prefix_;
  std::unordered_map<std::string, Array> arrays_;
  std::uint64_t bytes_ = 0;
};

template <class Unused = void>
class ArchiveReader final : public ArchiveSerializer<ArchiveReader<Unused>> {
 public:
  /// `finite`: reject tensors with NaN or infinity.
  ArchiveReader(ArrayStore& arrays, bool finite) : arrays_(arrays), finite_(finite) {}
  bool loading() const override { return true; }
  /// Throws FormatError that lists everything missing or invalid.
  void finish(ExtraKeys extra) {
    if (extra == ExtraKeys::refuse)
      for (const auto& name : arrays_.names())
        if (!used_.contains(name)) add_problem(printable_name(name), " is not expected");
    if (problem_count_ > max_problems) problems_ += message("; and ", problem_count_ - max_problems, " more");
    if (problem_count_ > 0) fail<FormatError>(problems_);
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
    if (is_none(path)) {
      used_.insert(path);
      value.reset();
    } else {
      double number = value.value_or(0);
      exchange(path, number);
      value = number;
    }
  }
  /// Python 2 saves text as bytes.
  void exchange(const std::string& path, std::string& value) {
    const auto is_text = [](ArrayDtype d) { return d == ArrayDtype::unicode || d == ArrayDtype::bytes; };
    const Array* array = scalar(path, "text", is_text);
    if (!array) return;
    if (array->dtype == ArrayDtype::unicode) return attempt(path, [&] { value = array->strings()[0]; });
    std::string_view text = as_text(array->data);
    text = text.substr(0, text.find_last_not_of('\0') + 1);  // without padding zeros
    if (!is_utf8(text)) return add_problem(path, " is bytes that are not UTF-8, expected text");
    value = std::string(text);
  }
  void exchange(const std::string& path, std::vector<std::int64_t>& value) {
    const auto fits = [](const std::vector<Index>& shape) { return shape.size() == 1; };
    if (const Array* array = find(path, "integers", is_integer, fits, "one axis"))
      convert(
          path, *array, [&](auto v) { value = std::move(v); }, std::int64_t{});
  }
  template <Element T>
  void exchange(const std::string& path, Tensor<T>& tensor) {
    const auto fits = [&](const std::vector<Index>& shape) {
      return std::ranges::equal(shape, tensor.shape().sizes());
    };
    const std::string expected_shape = shape_text(tensor.shape().sizes());
    const Array* array = Real<T> ? find(path, "a real floating type", is_float, fits, expected_shape)
                                 : find(path, "integers", is_integer, fits, expected_shape);
    if (!array) return;
    convert(
        path, *array,
        [&](auto values) {
          if constexpr (Real<T>)
            if (finite_ && !check_finite(path, *array, values)) return;
          tensor.assign(Tensor<T>::from(values, tensor.shape()));  // keeps the tensor's memory
        },
        T{});
  }
  /// Paths of the first member of a shared parameter that is in the file, else of the first member.
  const Paths& first_present(const std::vector<Paths>& fields) const {
    const auto present = [this](const Paths& paths) { return arrays_.has(paths.front()); };
    const auto found = std::find_if(fields.begin(), fields.end(), present);
    return found == fields.end() ? fields.front() : *found;
  }
  /// The file may repeat the values under the other members' paths. They must be equal.
  template <Element T>
  void exchange_again(const std::string& path, const Tensor<T>& tensor) {
    if (!arrays_.has(path)) return;
    const Tensor<T> here = tensor.to(Device::cpu());
    Tensor<T> other = here.clone();
    exchange(path, other);
    const auto values = here.values();
    if (std::memcmp(values.data(), other.values().data(), values.size_bytes()) != 0)
      add_problem(path, " differs from the other name of the same parameter");
  }

 private:
  static constexpr std::size_t max_problems = 20;
  static constexpr bool is_number(ArrayDtype dtype) { return is_integer(dtype) || is_float(dtype); }

  bool has_path(const std::string& path) const override { return arrays_.has(path); }
  bool is_none(const std::string& path) {
    if (!arrays_.has(path)) return false;
    const ArrayInfo info = arrays_.info(path);
    if (info.dtype != ArrayDtype::object || !info.shape.empty() || !info.problem.empty()) return false;
    return arrays_.array(path).objects[0].is_none();
  }
  /// The array, if it exists with a fitting type and shape; only then is it unpacked.
  template <class Fits, class FitsShape>
  const Array* find(const std::string& path, const char* expected, Fits fits, FitsShape fits_shape,
                    const std::string& expected_shape) {
    used_.insert(path);
    if (!arrays_.has(path)) {
      add_problem(path, " is missing");
      return nullptr;
    }
    const ArrayInfo info = arrays_.info(path);
    if (!info.unread_type.empty()) add_problem(path, " is ", info.unread_type, ", expected ", expected);
    else if (!info.problem.empty()) add_problem(path, " is ", info.problem);
    else if (!fits(info.dtype)) add_problem(path, " is ", name_of(info.dtype), ", expected ", expected);
    else if (!fits_shape(info.shape))
      add_problem(path, " has shape ", shape_text(info.shape), ", expected ", expected_shape);
    else return &arrays_.array(path);
    return nullptr;
  }
  template <class Fits>
  const Array* scalar(const std::string& path, const char* expected, Fits fits) {
    return find(
        path, expected, fits, [](const std::vector<Index>& shape) { return shape.empty(); }, "one value");
  }
  /// Reports the first value that is not finite, or too large for T.
  template <Real T>
  bool check_finite(const std::string& path, const Array& array, const std::vector<T>& values) {
    const auto bad = std::find_if(values.begin(), values.end(), [](T v) { return !std::isfinite(v); });
    if (bad == values.end()) return true;
    const auto place = static_cast<std::size_t>(bad - values.begin());
    const double before = array.as_numbers<double>()[place];
    if (std::isfinite(before))
      add_problem(path, " holds ", before, " (element ", place, "), which ", name_of(array_dtype_of<T>),
                  " cannot hold: its largest number is ", (std::numeric_limits<T>::max)());
    else add_problem(path, " holds values that are not finite: element ", place, " is ", before);
    return false;
  }
  /// Calls `use(values)` with the values converted to the type of `example`.
  template <class Use, class T>
  void convert(const std::string& path, const Array& array, Use use, const T& example) {
    attempt(path, [&] { use(array.as_numbers<std::remove_cvref_t<decltype(example)>>()); });
  }
  template <class Use>
  void attempt(const std::string& path, Use use) {
    try {
      use();
    } catch (const Error& error) { add_problem(path, ": ", error.what()); }
  }
  template <class... Parts>
  void add_problem(const Parts&... parts) {
    if (++problem_count_ > max_problems) return;
    if (!problems_.empty()) problems_ += "; ";
    problems_ += message(parts...);
  }

  ArrayStore& arrays_;
  bool finite_;
  std::unordered_set<std::string> used_;
  std::string problems_;
  std::size_t problem_count_ = 0;
};

template <class = void>
void read_arrays(ArrayStore& arrays, Root root, ExtraKeys extra, bool finite) {
  ArchiveReader<> reader(arrays, finite);
  root(reader);
  reader.finish(extra);
}
/// `before`: the content of what is loaded, restored on failure.
template <class = void>
void read_or_restore(ArrayStore& arrays, Root root, ExtraKeys extra, const Archive& before) {
  try {
    read_arrays(arrays, root, extra, true);
  } catch (...) {
    ArchiveStore kept(before);
    read_arrays(kept, root, ExtraKeys::ignore, false);
    throw;
  }
}

LSTMLIB_LAZY_INLINE Archive to_archive(Root root) {
  ArchiveWriter<> writer;
  root(writer);
  return writer.take();
}

LSTMLIB_LAZY_INLINE void from_archive(const Archive& archive, Root root, ExtraKeys extra) {
  ArchiveStore arrays(archive);
  read_or_restore(arrays, root, extra, to_archive(root));
}

/// Limit for the data to unpack. Files may have wider types and longer texts than expected, but must not
/// exhaust the memory.
template <class = void>
std::uint64_t max_bytes(const Archive& expected) {
  std::uint64_t bytes = 0;
  for (const auto& entry : expected) bytes += entry.array.data.size();
  return 4 * bytes + (std::uint64_t{64} << 20);
}

/// Throws a short FormatError for a file that has none of the expected arrays.
template <class = void>
void refuse_another_kind(const NpzReader& reader, const Archive& expected, const std::string& prefix) {
  std::size_t below_prefix = 0;
  bool snapshot = false;
  for (std::size_t place = 0; place < reader.size(); ++place) {
    below_prefix += reader.name(place).starts_with(prefix);
    snapshot |= reader.name(place).starts_with(model_in_snapshot);
  }
  if (reader.size() == 0) {
    if (!expected.empty()) fail<FormatError>(reader.without_arrays());
    return;
  }
  for (const auto& entry : expected)
    if (reader.find(prefix + entry.name)) return;
  if (prefix.empty() && snapshot)
    fail<FormatError>("this is a snapshot of a training run; the model is in ", model_in_snapshot,
                      "; to load it, set the option path = \"", model_in_snapshot, "\"");
  if (!prefix.empty() && below_prefix == 0)
    fail<FormatError>("no array's name begins with the path '", printable_name(prefix), "'; the first of ",
                      reader.size(), " is '", printable_name(reader.name(0)), "'");
}

LSTMLIB_LAZY_INLINE void load(const std::filesystem::path& path, Root root, const LoadOptions& options) {
  const Archive before = to_archive(root);
  const NpzReader reader(path, {.max_bytes = max_bytes(before)});
  std::string prefix = options.path;
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  try {
    refuse_another_kind(reader, before, prefix);
    NpzStore<> arrays(reader, prefix);
    arrays.prefetch(before);
    read_or_restore(arrays, root, options.extra, before);
  } catch (const FileError&) { throw; } catch (const Error& error) {
    const std::string_view text = error.what();
    if (text.starts_with(path.string() + ": ")) throw;
    fail<FormatError>(path.string(), ": ", text);
  }
}

}  // namespace detail

LSTMLIB_LAZY_INLINE void save_npz(const std::filesystem::path& path, const nn::Module& model) {
  write_npz(path, to_archive(model));
}

LSTMLIB_LAZY_INLINE void load_npz(const std::filesystem::path& path, nn::Module& model,
                                  const LoadOptions& options) {
  detail::with_root(model, [&](detail::Root root) { detail::load(path, root, options); });
}

LSTMLIB_LAZY_INLINE void load_npz(const std::filesystem::path& path, nn::Module& model, ExtraKeys extra) {
  detail::with_root(model, [&](detail::Root root) { detail::load(path, root, {extra, {}}); });
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
