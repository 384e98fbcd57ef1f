// SPDX-License-Identifier: MIT
#pragma once
// A handler connects a model to the server. It has up to four functions; only `load` is required:
//
//   Model load(const std::filesystem::path& model_dir)               loads the model
//   Input read(std::string body, const std::string& content_type)    default: .npy to Tensor<float>
//   Prediction predict(const Model&, const Input&)                   default: calls the model
//   Content write(const Prediction&, const std::string& accept)      default: numbers to .npy
//
// All but `load` are const and are called by several threads. The defaults read and write application/x-npy.
// A handler with other formats lists them in `static constexpr std::string_view request_types[]`, default
// first. If its responses have other types, it lists those in `response_types[]`. Then `read` and `write` get
// one of these types, and other requests are refused before `read` (415, 406).
//
//   struct Endpoint {  // Model: a module that maps numbers to numbers; the defaults do the rest
//     Model load(const std::filesystem::path& folder) {
//       Model model;
//       io::load_npz(folder / "model.npz", model);
//       return model;
//     }
//   };
//   serve::Service service(Endpoint{}, "model_folder");
//   service.run();

#include "lstmlib/autograd/mode.hpp"
#include "lstmlib/serve/job.hpp"
#include "lstmlib/serve/npy_content.hpp"
#include "lstmlib/serve/server.hpp"

#include <concepts>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

template <class H>
concept Handler = requires(H handler, const std::filesystem::path& folder) {
  handler.load(folder);
};

template <Handler H>
using ModelOf = decltype(std::declval<H&>().load(std::declval<const std::filesystem::path&>()));

/// Rows of a prediction to compute.
template <class Prediction>
struct Rows {
  Prediction* prediction;
  std::size_t first, count;
};

/// A handler whose predictions consist of rows. Rows of different requests are computed together, and long
/// requests in parts. It has these functions instead of `predict`:
///   Prediction begin(Input)                                          a prediction with rows not yet computed
///   std::size_t rows(const Prediction&)                              its number of rows
///   std::size_t cost(const Prediction&, std::size_t row)             cost of a row, see QueueOptions
///   void compute(const Model&, std::span<const Rows<Prediction>>)    computes rows, independently
/// Optional, for large predictions:
///   std::size_t bytes(const Prediction&)                             its memory, for the budget
template <class H>
concept Batchable = Handler<H> && requires(const H& handler, std::string body, const std::string& type) {
  handler.cost(handler.begin(handler.read(std::move(body), type)), std::size_t{});
};

template <Handler H>
constexpr std::span<const std::string_view> request_types_of() {
  if constexpr (requires { H::request_types; }) return H::request_types;
  else if constexpr (requires(const H& h, std::string b, const std::string& t) { h.read(std::move(b), t); })
    return {};
  else return npy_types;
}
template <Handler H>
constexpr std::span<const std::string_view> response_types_of() {
  if constexpr (requires { H::response_types; }) return H::response_types;
  else return request_types_of<H>();
}

namespace detail {

template <Handler H>
auto read(const H& handler, std::string body, const std::string& type) {
  if constexpr (requires { handler.read(std::move(body), type); }) return handler.read(std::move(body), type);
  else return read_npy_tensor(body);
}

template <Handler H, class Model, class Input>
auto predict(const H& handler, const Model& model, const Input& input) {
  const Inference scope;  // no graph, no dropout
  if constexpr (requires { handler.predict(model, input); }) {
    return handler.predict(model, input);
  } else {
    try {
      if constexpr (requires { model(input); }) return model(input);
      else return model(Variable<float>(input)).value();
    } catch (const ShapeError& error) {
      throw HttpError(400, error.what());
    } catch (const IndexError& error) { throw HttpError(400, error.what()); }
  }
}

template <Handler H, class Prediction>
Content write(const H& handler, const Prediction& prediction, const std::string& accept) {
  if constexpr (requires { handler.write(prediction, accept); }) return handler.write(prediction, accept);
  else return write_npy_tensor(prediction);
}

}  // namespace detail

/// A request that is computed as a whole.
template <Handler H>
class WholeJob final : public Job {
 public:
  WholeJob(const H& handler, const ModelOf<H>& model) : handler_(handler), model_(model) {}
  void read() override { input_ = detail::read(handler_, std::move(request.body), request.content_type); }
  std::size_t rows() const override { return 1; }
  std::size_t cost(std::size_t) const override { return 1; }
  const void* group() const override { return this; }
  void compute(std::span<const Part> parts) const override {
    auto* self = static_cast<WholeJob*>(parts[0].job);
    self->prediction_ = detail::predict(handler_, model_, *input_);
  }
  Content write() override { return detail::write(handler_, *prediction_, request.accept); }

 private:
  using Input = decltype(detail::read(std::declval<const H&>(), std::string(), std::string()));
  const H& handler_;
  const ModelOf<H>& model_;
  std::optional<Input> input_;
  std::optional<decltype(detail::predict(std::declval<const H&>(), std::declval<const ModelOf<H>&>(),
                                         std::declval<const Input&>()))>
      prediction_;
};

/// A request of a batchable handler.
template <Batchable H>
class RowsJob final : public Job {
 public:
  RowsJob(const H& handler, const ModelOf<H>& model) : handler_(handler), model_(model) {}
  void read() override {
    prediction_ = handler_.begin(handler_.read(std::move(request.body), request.content_type));
  }
  std::size_t rows() const override { return handler_.rows(*prediction_); }
  std::size_t cost(std::size_t row) const override { return handler_.cost(*prediction_, row); }
  const void* group() const override { return &handler_; }
  std::size_t bytes() const override {
    if constexpr (requires { handler_.bytes(*prediction_); }) return handler_.bytes(*prediction_);
    else return 0;
  }
  void compute(std::span<const Part> parts) const override {
    std::vector<Rows<Prediction>> rows;
    for (const Part& part : parts)
      rows.push_back({&*static_cast<RowsJob*>(part.job)->prediction_, part.first, part.count});
    handler_.compute(model_, rows);
  }
  Content write() override { return handler_.write(*prediction_, request.accept); }

 private:
  using Prediction = decltype(std::declval<const H&>().begin(
      std::declval<const H&>().read(std::string(), std::declval<const std::string&>())));
  const H& handler_;
  const ModelOf<H>& model_;
  std::optional<Prediction> prediction_;
};

/// The route of a handler. Calls `model()` for each request. Handler and model must outlive the server.
template <Handler H, class GetModel>
InferenceRoute inference_route(const H& handler, GetModel model, std::string default_accept = {}) {
  const auto make = [&handler, model]() -> std::shared_ptr<Job> {
    if constexpr (Batchable<H>) return std::make_shared<RowsJob<H>>(handler, model());
    else return std::make_shared<WholeJob<H>>(handler, model());
  };
  return {make, request_types_of<H>(), response_types_of<H>(), std::move(default_accept)};
}

}  // namespace lstmlib::inline LSTMLIB_ABI::serve
