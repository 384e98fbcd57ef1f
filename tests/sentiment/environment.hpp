// SPDX-License-Identifier: MIT
#pragma once
// Environment variables for the length of a test.

#include <unistd.h>

#include <cstdlib>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment::test {

/// Sets a variable, or unsets it where there is no value; what was before comes back at the end.
class SetVariable {
 public:
  SetVariable(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str())) before_ = before;
    set(value);
  }
  SetVariable(const SetVariable&) = delete;
  SetVariable& operator=(const SetVariable&) = delete;
  ~SetVariable() { set(before_); }

 private:
  void set(const std::optional<std::string>& value) const {
    if (value) ::setenv(name_.c_str(), value->c_str(), 1);
    else ::unsetenv(name_.c_str());
  }
  std::string name_;
  std::optional<std::string> before_;
};

/// No variable of AWS, of its older tools and of certificates while it lives, but those that are set by it.
class NoCloudVariables {
 public:
  NoCloudVariables() {
    std::vector<std::string> names{"BOTO_CONFIG", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
                                   "SSL_CERT_DIR"};
    for (char** entry = ::environ; *entry != nullptr; ++entry)
      if (const std::string_view text = *entry; text.starts_with("AWS_"))
        names.emplace_back(text.substr(0, text.find('=')));
    for (const std::string& name : names) variables_.emplace_back(name, std::nullopt);
  }
  ~NoCloudVariables() {
    while (!variables_.empty()) variables_.pop_back();  // the last first
  }
  NoCloudVariables(const NoCloudVariables&) = delete;
  NoCloudVariables& operator=(const NoCloudVariables&) = delete;

  void set(const std::string& name, const std::string& value) { variables_.emplace_back(name, value); }

 private:
  std::list<SetVariable> variables_;
};

}  // namespace sentiment::test
