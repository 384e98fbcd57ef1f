// SPDX-License-Identifier: MIT
#pragma once
// The few values that answers in XML are asked for, read by Expat.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sentiment::cloud {

/// The name of the outermost element, and the texts of those with no element in them, the first of each name.
struct XmlAnswer {
  std::string root;
  std::map<std::string, std::string> texts;

  /// The text of an element; empty where there is none.
  std::string text(const std::string& name) const;
};

/// Nothing for what is no XML, has a document type (so no entity is ever expanded), more than a megabyte,
/// elements more than 32 deep or more than 10,000 of them. Names are taken without their namespaces.
std::optional<XmlAnswer> parse_xml(std::string_view text);

}  // namespace sentiment::cloud
