// SPDX-License-Identifier: MIT
#pragma once
// Agreement between processes: that all could do their part, and that all have the same input.

#include "lstmlib/distributed/communicator.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// An error that all processes throw at the same place. So no process waits for another, and one may report
/// it for all.
struct AgreedError : Error {
  using Error::Error;
};

namespace detail {
inline std::vector<std::string> all_gather_texts(Communicator& all, std::string_view text) {
  std::vector<std::string> texts;
  for (const auto& bytes : all.all_gather(std::as_bytes(std::span(text))))
    texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return texts;
}
}  // namespace detail

/// Names of all processes by rank, such as "rank 2 of 4 (on algo-2)". Collective.
inline std::vector<std::string> process_names(Communicator& all) {
  return detail::all_gather_texts(all, all.name());
}

/// Calls `work()`, which must not communicate, in every process. If it throws in one, all throw AgreedError
/// with the message of the lowest rank that failed. The message names that process unless it is the same in
/// all. Collective.
///
///     const auto data = distributed::all_or_none(all, [&] { return read_data(path); });
template <class Work>
auto all_or_none(Communicator& all, Work work) {
  std::string failure;
  std::optional<std::invoke_result_t<Work>> result;
  try {
    result.emplace(work());
  } catch (const std::exception& error) {
    failure = error.what();
    if (failure.empty()) failure = "failed";
  }
  const auto failures = detail::all_gather_texts(all, failure);
  const auto first =
      std::find_if(failures.begin(), failures.end(), [](const auto& text) { return !text.empty(); });
  if (first == failures.end()) return std::move(*result);
  const bool same = std::equal(failures.begin() + 1, failures.end(), failures.begin());
  const auto names = process_names(all);
  if (same) fail<AgreedError>(*first);
  fail<AgreedError>(names[static_cast<std::size_t>(first - failures.begin())], ": ", *first);
}

/// Throws AgreedError in all processes unless `text` is equal in all. `what` names it: "the training data".
/// Collective.
inline void require_same(Communicator& all, std::string_view what, std::string_view text) {
  const auto texts = detail::all_gather_texts(all, text);
  const auto other =
      std::find_if(texts.begin(), texts.end(), [&](const auto& each) { return each != texts.front(); });
  if (other == texts.end()) return;
  const auto names = process_names(all);
  fail<AgreedError>(what, " is not the same in all processes: ", names.front(), " has ", texts.front(), ", ",
                    names[static_cast<std::size_t>(other - texts.begin())], " has ", *other);
}

}  // namespace lstmlib::distributed
