// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers of all kinds and precisions, forward and back, against the plain ones of the tests.

#include "../../backend/plain_recurrent.hpp"
#include "check.hpp"

namespace checks {

struct RecurrentSizes {
  RecurrentCell cell;
  bool reverse, states;  ///< states: given first ones
  Index inputs, hidden;
  std::vector<Index> lengths;

  std::string name() const {
    constexpr const char* names[] = {"lstm", "gru", "rnn tanh", "rnn relu"};
    return std::string(names[static_cast<int>(cell)]) + (reverse ? " reverse" : "") + " B" +
           std::to_string(lengths.size()) + " I" + std::to_string(inputs) + " H" + std::to_string(hidden) +
           " T" + std::to_string(*std::max_element(lengths.begin(), lengths.end()));
  }
};

template <class T>
class RecurrentCheck {
 public:
  RecurrentCheck(Checks& checks, const RecurrentSizes& sizes)
      : c_(checks), k_(checks.backend.kernels<T>(0).recurrent), name_(sizes.name()), layout_(sizes.lengths) {
    generator().seed(1);  // whatever was checked before
    const Index n = sizes.hidden, width = gate_count(sizes.cell) * n, rows = layout_.rows();
    const double scale = 1 / std::sqrt(static_cast<double>(n));
    states_ = {layout_.sequences(), n};
    plain_ = std::make_unique<test::PlainRecurrent>(test::PlainRecurrent{sizes.cell,
                                                                         sizes.reverse,
                                                                         layout_,
                                                                         sizes.inputs,
                                                                         n,
                                                                         numbers(rows * sizes.inputs),
                                                                         numbers(width * sizes.inputs, scale),
                                                                         numbers(width * n, scale),
                                                                         numbers(width, 0.1),
                                                                         numbers(width, 0.1),
                                                                         {},
                                                                         {}});
    if (sizes.states) plain_->initial_hidden = numbers(states_.elements());
    if (sizes.states && lstm()) plain_->initial_cell = numbers(states_.elements());
    d_ = {numbers(rows * n), numbers(states_.elements()), lstm() ? numbers(states_.elements()) : Numbers{}};
    plain_->run(d_, result_, gradients_);
  }

  /// Errors of results and gradients; equal bits in a second run.
  void run(Precision precision, double bound) {
    const auto name = name_ + ", " + std::string(std::is_same_v<T, float> ? name_of(precision) : "fp64");
    c_.attempt(name, [&] {
      const Output first = compute(precision);
      c_.hold(name + ", hidden states", difference(first.hidden, result_.hidden), bound);
      c_.hold(name + ", last states",
              std::max(difference(first.last_hidden, result_.last_hidden),
                       lstm() ? difference(first.last_cell, result_.last_cell) : 0),
              bound);
      const Numbers* expected[] = {&gradients_.input,         &gradients_.weight_input,
                                   &gradients_.weight_hidden, &gradients_.bias_input,
                                   &gradients_.bias_hidden,   &gradients_.initial_hidden,
                                   &gradients_.initial_cell};
      double error = 0;
      for (std::size_t i = 0; i < first.gradients.size(); ++i)
        if (!first.gradients[i].empty())
          error = std::max(error, difference(first.gradients[i], *expected[i]));
      c_.hold(name + ", gradients", error, bound);
      const Output again = compute(precision);
      c_.hold(name + ", same bits again", again == first ? 0 : 1, 0);
    });
  }

 private:
  struct Output {
    std::vector<T> hidden, last_hidden, last_cell;
    std::vector<std::vector<T>> gradients;
    bool operator==(const Output&) const = default;
  };
  bool lstm() const { return plain_->cell == RecurrentCell::lstm; }

  Output compute(Precision precision) {
    const auto& p = *plain_;
    const Index n = p.hidden_size, width = gate_count(p.cell) * n, rows = layout_.rows();
    const Shape all{rows, n}, wide{width, p.input_size};
    const auto there = [&](const Numbers& values, Shape shape) { return c_.there<T>(values, shape); };
    const auto filled = [&](Shape shape, double value, bool present = true) {
      return c_.there<T>(Numbers(present ? at(shape.elements()) : 0, value), shape);
    };
    const auto input = there(p.input, {rows, p.input_size}), wi = there(p.weight_input, wide),
               wh = there(p.weight_hidden, {width, n}), bi = there(p.bias_input, {width}),
               bh = there(p.bias_hidden, {width}), h = there(p.initial_hidden, states_),
               c = there(p.initial_cell, states_);
    const RecurrentProblem<T> problem{p.cell, p.reverse, layout_, input, wi, wh, bi, bh, h, c, precision};
    const auto hidden = filled(all, NAN), last_hidden = filled(states_, NAN),
               last_cell = filled(states_, NAN, lstm());
    const RecurrentResult<T> result{hidden, last_hidden, last_cell};
    const auto bytes = static_cast<Index>(k_.saved_bytes(problem));
    const There<std::int8_t> saved(c_.backend, std::vector<std::int8_t>(at(bytes), 1), {bytes});
    k_.forward(problem, result, saved.view().data);

    const auto d_hidden = there(d_.hidden, all), d_last_hidden = there(d_.last_hidden, states_),
               d_last_cell = there(d_.last_cell, states_);
    const There<T> d[] = {filled({rows, p.input_size}, 0),
                          filled(wide, 0),
                          filled({width, n}, 0),
                          filled({width}, 0),
                          filled({width}, 0),
                          filled(states_, 0, !p.initial_hidden.empty()),
                          filled(states_, 0, !p.initial_cell.empty())};
    k_.backward(problem, {hidden, last_hidden, last_cell}, saved.view().data,
                {d_hidden, d_last_hidden, d_last_cell}, {d[0], d[1], d[2], d[3], d[4], d[5], d[6]});
    Output output{hidden.values(), last_hidden.values(), last_cell.values(), {}};
    for (const auto& one : d) output.gradients.push_back(one.values());
    return output;
  }

  Checks& c_;
  RecurrentKernels<T>& k_;
  std::string name_;
  SequenceLayout layout_;
  Shape states_{0};
  std::unique_ptr<test::PlainRecurrent> plain_;
  test::PlainRecurrent::Result d_, result_;
  test::PlainRecurrent::Gradients gradients_;
};

}  // namespace checks
