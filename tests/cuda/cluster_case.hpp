// SPDX-License-Identifier: MIT
#pragma once
// A layer with random numbers, computed by the persistent kernels on the execution model, and by plain loops
// in any type of number.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/backend/cuda/recurrent/cluster_arguments.hpp"
#include "lstmlib/backend/cuda/recurrent/pack_weights.cuh"
#include "lstmlib/math/lstm_cell.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace lstmlib::test {

using Floats = std::vector<float>;

/// An array in the device's memory.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_(size) {
    cuda::check(cudaMalloc(reinterpret_cast<void**>(&data_), std::max<std::size_t>(size, 1) * sizeof(T)),
                "cudaMalloc");
  }
  explicit DeviceArray(const std::vector<T>& from) : DeviceArray(from.size()) {
    if (size_ > 0)
      cuda::check(cudaMemcpy(data_, from.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { (void)cudaFree(data_); }

  T* data() const { return data_; }
  std::vector<T> read() const {
    std::vector<T> to(size_);
    if (size_ > 0)
      cuda::check(cudaMemcpy(to.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return to;
  }

 private:
  std::size_t size_;
  T* data_ = nullptr;
};

/// What is given to a layer. Sizes of numbers: weights up to 1 / sqrt(hidden), all others up to 1.
struct LayerCase {
  SequenceLayout layout;
  Index hidden_size;
  bool reverse = false;
  Floats weights;                       ///< [4 hidden, hidden]
  Floats projections, bias;             ///< [tokens, hidden, 4], [hidden, 4]
  Floats initial_hidden, initial_cell;  ///< [sequences, hidden]; empty: zeros
  Floats d_hidden, d_last_hidden, d_last_cell;

  LayerCase(const std::vector<Index>& lengths, Index hidden, unsigned seed = 1)
      : layout(lengths), hidden_size(hidden) {
    std::mt19937 random(seed);
    const auto numbers = [&](Index count, double size) {
      std::uniform_real_distribution<float> uniform(static_cast<float>(-size), static_cast<float>(size));
      Floats all(static_cast<std::size_t>(count));
      for (float& x : all) x = uniform(random);
      return all;
    };
    const Index states = layout.sequences() * hidden, rows = layout.rows() * hidden;
    weights = numbers(4 * hidden * hidden, 1 / std::sqrt(static_cast<double>(hidden)));
    projections = numbers(4 * rows, 1);
    bias = numbers(4 * hidden, 1);
    initial_hidden = numbers(states, 1);
    initial_cell = numbers(states, 1);
    d_hidden = numbers(rows, 1);
    d_last_hidden = numbers(states, 1);
    d_last_cell = numbers(states, 1);
  }
  Index token(Index place, Index step) const { return layout.time_offset(step) + place; }
};

/// Results as the kernels give them, and the gradient of the weights, which is made of them.
template <class T>
struct LayerResult {
  std::vector<T> hidden, last_hidden, last_cell, gates, cells;
  std::vector<T> d_gates, d_initial_hidden, d_initial_cell;
  std::vector<double> d_weights;
};

/// d_weights [4 hidden, hidden], gates in blocks of rows.
template <class T>
std::vector<double> weight_gradient(const LayerCase& layer, const std::vector<T>& d_gates,
                                    const std::vector<T>& hidden) {
  const auto n = static_cast<std::size_t>(layer.hidden_size);
  std::vector<double> d(4 * n * n), before(n);
  for (Index place = 0; place < layer.layout.sequences(); ++place) {
    const auto sequence =
        static_cast<std::size_t>(layer.layout.sorted_indices()[static_cast<std::size_t>(place)]);
    for (Index step = 0; step < layer.layout.length(static_cast<Index>(sequence)); ++step) {
      const auto token = static_cast<std::size_t>(layer.token(place, step));
      for (std::size_t k = 0; k < n; ++k)
        before[k] =
            step > 0
                ? static_cast<double>(
                      hidden[static_cast<std::size_t>(layer.layout.row(place, step - 1, layer.reverse)) * n +
                             k])
            : layer.initial_hidden.empty() ? 0.0
                                           : static_cast<double>(layer.initial_hidden[sequence * n + k]);
      for (std::size_t unit = 0; unit < n; ++unit)
        for (std::size_t gate = 0; gate < 4; ++gate) {
          const auto factor = static_cast<double>(d_gates[(token * n + unit) * 4 + gate]);
          for (std::size_t k = 0; k < n; ++k) d[(gate * n + unit) * n + k] += factor * before[k];
        }
    }
  }
  return d;
}

/// The layer by plain loops, with numbers and sums of type T. `rounded`: what products make of an operand.
template <class T>
LayerResult<T> plain_layer(const LayerCase& layer) {
  const auto n = static_cast<std::size_t>(layer.hidden_size);
  const auto rows = static_cast<std::size_t>(layer.layout.rows()) * n;
  const auto states = static_cast<std::size_t>(layer.layout.sequences()) * n;
  LayerResult<T> r;
  for (auto* v : {&r.hidden, &r.cells}) v->resize(rows);
  for (auto* v : {&r.gates, &r.d_gates}) v->resize(4 * rows);
  for (auto* v : {&r.last_hidden, &r.last_cell, &r.d_initial_hidden, &r.d_initial_cell}) v->resize(states);
  for (Index place = 0; place < layer.layout.sequences(); ++place) {
    const auto sequence =
        static_cast<std::size_t>(layer.layout.sorted_indices()[static_cast<std::size_t>(place)]);
    const Index length = layer.layout.length(static_cast<Index>(sequence));
    const auto start = [&](const Floats& from, std::size_t unit) {
      return from.empty() ? T(0) : T(from[sequence * n + unit]);
    };
    std::vector<T> hidden(n), cell(n), next(n);
    for (std::size_t u = 0; u < n; ++u) {
      hidden[u] = start(layer.initial_hidden, u);
      cell[u] = start(layer.initial_cell, u);
    }
    for (Index step = 0; step < length; ++step) {
      const auto token = static_cast<std::size_t>(layer.token(place, step));
      const auto row = static_cast<std::size_t>(layer.layout.row(place, step, layer.reverse));
      for (std::size_t u = 0; u < n; ++u) {
        T sum[4];
        for (std::size_t gate = 0; gate < 4; ++gate) {
          sum[gate] = T(layer.projections[(token * n + u) * 4 + gate]) + T(layer.bias[u * 4 + gate]);
          for (std::size_t k = 0; k < n; ++k)
            sum[gate] += T(layer.weights[(gate * n + u) * n + k]) * hidden[k];
        }
        const auto out = math::lstm_cell_forward<T>({sum[0], sum[1], sum[2], sum[3]}, cell[u]);
        r.gates[(token * n + u) * 4] = out.gate.input;
        r.gates[(token * n + u) * 4 + 1] = out.gate.forget;
        r.gates[(token * n + u) * 4 + 2] = out.gate.cell;
        r.gates[(token * n + u) * 4 + 3] = out.gate.output;
        r.cells[token * n + u] = cell[u] = out.cell;
        r.hidden[row * n + u] = next[u] = out.hidden;
      }
      hidden = next;
    }
    for (std::size_t u = 0; u < n; ++u) {
      r.last_hidden[sequence * n + u] = hidden[u];
      r.last_cell[sequence * n + u] = cell[u];
    }
    std::vector<T> d_hidden(n), d_cell(n);
    for (std::size_t u = 0; u < n; ++u) {
      d_hidden[u] = T(layer.d_last_hidden[sequence * n + u]);
      d_cell[u] = T(layer.d_last_cell[sequence * n + u]);
    }
    for (Index step = length - 1; step >= 0; --step) {
      const auto token = static_cast<std::size_t>(layer.token(place, step));
      const auto row = static_cast<std::size_t>(layer.layout.row(place, step, layer.reverse));
      std::fill(next.begin(), next.end(), T(0));
      for (std::size_t u = 0; u < n; ++u) {
        const T* g = &r.gates[(token * n + u) * 4];
        const T before = step > 0 ? r.cells[static_cast<std::size_t>(layer.token(place, step - 1)) * n + u]
                                  : start(layer.initial_cell, u);
        const auto d =
            math::lstm_cell_backward<T>({g[0], g[1], g[2], g[3]}, before, std::tanh(r.cells[token * n + u]),
                                        d_hidden[u] + T(layer.d_hidden[row * n + u]), d_cell[u]);
        const T all[4] = {d.d_pre.input, d.d_pre.forget, d.d_pre.cell, d.d_pre.output};
        for (std::size_t gate = 0; gate < 4; ++gate) {
          r.d_gates[(token * n + u) * 4 + gate] = all[gate];
          for (std::size_t k = 0; k < n; ++k) next[k] += all[gate] * T(layer.weights[(gate * n + u) * n + k]);
        }
        d_cell[u] = d.d_cell;
      }
      d_hidden = next;
    }
    for (std::size_t u = 0; u < n; ++u) {
      r.d_initial_hidden[sequence * n + u] = d_hidden[u];
      r.d_initial_cell[sequence * n + u] = d_cell[u];
    }
  }
  r.d_weights = weight_gradient(layer, r.d_gates, r.hidden);
  return r;
}

/// The largest difference, as a part of the largest expected number; infinite where sizes differ or something
/// is not a number.
template <class A, class B>
double relative_error(const std::vector<A>& got, const std::vector<B>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = std::abs(static_cast<double>(got[i]) - static_cast<double>(expected[i]));
    if (!(d < INFINITY)) return INFINITY;
    difference = std::max(difference, d);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return largest > 0 ? difference / largest : difference;
}

/// d_initial_hidden is the bare product, which no derivative of a cell makes smaller yet.
struct LayerErrors {
  double hidden, d_gates, d_weights, states, d_initial_hidden;

  template <class T>
  LayerErrors(const LayerResult<T>& got, const LayerResult<double>& expected)
      : hidden(relative_error(got.hidden, expected.hidden)),
        d_gates(relative_error(got.d_gates, expected.d_gates)),
        d_weights(relative_error(got.d_weights, expected.d_weights)),
        states(std::max({relative_error(got.last_hidden, expected.last_hidden),
                         relative_error(got.last_cell, expected.last_cell),
                         relative_error(got.d_initial_cell, expected.d_initial_cell)})),
        d_initial_hidden(relative_error(got.d_initial_hidden, expected.d_initial_hidden)) {}
};

/// Two operands of 16 bits, rounded, and the product of their lower halves left out.
constexpr double bf16x3_product = 3 * 0x1p-17;

inline void check_errors(const LayerErrors& e, double bound, const std::string& what,
                         double product_bound = bf16x3_product) {
  INFO(what, ": hidden ", e.hidden, ", gates' gradients ", e.d_gates, ", weights' gradients ", e.d_weights,
       ", states ", e.states, ", first hidden states' gradients ", e.d_initial_hidden);
  CHECK(e.hidden <= bound);
  CHECK(e.d_gates <= bound);
  CHECK(e.d_weights <= bound);
  CHECK(e.states <= bound);
  CHECK(e.d_initial_hidden <= std::max(bound, product_bound));
}

/// Every array of both, bit for bit.
inline bool same_bits(const LayerResult<float>& a, const LayerResult<float>& b) {
  const auto same = [](const Floats& x, const Floats& y) {
    return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
  };
  return same(a.hidden, b.hidden) && same(a.last_hidden, b.last_hidden) && same(a.last_cell, b.last_cell) &&
         same(a.cells, b.cells) && same(a.d_gates, b.d_gates) &&
         same(a.d_initial_hidden, b.d_initial_hidden) && same(a.d_initial_cell, b.d_initial_cell);
}

/// A layer on the device, in one direction.
class DeviceLayer {
 public:
  /// `in_place`: one array for projections, gates and their gradients.
  DeviceLayer(const LayerCase& layer, const cuda::PackedWeights& layout, bool in_place = false)
      : layer_(layer),
        weights(layer.weights),
        packed(layout.bytes() / sizeof(std::uint32_t)),
        projections(layer.projections),
        bias(layer.bias),
        initial_hidden(layer.initial_hidden),
        initial_cell(layer.initial_cell),
        d_hidden(layer.d_hidden),
        d_last_hidden(layer.d_last_hidden),
        d_last_cell(layer.d_last_cell),
        offsets(offsets_of(layer.layout)),
        lengths(lengths_of(layer.layout)),
        sequences(sequences_of(layer.layout)),
        rows(rows_of(layer)),
        hidden(elements()),
        last_hidden(states()),
        last_cell(states()),
        gates(4 * elements()),
        cells(elements()),
        d_gates(4 * elements()),
        d_initial_hidden(Floats(states())),
        d_initial_cell(Floats(states())),
        layout_(layout),
        in_place_(in_place) {}

  void pack(cuda::Stream& stream) const {
    cuda::pack_weights(stream, layout_, weights.data(), static_cast<int>(layer_.hidden_size), packed.data());
  }
  cuda::PlacedSequences placed() const {
    return {offsets.data(), lengths.data(), sequences.data(), static_cast<int>(layer_.layout.sequences())};
  }
  cuda::ForwardDirection forward() const {
    const bool given = !layer_.initial_hidden.empty();
    return {packed.data() + layout_.forward_place(),
            reinterpret_cast<const float*>(packed.data()),
            bias.data(),
            projections.data(),
            given ? initial_hidden.data() : nullptr,
            given ? initial_cell.data() : nullptr,
            rows.data(),
            layer_.reverse ? -1 : 1,
            hidden.data(),
            last_hidden.data(),
            last_cell.data(),
            in_place_ ? projections.data() : gates.data(),
            cells.data()};
  }
  cuda::BackwardDirection backward() const {
    const bool given = !layer_.initial_hidden.empty();
    float* kept = in_place_ ? projections.data() : gates.data();
    return {packed.data() + layout_.backward_place(),
            reinterpret_cast<const float*>(packed.data()),
            kept,
            cells.data(),
            given ? initial_cell.data() : nullptr,
            rows.data(),
            layer_.reverse ? -1 : 1,
            d_hidden.data(),
            d_last_hidden.data(),
            d_last_cell.data(),
            in_place_ ? kept : d_gates.data(),
            d_initial_hidden.data(),
            d_initial_cell.data()};
  }
  LayerResult<float> read() const {
    LayerResult<float> r{hidden.read(),
                         last_hidden.read(),
                         last_cell.read(),
                         gates.read(),
                         cells.read(),
                         in_place_ ? projections.read() : d_gates.read(),
                         d_initial_hidden.read(),
                         d_initial_cell.read(),
                         {}};
    r.d_weights = weight_gradient(layer_, r.d_gates, r.hidden);
    return r;
  }

 private:
  using Numbers = std::vector<std::int32_t>;
  std::size_t elements() const { return static_cast<std::size_t>(layer_.layout.rows() * layer_.hidden_size); }
  std::size_t states() const {
    return static_cast<std::size_t>(layer_.layout.sequences() * layer_.hidden_size);
  }
  static Numbers offsets_of(const SequenceLayout& s) {
    return Numbers(s.time_offsets().begin(), s.time_offsets().end());
  }
  static Numbers lengths_of(const SequenceLayout& s) {
    Numbers all;
    for (const Index sequence : s.sorted_indices())
      all.push_back(static_cast<std::int32_t>(s.length(sequence)));
    return all;
  }
  static Numbers sequences_of(const SequenceLayout& s) {
    return Numbers(s.sorted_indices().begin(), s.sorted_indices().end());
  }
  static Numbers rows_of(const LayerCase& layer) {
    Numbers all;
    for (Index place = 0; place < layer.layout.sequences(); ++place)
      all.push_back(static_cast<std::int32_t>(layer.layout.row(place, 0, layer.reverse)));
    return all;
  }

  const LayerCase& layer_;

 public:
  DeviceArray<float> weights;
  DeviceArray<std::uint32_t> packed;
  DeviceArray<float> projections, bias, initial_hidden, initial_cell, d_hidden, d_last_hidden, d_last_cell;
  DeviceArray<std::int32_t> offsets, lengths, sequences, rows;
  DeviceArray<float> hidden, last_hidden, last_cell, gates, cells, d_gates, d_initial_hidden, d_initial_cell;

 private:
  cuda::PackedWeights layout_;
  bool in_place_;
};

}  // namespace lstmlib::test
