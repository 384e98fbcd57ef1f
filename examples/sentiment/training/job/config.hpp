// SPDX-License-Identifier: MIT
#pragma once
// The JSON files that a training container finds in input/config. All parsers take anything, and throw
// FormatError that begins with `name`, the file's, for what they cannot use; a key that comes twice in one
// object is such.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment::job {

struct Hyperparameter {
  std::string name, value;
};

/// The settings of hyperparameters.json in the order of their names, without those of the service
/// (sagemaker_...) and those that are null. Each value is a text; where it is itself JSON it is decoded once,
/// as it is encoded once by estimators of frameworks: `"\"rnn\""` and `"rnn"` are both rnn. Lists and objects
/// stay as they are written.
std::vector<Hyperparameter> parse_hyperparameters(std::string_view json, const std::string& name);

struct Channel {
  std::string name;
  bool pipe = false;  ///< its data would come through pipes instead of files
};

/// The channels of inputdataconfig.json.
std::vector<Channel> parse_channels(std::string_view json, const std::string& name);

/// A setting of the service, whose name begins with sagemaker_, as text, decoded like the others; nothing
/// where it is not there or null.
std::optional<std::string> service_setting(std::string_view json, const std::string& name,
                                           const std::string& setting);

struct Resources {
  std::vector<std::string> hosts;
  std::string current_host, network_interface;  ///< "" where it does not say
};

/// What resourceconfig.json says of the job's hosts, in its order.
Resources parse_resources(std::string_view json, const std::string& name);

/// The hosts of the variable SM_HOSTS: a JSON list.
std::vector<std::string> parse_host_list(std::string_view json, const std::string& name);

}  // namespace sentiment::job
