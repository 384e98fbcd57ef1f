// SPDX-License-Identifier: MIT
#pragma once
// Sentences from the bodies of requests, which are hostile until read.

#include "sentiment/serving/texts.hpp"

#include <string_view>

namespace sentiment {

/// The media types that are read and written; the first is the default.
inline constexpr std::string_view json_type = "application/json", npy_type = "application/x-npy",
                                  csv_type = "text/csv", json_lines_type = "application/jsonlines";
inline constexpr std::string_view body_types[] = {json_type, json_lines_type, csv_type, npy_type};

/// Reads a body of one of the types:
///   application/json       ["s", ...], "s" or {"instances": ["s", ...]}
///   application/jsonlines  a line is "s" or {"source": "s"}
///   text/csv               a line is a sentence as a whole, or one field in quotes (RFC 4180), which may
///   span lines application/x-npy      an array of texts (<U or >U) with one axis or none; never a pickle
/// Throws HttpError 400, which says where, for anything else and for no sentences; 413 for one that is too
/// long.
Texts read_body(std::string_view body, std::string_view type, bool char_based);

}  // namespace sentiment
