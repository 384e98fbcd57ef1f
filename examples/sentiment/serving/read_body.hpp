// SPDX-License-Identifier: MIT
#pragma once
// Reads sentences from request bodies, which are untrusted input.

#include "sentiment/serving/texts.hpp"

#include <string_view>

namespace sentiment {

/// The media types for reading and writing; the first is the default.
inline constexpr std::string_view json_type = "application/json", npy_type = "application/x-npy",
                                  csv_type = "text/csv", json_lines_type = "application/jsonlines";
inline constexpr std::string_view body_types[] = {json_type, json_lines_type, csv_type, npy_type};

/// Reads a body of one of the types:
///   application/json       ["s", ...], "s" or {"instances": ["s", ...]}
///   application/jsonlines  a line is "s" or {"source": "s"}
///   text/csv               a line is a sentence, or one quoted field (RFC 4180) that may span lines
///   application/x-npy      an array of texts (<U or >U) with at most one axis; never a pickle
///
/// Throws HttpError 400 with the location for anything else and if there are no sentences; 413 if a sentence
/// is too long.
Texts read_body(std::string_view body, std::string_view type, bool char_based);

}  // namespace sentiment
