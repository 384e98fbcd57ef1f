// SPDX-License-Identifier: MIT
#pragma once
// Shows the contents of .npy and .npz files, as text and as JSON.

#include "lstmlib/io/array.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <ostream>

namespace sentiment {

/// Writes name, type and shape of each array, one per line, and with `values` its values. Without `values`,
/// only the directory and the headers are read. Nothing in a pickle is executed. An array that cannot be read
/// is reported, and the others are shown. A file without arrays is described. Throws FileError; FormatError
/// if the file is neither .npy nor .npz or its directory is damaged; ValueError if more than 10 million
/// values are requested.
void inspect(const std::filesystem::path& file, bool values, std::ostream& out);

/// The same as `{"arrays": [{"name", "dtype", "shape", "values"?, "error"?}]}`. If a header is damaged, dtype
/// and shape are missing. For values that JSON cannot represent, see `json_values`.
void inspect_json(const std::filesystem::path& file, bool values, std::ostream& out);

/// The elements in C order as one list. NaN and infinities are "nan", "inf", "-inf"; complex numbers [real,
/// imaginary]; bytes "hex:..."; nested arrays {"dtype", "shape", "values"}.
nlohmann::ordered_json json_values(const lstmlib::io::Array& array);

}  // namespace sentiment
