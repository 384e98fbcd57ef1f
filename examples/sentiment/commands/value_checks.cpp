// SPDX-License-Identifier: MIT
#include "sentiment/commands/value_checks.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/cloud/s3.hpp"
#include "sentiment/data/address.hpp"

#include <charconv>

namespace sentiment {
namespace {

using lstmlib::message;

std::string in_quotes(const std::string& text) {
  return "'" + cloud::one_line(lstmlib::io::printable(text), 100) + "'";
}

/// Parses the whole text as a number. Returns false if that fails.
template <class Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

/// Checks a number by `is_fine`. `range` describes the allowed values.
template <class Check>
CLI::Validator number(const std::string& range, const Check& is_fine) {
  return CLI::Validator(
      [=](std::string& text) {
        double value = 0;
        return parse(text, value) && is_fine(value) ? std::string()
                                                    : message(in_quotes(text), " is not a number ", range);
      },
      "");
}

}  // namespace

CLI::Validator whole_number(std::uint64_t from, std::uint64_t to) {
  return CLI::Validator(
      [=](std::string& text) {
        std::uint64_t value = 0;
        if (!parse(text, value) || value < from || value > to)
          return message(in_quotes(text), " is not a whole number from ", from, " to ", to);
        text = std::to_string(value);  // "007" becomes 7 for later conversions
        return std::string();
      },
      "");
}

CLI::Validator number_from(double from, double to) {
  return number(message("from ", from, " to ", to),
                [=](double value) { return value >= from && value <= to; });
}

CLI::Validator number_below(double from, double end) {
  return number(message("from ", from, " to below ", end),
                [=](double value) { return value >= from && value < end; });
}

CLI::Validator local_path() {
  return CLI::Validator(
      [](std::string& text) {
        return is_address(text) ? in_quotes(text) + " is an address, expected a path on this machine"
                                : std::string();
      },
      "");
}

CLI::Validator s3_address() {
  return CLI::Validator(
      [](std::string& text) {
        try {
          static_cast<void>(cloud::S3Uri::parse(text));
          return std::string();
        } catch (const lstmlib::Error& wrong) { return std::string(wrong.what()); }
      },
      "");
}

CLI::Validator checked_by(std::string (*fault)(std::string_view)) {
  return CLI::Validator([fault](std::string& text) { return fault(text); }, "");
}

}  // namespace sentiment
