// SPDX-License-Identifier: MIT
#pragma once
// Environment variables for the length of a test.

#include <cstdlib>
#include <optional>
#include <string>

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

}  // namespace sentiment::test
