// SPDX-License-Identifier: MIT
#include "sentiment/cloud/names.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/error_text.hpp"

#include <algorithm>
#include <initializer_list>

namespace sentiment::cloud {
namespace {

using lstmlib::message;

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_small(c) || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c); }

bool all(std::string_view text, bool (*is)(char)) { return std::all_of(text.begin(), text.end(), is); }

/// Removes and returns the text before a mark, together with the mark; all of it if there is no mark.
std::string_view next_part(std::string_view& text, char mark) {
  const auto end = (std::min)(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix((std::min)(end + 1, text.size()));
  return part;
}

std::string is_not(std::string_view text, const char* what) {
  return message("'", one_line(std::string(text), 100), "' is not ", what);
}

/// Whether a text has the form of eu-west-3: lower-case letters, then words and a number, separated by
/// hyphens.
bool is_region(std::string_view text) {
  const auto last = text.rfind('-');
  if (last == std::string_view::npos || last + 1 == text.size() || !all(text.substr(last + 1), is_digit))
    return false;
  std::string_view words = text.substr(0, last);
  int count = 0;
  for (; !words.empty(); ++count)
    if (const auto word = next_part(words, '-'); word.size() < 2 || !all(word, is_small)) return false;
  return count >= 2 && !text.substr(0, last).ends_with('-');
}

}  // namespace

std::string fault_of_bucket(std::string_view text) {
  std::string_view rest = text;
  std::string hint;
  if (rest.starts_with("s3://")) rest.remove_prefix(5);
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos || rest.size() < text.size()) {
    const std::string_view bucket = next_part(rest, '/');
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (fault_of_bucket(bucket).empty())
      hint = message("; the bucket is ", bucket, rest.empty() ? "" : ", and the rest is the prefix: ", rest);
    return is_not(text, "a bucket name") + hint;
  }
  const auto is_known = [](char c) { return is_small(c) || is_digit(c) || c == '-' || c == '.'; };
  const bool numbers = all(text, [](char c) { return is_digit(c) || c == '.'; }) &&
                       std::count(text.begin(), text.end(), '.') == 3;
  bool kept = false;
  for (const std::string_view prefix : {"xn--", "sthree-", "amzn-s3-demo-"})
    kept = kept || text.starts_with(prefix);
  for (const std::string_view suffix : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"})
    kept = kept || text.ends_with(suffix);
  const auto is_end = [](char c) { return is_small(c) || is_digit(c); };
  if (text.size() >= 3 && text.size() <= 63 && std::all_of(text.begin(), text.end(), is_known) &&
      is_end(text.front()) && is_end(text.back()) && text.find("..") == std::string_view::npos && !numbers &&
      !kept)
    return "";
  return is_not(text, "a bucket name: expected 3 to 63 lowercase letters, digits, dots and hyphens");
}

std::string fault_of_prefix(std::string_view text) {
  bool fine = text.size() <= 512 && !text.starts_with('/') && text.find("//") == std::string_view::npos &&
              std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
  std::string_view rest = text;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  while (fine && !rest.empty()) {
    const auto part = next_part(rest, '/');
    fine = part != "." && part != "..";
  }
  return fine ? "" : is_not(text, "a key prefix: expected words with single slashes between them");
}

std::string fault_of_name(std::string_view text) {
  if (!text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
      all(text, [](char c) { return c == '-' || is_word(c); }))
    return "";
  return is_not(text, "a name: expected up to 63 letters, digits and hyphens");
}

std::string fault_of_channel(std::string_view text) {
  if (!text.empty() && text.size() <= 64 &&
      all(text, [](char c) { return is_word(c) || c == '.' || c == '-' || c == '_'; }))
    return "";
  return is_not(text, "a channel name: expected up to 64 letters, digits, dots, hyphens and underscores");
}

std::string fault_of_instance_type(std::string_view text) {
  std::string_view rest = text;
  const auto ml = next_part(rest, '.'), family = next_part(rest, '.');
  const auto is_family = [](char c) { return is_small(c) || is_digit(c) || c == '-'; };
  std::string_view size = rest;
  if (size.ends_with("xlarge"))
    while (size.size() > 6 && is_digit(size.front())) size.remove_prefix(1);
  const auto sizes = {"nano", "micro", "small", "medium", "large", "xlarge", "metal"};
  if (ml == "ml" && !family.empty() && is_small(family.front()) && all(family, is_family) &&
      std::find(sizes.begin(), sizes.end(), size) != sizes.end())
    return "";
  return is_not(text, "an instance type: expected ml.FAMILY.SIZE, such as ml.c5.xlarge") +
         (text.starts_with("local") ? "; `sentiment local` runs everything on this machine" : "");
}

std::string fault_of_role_arn(std::string_view text) {
  std::string_view rest = text;
  const auto arn = next_part(rest, ':'), partition = next_part(rest, ':'), service = next_part(rest, ':'),
             region = next_part(rest, ':'), account = next_part(rest, ':');
  const bool of_aws = partition == "aws" || (partition.starts_with("aws-") &&
                                             all(partition, [](char c) { return is_small(c) || c == '-'; }));
  const auto is_path = [](char c) {
    return is_word(c) || std::string_view("+=,.@_/-").find(c) != std::string_view::npos;
  };
  if (arn == "arn" && of_aws && service == "iam" && region.empty() && account.size() == 12 &&
      all(account, is_digit) && rest.starts_with("role/") && rest.size() > 5 && !rest.ends_with('/') &&
      text.size() <= 2048 && all(rest, is_path))
    return "";
  return is_not(text,
                "the ARN of a role: expected arn:aws:iam::ACCOUNT:role/NAME with a twelve-digit account");
}

std::string fault_of_role(std::string_view text) {
  if (text.starts_with("arn:")) return fault_of_role_arn(text);
  const auto is_known = [](char c) {
    return is_word(c) || std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  };
  if (!text.empty() && text.size() <= 64 && all(text, is_known)) return "";
  return is_not(
      text,
      "a role: expected its ARN, or, if it has no path, its name of up to 64 letters, digits and +=,.@_-");
}

std::string fault_of_image(std::string_view text) {
  if (!text.empty() && text.size() <= 255 && all(text, [](char c) { return c > ' ' && c < 127; }) &&
      text.find("://") == std::string_view::npos)
    return "";
  return is_not(text, "an image in a registry: expected ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG");
}

std::string fault_of_region(std::string_view text) {
  return is_region(text) ? "" : is_not(text, "a region: expected a name such as eu-west-3");
}

}  // namespace sentiment::cloud
