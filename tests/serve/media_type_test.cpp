// SPDX-License-Identifier: MIT
#include "lstmlib/serve/media_type.hpp"

#include <doctest/doctest.h>

using namespace lstmlib::serve;

namespace {
constexpr std::string_view offered[] = {"application/json", "application/jsonlines", "text/csv",
                                        "application/x-npy"};
std::string chosen(std::string_view accept) { return negotiated_type(accept, offered, "application/json"); }
}  // namespace

TEST_CASE("media_type: parameters and case do not matter") {
  CHECK(media_type("Application/JSON; charset=utf-8") == "application/json");
  CHECK(media_type("  text/csv\t") == "text/csv");
  CHECK(media_type("") == "");
}

TEST_CASE("charset: the encoding that a type names") {
  CHECK(charset("text/csv") == "");
  CHECK(charset("") == "");
  CHECK(charset("text/csv; header=present") == "");
  CHECK(charset("text/csv;charset=ISO-8859-1") == "iso-8859-1");
  CHECK(charset("text/csv; header=\"a;charset=x\" ; Charset = \"UTF-8\"") == "utf-8");
  CHECK(charset("text/csv; charset") == "");
  CHECK(charset("text/csv; charset=\"") == "\"");
}

TEST_CASE("negotiated_type: the best quality wins, then the order of the field") {
  CHECK(chosen("") == "application/json");
  CHECK(chosen("*/*") == "application/json");
  CHECK(chosen("application/*") == "application/json");
  CHECK(chosen("text/*") == "text/csv");
  CHECK(chosen("text/csv;q=0.9, application/x-npy") == "application/x-npy");
  CHECK(chosen("text/html, application/json;q=0.5") == "application/json");
  CHECK(chosen("application/x-npy, text/csv") == "application/x-npy");
  CHECK(chosen("APPLICATION/json") == "application/json");
  CHECK(chosen("application/jsonlines ; Q=0.3 , text/csv;q=0.31") == "text/csv");
}

TEST_CASE("negotiated_type: q=0 excludes, also what a wildcard would take") {
  CHECK(chosen("application/json;q=0, text/csv") == "text/csv");
  CHECK(chosen("application/json;q=0, */*") == "application/jsonlines");
  CHECK(chosen("*/*, application/json;q=0, application/jsonlines;q=0") == "text/csv");
  CHECK(chosen("image/png") == "");
  CHECK(chosen("*/*;q=0") == "");
}

TEST_CASE("negotiated_type: a default of the server's decides for wildcards") {
  CHECK(negotiated_type("*/*", offered, "text/csv") == "text/csv");
  CHECK(negotiated_type("application/*", offered, "text/csv") == "application/json");
  CHECK(negotiated_type("", offered, "text/csv") == "text/csv");
}
