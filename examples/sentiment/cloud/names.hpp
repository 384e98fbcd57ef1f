// SPDX-License-Identifier: MIT
#pragma once
// Checks of names and values against the patterns that the services publish, so that errors are found before
// anything is sent. Each function returns an error message that begins with the text in quotes, or "".

#include <string>
#include <string_view>

namespace sentiment::cloud {

/// A general purpose bucket: 3 to 63 lower-case letters, digits, dots and hyphens. It begins and ends with a
/// letter or digit, has no two adjacent dots, is not an IP address, and has none of S3's reserved prefixes
/// and suffixes.
std::string fault_of_bucket(std::string_view text);

/// A key prefix: at most 512 bytes, no slash at the beginning, no two adjacent slashes, no part "." or "..".
std::string fault_of_prefix(std::string_view text);

/// A job, model or endpoint: up to 63 letters, digits and hyphens, no hyphen at the ends.
std::string fault_of_name(std::string_view text);

/// A channel of a job: up to 64 letters, digits, dots, hyphens and underscores.
std::string fault_of_channel(std::string_view text);

/// "ml.FAMILY.SIZE", such as ml.c5.xlarge.
std::string fault_of_instance_type(std::string_view text);

/// "arn:PARTITION:iam::ACCOUNT:role/NAME".
std::string fault_of_role_arn(std::string_view text);
/// The same, or just the name of a role without a path: up to 64 letters, digits and "+=,.@_-".
std::string fault_of_role(std::string_view text);

/// An image in a registry: up to 255 characters, no space.
std::string fault_of_image(std::string_view text);

/// A region of AWS, such as eu-west-3 or us-gov-east-1.
std::string fault_of_region(std::string_view text);

}  // namespace sentiment::cloud
