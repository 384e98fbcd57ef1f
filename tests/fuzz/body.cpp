// SPDX-License-Identifier: MIT
#include "body_fuzz.hpp"

#include "lstmlib/io/npy.hpp"
#include "lstmlib/serve/message.hpp"
#include "sentiment/serving/read_body.hpp"
#include "sentiment/serving/write_body.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace sentiment::test {

namespace {

void expect(bool truth) {
  if (!truth) std::abort();
}

/// The tokens are what the sentence says, and no token is empty.
void check_texts(const Texts& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    expect(lstmlib::io::is_utf8(texts[i]));
    std::string joined;
    std::size_t count = 0;
    texts.for_each_token(i, [&](std::string_view token) {
      expect(!token.empty() && lstmlib::io::is_utf8(token));
      joined.append(count++ ? " " : "").append(token);
    });
    expect(count == texts.tokens(i) && joined == texts[i]);
  }
}

}  // namespace

int try_body(std::string_view type, const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const bool char_based : {false, true}) {
    Answers answers;
    try {
      answers.texts = read_body(body, type, char_based);
    } catch (const lstmlib::serve::HttpError& error) {
      expect(error.status() == 400 || error.status() == 413);
      expect(nlohmann::json::accept(lstmlib::serve::error_response(error).content.body));
      continue;
    }
    const std::size_t count = answers.texts.size();
    expect(count > 0 && count <= size);
    check_texts(answers.texts);
    answers.labels.assign(count, 1);
    answers.scores.assign(count, 0.7f);
    constexpr std::size_t most = std::size_t{64} << 20;
    const auto json = nlohmann::json::parse(write_body(answers, json_type, most).body);
    const auto& rows = answers.texts.instances ? json["predictions"] : json;
    expect(rows.size() == count);
    for (std::size_t i = 0; i < count; ++i) expect(rows[i][0].get<std::string>() == answers.texts[i]);
    write_body(answers, csv_type, most);
    write_body(answers, json_lines_type, most);
    try {
      const std::string file = write_body(answers, npy_type, most).body;
      const auto array = lstmlib::io::parse_npy(std::as_bytes(std::span(file)), "answer");
      expect(array.shape == std::vector<lstmlib::Index>{static_cast<lstmlib::Index>(count), 3});
    } catch (const lstmlib::serve::HttpError& error) { expect(error.status() == 413); }
  }
  return 0;
}

}  // namespace sentiment::test
