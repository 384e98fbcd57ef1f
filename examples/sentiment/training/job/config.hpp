// SPDX-License-Identifier: MIT
#pragma once
// Parsers of the JSON files in input/config of a training container. Input may be anything. They throw
// FormatError, which begins with the file's `name`, for what they cannot use, including duplicate keys in an
// object.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment::job {

struct Hyperparameter {
  std::string name, value;
};

/// The settings of hyperparameters.json in the order of their names, without null values and those of the
/// service (sagemaker_...). Each value is a text. If it is JSON itself, it is decoded once, because
/// estimators of frameworks encode it once: `"\"rnn\""` and `"rnn"` both give rnn. Lists and objects stay as
/// written.
std::vector<Hyperparameter> parse_hyperparameters(std::string_view json, const std::string& name);

struct Channel {
  std::string name;
  bool pipe = false;  ///< data comes through pipes instead of files
};

/// The channels of inputdataconfig.json.
std::vector<Channel> parse_channels(std::string_view json, const std::string& name);

/// A setting of the service, whose name begins with sagemaker_, decoded like the others. Nothing if it is
/// missing or null.
std::optional<std::string> service_setting(std::string_view json, const std::string& name,
                                           const std::string& setting);

struct Resources {
  std::vector<std::string> hosts;
  std::string current_host, network_interface;  ///< "" if not given
};

/// The hosts in resourceconfig.json, in the order of the file.
Resources parse_resources(std::string_view json, const std::string& name);

/// The hosts of the variable SM_HOSTS: a JSON list.
std::vector<std::string> parse_host_list(std::string_view json, const std::string& name);

}  // namespace sentiment::job
