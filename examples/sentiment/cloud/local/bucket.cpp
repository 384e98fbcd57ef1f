// SPDX-License-Identifier: MIT
#include "sentiment/cloud/local/bucket.hpp"

#include "sentiment/data/file.hpp"

namespace sentiment::local {

using lstmlib::fail;

namespace {

void copy_folder(const fs::path& from, const fs::path& to) {
  make_folder(to);
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
  if (error) fail<lstmlib::FileError>("copying ", from.string(), " to ", to.string(), ": ", error.message());
}

}  // namespace

fs::path Bucket::file(const std::string& uri) const {
  const std::string start = this->uri("");
  if (!uri.starts_with(start)) fail<lstmlib::Error>(uri, ": is not in the bucket ", name_);
  return root_ / name_ / uri.substr(start.size());
}

std::string Bucket::upload(const fs::path& folder, const std::string& prefix) const {
  const std::string to = uri(prefix);
  copy_folder(folder, file(to));
  return to;
}

void Bucket::download(const std::string& uri, const fs::path& folder) const {
  copy_folder(file(uri), folder);
}

}  // namespace sentiment::local
