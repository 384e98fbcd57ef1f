// SPDX-License-Identifier: MIT
#pragma once
// The program in processes of its own, serving small models, for tests.

#include "http_client.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/model/model_folder.hpp"
#include "support.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sentiment::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using lstmlib::test::ask;
using lstmlib::test::HttpReply;
using Json = nlohmann::json;

/// Variables that a process gets besides.
using Variables = std::vector<std::pair<std::string, std::string>>;

/// A process of the program; ended with the object.
class Process {
 public:
  Process(const fs::path& folder, std::vector<std::string> arguments, const std::string& input = {},
          const Variables& environment = {})
      : folder_(folder) {
    fs::create_directories(folder);
    for (const char* stream : {"stdin", "stdout", "stderr"}) write_text(folder / stream, "");
    write_text(folder / "stdin", input);
    arguments.insert(arguments.begin(), SENTIMENT_PROGRAM);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ > 0) return;
    for (const char* name :
         {"SAGEMAKER_BIND_TO_PORT", "SAGEMAKER_BASE_DIR", "SAGEMAKER_MODEL_SERVER_WORKERS"})
      unsetenv(name);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    const int in = open((folder / "stdin").c_str(), O_RDONLY);
    const int out = open((folder / "stdout").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
    execv(argv[0], argv.data());
    _exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    wait();
  }
  void send(int signal) const { kill(child_, signal); }
  pid_t id() const { return child_; }
  int wait() {
    int status = 0;
    waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string out() const { return read_text(folder_ / "stdout"); }
  std::string err() const { return read_text(folder_ / "stderr"); }

 private:
  fs::path folder_;
  pid_t child_ = -1;
};

/// A served model.
struct Server {
  Server(const fs::path& folder, const fs::path& model_dir, std::vector<std::string> options = {},
         const Variables& environment = {})
      : process(folder, with(std::move(options), model_dir), {}, environment) {
    for (int i = 0; i < 2000 && port == 0; ++i, std::this_thread::sleep_for(5ms)) {
      const std::string err = process.err();
      const auto at = err.find(" at http://");
      if (at == std::string::npos || err.find('\n') == std::string::npos) continue;
      const auto colon = err.find(':', at + 11);
      host = err.substr(at + 11, colon - at - 11);
      port = static_cast<std::uint16_t>(std::stoi(err.substr(colon + 1)));
    }
    REQUIRE_MESSAGE(port != 0, process.err());
    for (int i = 0; i < 2000 && ask(port, "GET", "/ping").status != 200; ++i)
      std::this_thread::sleep_for(5ms);
  }
  static std::vector<std::string> with(std::vector<std::string> options, const fs::path& model_dir) {
    std::vector<std::string> all{"serve"};
    if (!model_dir.empty()) all.insert(all.end(), {"--model-dir", model_dir.string(), "--port", "0"});
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }
  HttpReply post(const std::string& body, const std::string& type = "application/json",
                 const std::string& accept = "application/json",
                 const std::string& path = "/invocations") const {
    return ask(port, "POST", path, {{"Content-Type", type}, {"Accept", accept}}, body);
  }
  Json rows(const std::string& body) const { return Json::parse(post(body).body); }

  Process process;
  std::string host;
  std::uint16_t port = 0;
};

/// A model with random weights.
inline fs::path make_model(const fs::path& folder, const ModelSettings& settings) {
  set_seed(7);
  std::vector<Vocabulary::Entry> entries = {{"<eos>", 0}, {"<unk>", 1}};
  for (const char* word : {"a", "film", "good", "bad", "fun", "not", "dull", "very", "plot", "b", "c", " "})
    entries.emplace_back(word, static_cast<std::int32_t>(entries.size()));
  const Vocabulary vocabulary(entries);
  save_model_folder(folder, settings, vocabulary, Classifier<float>(settings, vocabulary.size()));
  return folder;
}

}  // namespace sentiment::test
