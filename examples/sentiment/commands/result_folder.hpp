// SPDX-License-Identifier: MIT
#pragma once
// The output folder of a run. Protects earlier results from being overwritten silently.

#include "lstmlib/base/error.hpp"

#include <filesystem>
#include <initializer_list>
#include <string>
#include <system_error>

namespace sentiment {

/// Returns if the folder `out` does not exist or is empty. With `force`, removes the `parts` of an earlier
/// run from it. Otherwise throws FileError that says what to do; `also` adds another way.
inline void make_room(const std::filesystem::path& out, bool force, std::initializer_list<const char*> parts,
                      const std::string& also = {}) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool is_folder = fs::is_directory(out, error);
  if (!fs::exists(out, error) || (is_folder && fs::is_empty(out, error))) return;
  if (!force)
    lstmlib::fail<lstmlib::FileError>(out.string(), ": already exists; give --force to replace it, ", also,
                                      "or --out for another folder");
  if (!is_folder) lstmlib::fail<lstmlib::FileError>(out.string(), ": is not a folder");
  for (const char* part : parts) fs::remove_all(out / part);
}

}  // namespace sentiment
