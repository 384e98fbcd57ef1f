// SPDX-License-Identifier: MIT
#pragma once
// What is in an .npy or .npz file, for people and for programs.

#include "lstmlib/io/array.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <ostream>

namespace sentiment {

/// Writes name, type and shape of each array, one a line, and with `values` what is in it. Without values only
/// directory and heads are read; nothing is run. Of an array that cannot be read it says why, and goes on; of a
/// file without arrays what else is in it. Throws FileError, FormatError for a file that is neither or whose
/// directory is damaged, ValueError where the values that are wanted are more than 10 million.
void inspect(const std::filesystem::path& file, bool values, std::ostream& out);

/// The same as `{"arrays": [{"name", "dtype", "shape", "values"?, "error"?}]}`; of a member that is damaged in its
/// head dtype and shape are missing. Numbers that JSON does not have, and
/// 64-bit integers, complex numbers and bytes are as `json_values` says.
void inspect_json(const std::filesystem::path& file, bool values, std::ostream& out);

/// The elements in C order, in one list: NaN and infinities as "nan", "inf", "-inf"; complex numbers as
/// [real, imaginary]; bytes as "hex:..."; arrays in an array as {"dtype", "shape", "values"}.
nlohmann::ordered_json json_values(const lstmlib::io::Array& array);

}  // namespace sentiment
