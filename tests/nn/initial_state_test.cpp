// SPDX-License-Identifier: MIT
#include "lstmlib/nn/initial_state.hpp"
#include "arguments.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/serialization/archive.hpp"

#include <doctest/doctest.h>

namespace lstmlib::test {
namespace {

TEST_CASE("an initial state is the same for all sequences, and is learned") {
  set_seed(2);
  const nn::Lstm<double> lstm({.input_size = 2, .hidden_size = 3, .layers = 2, .bidirectional = true});
  const auto x = make_ragged(Variable<double>(nn::normal<double>({6, 2}, 1)), {3, 1, 2});
  nn::InitialState<double> initial(lstm);
  CHECK(initial.hidden.shape() == Shape{4, 3});
  CHECK(to_string(lstm(x, initial(3)).hidden.values) == to_string(lstm(x).hidden.values));  // it begins at 0
  const auto loss = [&](auto in) {
    static_cast<Variable<double>&>(initial.hidden) = in[0];
    static_cast<Variable<double>&>(initial.cell) = in[1];
    const auto result = lstm(x, initial(3));
    return ops::sum(result.hidden.values * result.hidden.values);
  };
  CHECK(check_gradient(loss, {nn::normal<double>({4, 3}, 1), nn::normal<double>({4, 3}, 1)}) < 1e-7);
  const auto states = initial(5);
  CHECK(states.size() == 4);
  CHECK(to_string(states[2].cell.rows(4, 1)) == to_string(initial.cell.rows(2, 1)));
}

TEST_CASE("an initial state has a cell for an LSTM only, and is saved") {
  const nn::Gru<float> gru({.input_size = 2, .hidden_size = 3});
  nn::InitialState<float> initial(gru), other(gru);
  CHECK(!initial.cell);
  initial.hidden.mutable_value().mutable_values()[1] = 5;
  io::from_archive(io::to_archive(initial), other);
  CHECK(other.hidden.value().values()[1] == 5);
  CHECK_NOTHROW((void)gru(make_ragged(numbers<float>({4, 2}), {3, 1}), other(2)));
  CHECK_THROWS_AS((void)initial(-1), ValueError);
  CHECK_THROWS_AS((void)gru(make_ragged(numbers<float>({4, 2}), {3, 1}), other(3)), ShapeError);
}

}  // namespace
}  // namespace lstmlib::test
