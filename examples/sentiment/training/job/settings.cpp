// SPDX-License-Identifier: MIT
#include "sentiment/training/job/settings.hpp"

#include "lstmlib/io/utf8.hpp"

#include <algorithm>

namespace sentiment::job {

CLI::Option* known_option(const CLI::App& train, const std::string& name) {
  if (name == "help") return nullptr;
  std::string option = name;
  std::replace(option.begin(), option.end(), '_', '-');
  return const_cast<CLI::App&>(train).get_option_no_throw("--" + option);
}

std::string fault_of_setting(CLI::Option& option, const std::string& value) {
  try {
    option.add_result(value)->run_callback();
    return "";
  } catch (const CLI::ConversionError&) {
    const bool flag = option.get_expected_min() == 0 && option.get_items_expected_max() == 0;
    return "'" + lstmlib::io::printable(value) + "' is " +
           (flag ? "neither true nor false" : "not what is expected");
  } catch (const CLI::ParseError& error) {
    // CLI11 puts the option's name in front of the reason.
    const std::string text = error.what(), name = option.get_name() + ": ";
    return text.starts_with(name) ? text.substr(name.size()) : text;
  }
}

}  // namespace sentiment::job
