// SPDX-License-Identifier: MIT
#include "sentiment/cloud/xml_answer.hpp"

#include <expat.h>

#include <memory>

namespace sentiment::cloud {
namespace {

constexpr std::size_t max_bytes = 1 << 20;
constexpr int deepest = 32, max_elements = 10'000;

struct Reading {
  XML_Parser parser;
  XmlAnswer answer{};
  std::string text{};
  bool leaf = false;  ///< only text since the last start tag
  int depth = 0, elements = 0;

  static void begin(void* self, const XML_Char* name, const XML_Char**) {
    auto& reading = *static_cast<Reading*>(self);
    if (++reading.depth > deepest || ++reading.elements > max_elements)
      XML_StopParser(reading.parser, XML_FALSE);
    if (reading.elements == 1) reading.answer.root = local(name);
    reading.leaf = true;
    reading.text.clear();
  }
  static void end(void* self, const XML_Char* name) {
    auto& reading = *static_cast<Reading*>(self);
    --reading.depth;
    if (reading.leaf) reading.answer.texts.try_emplace(local(name), reading.text);
    reading.leaf = false;
  }
  static void characters(void* self, const XML_Char* text, int count) {
    auto& reading = *static_cast<Reading*>(self);
    if (reading.leaf) reading.text.append(text, static_cast<std::size_t>(count));
  }
  static void document_type(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    XML_StopParser(static_cast<Reading*>(self)->parser, XML_FALSE);
  }

  /// The name without a namespace prefix.
  static std::string local(const XML_Char* name) {
    const std::string_view text = name;
    return std::string(text.substr(text.find(':') + 1));  // npos + 1 is 0
  }
};

struct ParserFree {
  void operator()(XML_ParserStruct* parser) const { XML_ParserFree(parser); }
};

}  // namespace

std::string XmlAnswer::text(const std::string& name) const {
  const auto at = texts.find(name);
  return at == texts.end() ? "" : at->second;
}

std::optional<XmlAnswer> parse_xml(std::string_view text) {
  if (text.size() > max_bytes) return std::nullopt;
  const std::unique_ptr<XML_ParserStruct, ParserFree> parser(XML_ParserCreate(nullptr));
  if (!parser) throw std::bad_alloc();
  Reading reading{.parser = parser.get()};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), &Reading::begin, &Reading::end);
  XML_SetCharacterDataHandler(parser.get(), &Reading::characters);
  XML_SetStartDoctypeDeclHandler(parser.get(), &Reading::document_type);
  if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) != XML_STATUS_OK)
    return std::nullopt;
  return std::move(reading.answer);
}

}  // namespace sentiment::cloud
