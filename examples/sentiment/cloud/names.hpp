// SPDX-License-Identifier: MIT
#pragma once
// What names and values have to look like, by the patterns that the services publish: faults are found before
// anything is sent. Each of these returns what is wrong, beginning with the text in quotes, or "".

#include <string>
#include <string_view>

namespace sentiment::cloud {

/// A general purpose bucket: 3 to 63 small letters, digits, dots and hyphens, a letter or digit at both ends, no
/// two dots in a row, no address of numbers, none of the prefixes and suffixes that S3 keeps for itself.
std::string fault_of_bucket(std::string_view text);

/// The beginning of keys: at most 512 bytes, no slash at its begin, no two in a row, no part "." or "..".
std::string fault_of_prefix(std::string_view text);

/// A job, a model, an endpoint: up to 63 letters, digits and hyphens, no hyphen at the ends.
std::string fault_of_name(std::string_view text);

/// A channel of a job: up to 64 letters, digits, dots, hyphens and underscores.
std::string fault_of_channel(std::string_view text);

/// "ml.FAMILY.SIZE", such as ml.c5.xlarge.
std::string fault_of_instance_type(std::string_view text);

/// "arn:PARTITION:iam::ACCOUNT:role/NAME".
std::string fault_of_role_arn(std::string_view text);
/// The same, or the name alone of a role without a path: up to 64 letters, digits and "+=,.@_-".
std::string fault_of_role(std::string_view text);

/// An image of a registry, up to 255 characters without a space.
std::string fault_of_image(std::string_view text);

/// One of AWS's own: eu-west-3, us-gov-east-1.
std::string fault_of_region(std::string_view text);

}  // namespace sentiment::cloud
