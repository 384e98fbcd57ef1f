// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/text_options.hpp"
#include "sentiment/model/predict.hpp"
#include "sentiment/serving/client.hpp"
#include "sentiment/data/text/decoder.hpp"

#include <iostream>

namespace sentiment {

namespace {

struct InvokeOptions {
  std::string endpoint = "http://127.0.0.1:8080", name = "sentiment", format = "text";
  std::size_t batch_size = 256;
  long timeout = 60;
  TextOptions text;
};

void run(const InvokeOptions& options) {
  EndpointClient client(options.endpoint, options.name, options.timeout);
  std::vector<std::string> sentences;
  const auto flush = [&] {
    if (sentences.empty()) return;
    std::cout << client.invoke(sentences, options.format);
    if (!std::cout.flush()) fail<FileError>("standard output: cannot write");
    sentences.clear();
  };
  TextDecoder decoder("standard input", options.text);
  LineReader lines(std::cin, decoder);
  for (std::string line; lines.next(line);) {
    sentences.push_back(std::move(line));
    if (sentences.size() == options.batch_size) flush();
  }
  flush();
  decoder.report();
}

}  // namespace

void add_invoke(CLI::App& app) {
  auto* command =
      app.add_subcommand("invoke", "Send sentences from standard input, one per line, to a running endpoint");
  const auto options = std::make_shared<InvokeOptions>();
  command->add_option("--endpoint", options->endpoint, "Address of the server")->capture_default_str();
  command->add_option("--name", options->name, "Name of the endpoint")->capture_default_str();
  command
      ->add_option("--format", options->format,
                   "text (prediction, score and sentence, separated by tabs), json or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}))
      ->capture_default_str();
  command->add_option("--batch-size", options->batch_size, "Sentences per request")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("--timeout", options->timeout, "Timeout of a request in seconds")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  add_text_options(*command, options->text);
  command->footer(
      "Example:\n  echo 'a warm and funny film' | sentiment invoke --endpoint http://127.0.0.1:8080");
  command->callback([options] { run(*options); });
}

}  // namespace sentiment
