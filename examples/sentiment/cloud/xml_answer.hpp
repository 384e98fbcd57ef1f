// SPDX-License-Identifier: MIT
#pragma once
// Reads the few values that are needed from XML responses, with Expat.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sentiment::cloud {

/// The name of the root element, and the texts of elements without child elements (the first one of each
/// name).
struct XmlAnswer {
  std::string root;
  std::map<std::string, std::string> texts;

  /// The text of an element; empty if there is none.
  std::string text(const std::string& name) const;
};

/// Nothing if the text is not XML or has a document type, so entities are never expanded. Nothing either
/// above a megabyte, 10,000 elements or a depth of 32. Names have no namespaces.
std::optional<XmlAnswer> parse_xml(std::string_view text);

}  // namespace sentiment::cloud
