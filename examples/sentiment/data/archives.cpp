// SPDX-License-Identifier: MIT
#include "sentiment/data/archives.hpp"

#include <archive.h>
#include <archive_entry.h>

#include "lstmlib/base/error.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;

constexpr std::size_t max_entries = 1'000'000;

struct ArchiveClose {
  void operator()(archive* handle) const { archive_read_free(handle); }
};

/// Calls `take(name, content)` for the regular files of a .tar.gz that `accept(name)` accepts.
void read_archive(const std::filesystem::path& path, std::size_t limit,
                  const std::function<bool(std::string_view)>& accept,
                  const std::function<void(std::string_view, std::string)>& take) {
  const std::unique_ptr<archive, ArchiveClose> handle(archive_read_new());
  if (!handle) fail<lstmlib::Error>(path.string(), ": libarchive does not start");
  const auto fail_here = [&] {
    const char* reason = archive_error_string(handle.get());
    fail<FormatError>(path.string(), ": ", reason != nullptr ? reason : "not a .tar.gz archive");
  };
  archive_read_support_filter_gzip(handle.get());
  archive_read_support_format_tar(handle.get());
  constexpr std::size_t block = 1 << 16;
  if (archive_read_open_filename(handle.get(), path.c_str(), block) != ARCHIVE_OK) fail_here();

  std::size_t total = 0;
  std::array<char, block> buffer{};
  archive_entry* entry = nullptr;
  for (std::size_t entries = 0;; ++entries) {
    const int status = archive_read_next_header(handle.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail_here();
    if (entries == max_entries) fail<FormatError>(path.string(), ": more than ", max_entries, " files in it");
    const char* pathname = archive_entry_pathname(entry);
    std::string_view name = pathname != nullptr ? pathname : "";
    if (name.starts_with("./")) name.remove_prefix(2);
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    const bool accepted = accept(name);
    std::string content;
    while (true) {  // skipped files are decompressed too and count towards the limit
      const la_ssize_t count = archive_read_data(handle.get(), buffer.data(), buffer.size());
      if (count < 0) fail_here();
      if (count == 0) break;
      total += static_cast<std::size_t>(count);
      if (total > limit) fail<FormatError>(path.string(), ": decompresses to more than ", limit, " bytes");
      if (accepted) content.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (accepted) take(name, std::move(content));
  }
}

void check_complete(const LabelledData& data, const std::filesystem::path& archive,
                    std::string_view expected) {
  for (const LabelledPart* part : {&data.train, &data.test}) {
    if (part->sentences.empty())
      fail<FormatError>(archive.string(), ": no ", expected, " in it for ", part->name);
  }
}

std::vector<LabelledSentence> dbpedia_sentences(const std::string& content, const std::string& name,
                                                const TextOptions& options) {
  TextDecoder decoder(name, options);
  const std::string text = decoder.decode(content);
  decoder.report();
  std::vector<LabelledSentence> sentences;
  for (auto& row : parse_csv(text, name)) {
    LabelledSentence sentence;
    sentence.line = sentences.size() + 1;
    if (row.size() != 3)
      fail<FormatError>(name, ": row ", sentence.line, " has ", row.size(), " fields, expected 3");
    if (!parse_integer(row[0], sentence.label) || sentence.label < 1)
      fail<FormatError>(name, ": row ", sentence.line, ": the class is not a number from 1");
    --sentence.label;
    sentence.text = strip(row[2]);
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

/// The class for 1 to 10 stars; negative for ratings that the data set does not have.
std::int32_t fine_label(std::string_view stars) {
  std::int32_t count = 0;
  if (!parse_integer(stars, count)) return -1;
  if (count == 1 || count == 2) return 0;
  if (count == 3 || count == 4) return 1;
  if (count == 7 || count == 8) return 2;
  if (count == 9 || count == 10) return 3;
  return -1;
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool quoted = false, begun = false;  // begun: a row has started, though its only field may be empty
  const auto end_row = [&] {
    if (begun) {
      row.push_back(std::exchange(field, {}));
      rows.push_back(std::exchange(row, {}));
    }
    begun = false;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"') field += c;
      else if (at + 1 < text.size() && text[at + 1] == '"') field += text[++at];
      else quoted = false;
    } else if (c == '\n' || c == '\r') {
      end_row();
    } else {
      begun = true;
      if (c == '"' && field.empty()) quoted = true;
      else if (c == ',') row.push_back(std::exchange(field, {}));
      else field += c;
    }
  }
  if (quoted) fail<FormatError>(name, ": row ", rows.size() + 1, ": a quote is not closed");
  end_row();
  return rows;
}

LabelledData read_dbpedia(const std::filesystem::path& archive, std::size_t limit,
                          const TextOptions& options) {
  constexpr std::string_view train = "dbpedia_csv/train.csv", test = "dbpedia_csv/test.csv";
  LabelledData data;
  data.train.name = archive.string() + ":" + std::string(train);
  data.test.name = archive.string() + ":" + std::string(test);
  read_archive(
      archive, limit, [&](std::string_view name) { return name == train || name == test; },
      [&](std::string_view name, const std::string& content) {
        LabelledPart& part = name == train ? data.train : data.test;
        part.sentences = dbpedia_sentences(content, part.name, options);
      });
  check_complete(data, archive, "rows");
  return data;
}

LabelledData read_imdb(const std::filesystem::path& archive, bool fine, std::size_t limit,
                       const TextOptions& options) {
  struct Review {
    std::string name, text;
  };
  constexpr std::array<std::string_view, 4> folders = {"aclImdb/train/pos/", "aclImdb/train/neg/",
                                                       "aclImdb/test/pos/", "aclImdb/test/neg/"};
  std::array<std::vector<Review>, 4> reviews;
  const auto folder_of = [&](std::string_view name) {
    return std::find_if(folders.begin(), folders.end(),
                        [&](std::string_view folder) { return name.starts_with(folder); }) -
           folders.begin();
  };
  TextDecoder decoder(archive.string(), options);
  read_archive(
      archive, limit, [&](std::string_view name) { return name.ends_with(".txt") && folder_of(name) < 4; },
      [&](std::string_view name, const std::string& content) {
        decoder.begin_file();
        const std::string text = decoder.decode(content);
        reviews[static_cast<std::size_t>(folder_of(name))].push_back(
            {std::string(name), std::string(strip(text))});
      });
  decoder.report();
  LabelledData data;
  data.train.name = archive.string() + ":aclImdb/train";
  data.test.name = archive.string() + ":aclImdb/test";
  for (std::size_t folder = 0; folder < folders.size(); ++folder) {
    auto& found = reviews[folder];
    std::sort(found.begin(), found.end(),
              [](const Review& left, const Review& right) { return left.name < right.name; });
    auto& sentences = (folder < 2 ? data.train : data.test).sentences;
    for (Review& review : found) {
      LabelledSentence sentence{std::move(review.text), static_cast<std::int32_t>(folder % 2),
                                sentences.size() + 1};
      if (fine) {
        const auto begin = review.name.rfind('_') + 1,
                   end = review.name.size() - std::string_view(".txt").size();
        sentence.label = begin == 0 || begin > end
                             ? -1
                             : fine_label(std::string_view(review.name).substr(begin, end - begin));
        if (sentence.label < 0)
          fail<FormatError>(archive.string(), ": ", review.name, ": no stars in the name, as in 12_8.txt");
      }
      sentences.push_back(std::move(sentence));
    }
  }
  check_complete(data, archive, "reviews");
  return data;
}

}  // namespace sentiment
