// SPDX-License-Identifier: MIT
#pragma once
// The small corpus that is compiled into the program. See README.md in this folder.

#include <string>

namespace sentiment::corpus {

/// The text of films.train: a label and a sentence per line.
std::string train();
std::string dev();
std::string test();

/// The text of films.pairs. Each line has two lines of the other files, separated by a tab, with nearly the
/// same words and opposite labels.
std::string pairs();

}  // namespace sentiment::corpus
