// SPDX-License-Identifier: MIT
// How a product handles one unit of its inner dimension. Here: a unit is one number.

template <class Unit>
struct Arithmetic {
  using Left = Unit;          // of one row
  using Right = Lanes<Unit>;  // of a vector of columns

  [[gnu::always_inline]] static Left left(Unit x) { return x; }
  [[gnu::always_inline]] static Right right(const Unit* from) { return load(from); }
  [[gnu::always_inline]] static Right add(Right sum, Left a, Right b) { return sum + a * b; }
};
