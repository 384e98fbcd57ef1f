// SPDX-License-Identifier: MIT
#pragma once
// The small corpus that is part of the program: see README.md beside. CMake compiles its files in.

#include <string>

namespace sentiment::corpus {

/// The text of films.train: a label and a sentence on each line.
std::string train();
std::string dev();
std::string test();

/// The text of films.pairs: two lines of the others, of nearly the same words and opposite labels, with a tab
/// between.
std::string pairs();

}  // namespace sentiment::corpus
