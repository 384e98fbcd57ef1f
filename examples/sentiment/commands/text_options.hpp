// SPDX-License-Identifier: MIT
#pragma once
// The options of commands that read text.

#include "sentiment/data/text/decoder.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

/// Adds --encoding and --strict.
inline void add_text_options(CLI::App& command, TextOptions& options) {
  command
      .add_option_function<std::string>(
          "--encoding",
          [&options](const std::string& name) {
            options.encoding = name == "latin-1"  ? Encoding::latin1
                               : name == "cp1252" ? Encoding::cp1252
                                                  : Encoding::utf8;
          },
          "Encoding of the text: utf-8, latin-1 or cp1252 (Windows). A UTF-8 byte order mark is skipped")
      ->check(CLI::IsMember({"utf-8", "latin-1", "cp1252"}))
      ->default_str("utf-8");
  command.add_flag(
      "--strict", options.strict,
      "Refuse bytes that are invalid in this encoding; without it they are skipped, as in the reference, "
      "and counted");
}

}  // namespace sentiment
