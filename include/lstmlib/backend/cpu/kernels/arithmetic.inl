// SPDX-License-Identifier: MIT
// How a product handles one element of its inner dimension. Here: an element is one number.

template <class Packed>
struct Arithmetic {
  using Left = Packed;          // of one row
  using Right = Lanes<Packed>;  // of a vector of columns

  [[gnu::always_inline]] static Left left(Packed x) { return x; }
  [[gnu::always_inline]] static Right right(const Packed* from) { return load(from); }
  [[gnu::always_inline]] static Right add(Right sum, Left a, Right b) { return sum + a * b; }
};
