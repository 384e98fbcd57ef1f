// SPDX-License-Identifier: MIT
#pragma once
// Every rule of the optimizers, with hooks, on a whole gradient and on one of some rows.

#include "check.hpp"

#include <lstmlib/math/update_formulas.hpp>

namespace checks {

template <class T>
class UpdateChecks {
 public:
  explicit UpdateChecks(Checks& checks) : c_(checks), k_(checks.backend.kernels<T>(0).update) {}

  void run() {
    const math::AdamRule adam{1e-3, 0.9, 0.999, 1e-8, 1, 0.01};
    const math::UpdateRule all[] = {math::SgdRule{0.1},
                                    math::MomentumRule{0.1, 0.9},
                                    math::CorrectedMomentumRule{0.1, 0.9},
                                    math::NesterovRule{0.1, 0.9},
                                    math::AdaGradRule{0.1, 1e-8},
                                    math::AdaDeltaRule{0.95, 1e-6},
                                    math::RmsPropRule{0.01, 0.99, 1e-8, false},
                                    math::RmsPropGravesRule{1e-4, 0.95, 0.9, 1e-4},
                                    math::Smorms3Rule{1e-3, 1e-16},
                                    adam,
                                    math::AmsGradRule{adam},
                                    math::AdaBoundRule{adam, 1e-4, 1e-2},
                                    math::AmsBoundRule{adam, 1e-4, 1e-2}};
    for (const auto& rule : all) {
      const auto name = "optimizer rule " + std::to_string(rule.index()) + of_;
      c_.attempt(name, [&] { update(name, rule); });
    }
    c_.attempt("gradient norm" + of_, [&] { norm(); });
  }

 private:
  static constexpr Index rows_ = 41, width_ = 13;

  /// A whole gradient, one of the rows of `ids`, and none, with decay and a scale that only the device knows.
  void update(const std::string& name, const math::UpdateRule& rule) {
    const std::vector<std::int32_t> ids{0, 7, 8, 40, -1, -1};
    const Numbers whole = numbers(rows_ * width_), some = numbers(std::ssize(ids) * width_);
    const Shape shape{rows_, width_}, some_shape{std::ssize(ids), width_};
    const auto whole_there = c_.there<T>(whole, shape), some_there = c_.there<T>(some, some_shape);
    const auto ids_there = c_.ids(ids, {std::ssize(ids)});
    const auto factor = c_.there<double>(Numbers{0.5}, {1});
    const math::GradientTransform scale{math::GradientTransform::Kind::scale, 0, 0, factor.view().data},
        decay{math::GradientTransform::Kind::decay, 0.01};
    const std::array steps{scale, decay};

    std::vector<Numbers> values, first, second, third;
    std::vector<std::unique_ptr<There<T>>> there;
    std::vector<UpdateItem<T>> items;
    for (int i = 0; i < 3; ++i) {
      UpdateItem<T> item;
      if (i == 0) item.gradient.dense = whole_there;
      if (i == 1) item.gradient.indices = ids_there, item.gradient.values = some_there;
      std::array<Numbers, 4> start{numbers(rows_ * width_)};
      for (int s = 1; s < 4; ++s) {
        start[at(s)] = numbers(rows_ * width_, 0.01);
        for (double& number : start[at(s)]) number = std::fabs(number);
      }
      std::array<View<T>, 4> views;
      for (std::size_t s = 0; s < 4; ++s) {
        there.push_back(std::make_unique<There<T>>(c_.backend, start[s], shape));
        views[s] = there.back()->view();
      }
      item.value = views[0];
      const auto states = std::visit([](const auto& one) { return one.states; }, rule);
      for (std::size_t s = 0; s < states; ++s) item.state[s] = views[s + 1];
      items.push_back(item);

      for (Index row = 0; row < rows_; ++row)
        for (Index j = 0; j < width_; ++j) {
          const std::size_t k = at(row * width_ + j);
          double g = i == 0 ? whole[k] : 0;
          for (std::size_t n = 0; i == 1 && n < ids.size(); ++n)
            if (ids[n] == row) g = some[n * at(width_) + at(j)];
          g *= 0.5;
          g = math::apply_transform(decay, start[0][k], g);
          std::visit(
              [&](const auto& one) {
                math::apply_rule(one, start[0][k], g, start[1][k], start[2][k], start[3][k]);
              },
              rule);
        }
      values.push_back(start[0]), first.push_back(start[1]), second.push_back(start[2]),
          third.push_back(start[3]);
    }
    k_.update(rule, steps, items);
    double error = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const Numbers* expected[] = {&values[i], &first[i], &second[i], &third[i]};
      for (std::size_t s = 0; s < 4; ++s)
        error = std::max(error, difference(there[4 * i + s]->values(), *expected[s]));
    }
    c_.hold(name, error, of_sums<T>);
  }

  void norm() {
    const Numbers x = numbers(rows_ * width_);
    double square = 3;
    for (const double number : x) square += number * number;
    const auto there = c_.there<T>(x, {rows_, width_}), value = c_.there<T>(x, {rows_, width_});
    const auto sum = c_.there<double>(Numbers{3}, {1}), factor = c_.there<double>(Numbers{0}, {1});
    UpdateItem<T> item;
    item.gradient.dense = there;
    item.value = value;
    k_.add_squared_norm({}, std::array{item}, sum.view().data);
    c_.hold("squared norm" + of_, sum.values()[0] / square - 1, of_sums<T>);
    k_.clip_factor(2, sum.view().data, factor.view().data);
    c_.hold("clip factor" + of_, factor.values(), {2 / std::sqrt(square)}, of_sums<T>);
  }

  Checks& c_;
  UpdateKernels<T>& k_;
  std::string of_ = type_name<T>();
};

}  // namespace checks
