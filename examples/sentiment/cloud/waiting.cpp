// SPDX-License-Identifier: MIT
#include "sentiment/cloud/waiting.hpp"

#include "sentiment/cloud/interrupt.hpp"

#include <chrono>
#include <string_view>

namespace sentiment::cloud {
namespace {

using lstmlib::message;

/// Reports what is new about a job since the previous call.
class StatusReport {
 public:
  explicit StatusReport(const std::function<void(const std::string&)>& report) : report_(report) {}

  void look(const JobState& state) {
    if (!report_) return;
    for (std::size_t i = reported_.empty() ? 0 : reported_.size() - 1; i < state.transitions.size(); ++i) {
      const auto& [status, text] = state.transitions[i];
      const std::string line = status + (text.empty() ? "" : ": " + text);
      if (i < reported_.size() && reported_[i] == line)
        continue;  // the text of the newest transition may change
      reported_.resize(i + 1);
      reported_[i] = line;
      report_(one_line(line));
    }
    if (state.transitions.empty() && (reported_.empty() || reported_.back() != state.secondary)) {
      reported_ = {state.secondary};
      report_(one_line(state.secondary));
    }
  }

 private:
  const std::function<void(const std::string&)>& report_;
  std::vector<std::string> reported_;
};

/// Returns false if there was nothing to delete.
template <class Delete>
bool try_delete(const Delete& erase) {
  try {
    erase();
    return true;
  } catch (const ServiceError& error) {
    if (!is_missing(error)) throw;
    return false;
  }
}

}  // namespace

JobState wait_for_job(const Session& session, const std::string& name, const Watching& watching) {
  SageMaker sagemaker(session);
  JobLogs logs(session, name);
  StatusReport status_report(watching.report);
  bool read_logs = static_cast<bool>(watching.log_line);
  while (true) {
    const JobState state = sagemaker.describe_training_job(name);
    status_report.look(state);
    if (read_logs) {
      try {
        logs.read([&](std::string_view host, std::string_view line) {
          watching.log_line(message(host, "  ", line));
        });
      } catch (const ServiceError& error) {  // the job does not depend on logs
        read_logs = false;
        if (watching.report) watching.report(message("its log lines are not shown: ", error.what()));
      }
    }
    if (state.ended()) return state;
    pause(watching.poll);
  }
}

EndpointState wait_for_endpoint(SageMaker& sagemaker, const std::string& name, const Watching& watching) {
  std::string reported;
  while (true) {
    const EndpointState state = sagemaker.describe_endpoint(name);
    if (watching.report && state.status != reported)
      watching.report(one_line("endpoint " + name + ": " + state.status));
    reported = state.status;
    if (state.ended()) return state;
    pause(watching.poll);
  }
}

bool delete_endpoint_when_made(SageMaker& sagemaker, const std::string& name, const Watching& watching) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::minutes(30);
  for (bool reported = false;; reported = true) {
    try {
      return try_delete([&] { sagemaker.delete_endpoint(name); });
    } catch (const ServiceError& error) {
      // The service refuses to delete an endpoint that is still being created.
      const bool busy = std::string_view(error.what()).find("in-progress") != std::string_view::npos;
      if (!busy || Clock::now() > end) throw;
    }
    if (!reported && watching.report)
      watching.report("endpoint " + name + " is still being created; it will be deleted once it exists");
    pause(watching.poll);
  }
}

std::vector<std::string> delete_deployment(SageMaker& sagemaker, const std::string& name,
                                           const Watching& watching) {
  std::string config = name;
  std::vector<std::string> models{name}, deleted;
  try_delete([&] { config = sagemaker.describe_endpoint(name).config; });
  if (config.empty()) config = name;
  try_delete([&] {
    if (auto found = sagemaker.models_of(config); !found.empty()) models = std::move(found);
  });
  if (delete_endpoint_when_made(sagemaker, name, watching)) deleted.push_back("endpoint " + name);
  if (try_delete([&] { sagemaker.delete_endpoint_config(config); }))
    deleted.push_back("endpoint config " + config);
  for (const std::string& model : models)
    if (try_delete([&] { sagemaker.delete_model(model); })) deleted.push_back("model " + model);
  return deleted;
}

}  // namespace sentiment::cloud
