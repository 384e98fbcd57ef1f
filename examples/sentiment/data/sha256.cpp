// SPDX-License-Identifier: MIT
#include "sentiment/data/sha256.hpp"

#include <openssl/evp.h>

#include "lstmlib/base/error.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace sentiment {

std::string sha256_of_file(const std::filesystem::path& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
  if (!stream) lstmlib::fail<lstmlib::FileError>(file.string(), ": ", std::strerror(errno));
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  bool fine = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::array<char, 65536> buffer{};
  while (fine) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), stream.get());
    if (count == 0) break;
    fine = EVP_DigestUpdate(context.get(), buffer.data(), count) == 1;
  }
  if (std::ferror(stream.get()) != 0)
    lstmlib::fail<lstmlib::FileError>(file.string(), ": ", std::strerror(errno));
  if (!fine || EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1)
    lstmlib::fail<lstmlib::Error>(file.string(), ": SHA-256 failed");
  return hex({reinterpret_cast<const char*>(digest.data()), length});
}

std::string sha256_of_text(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    lstmlib::fail<lstmlib::Error>("OpenSSL: SHA-256 failed");
  return hex({reinterpret_cast<const char*>(digest.data()), length});
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace sentiment
