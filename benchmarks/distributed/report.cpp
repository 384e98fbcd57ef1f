// SPDX-License-Identifier: MIT
// Makes tables of the values that run.sh left in OUT/raw, and asks the cost model.
//   report OUT [--train FILE]
#include "model_report.hpp"

#include <exception>
#include <fstream>
#include <iostream>

namespace {

cost::Sentences words_of(const std::vector<workload::Sentence>& sentences) {
  cost::Sentences words;
  for (const auto& sentence : sentences) words.push_back(sentence.words);
  return words;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void run(const std::filesystem::path& out, const std::string& train) {
  const report::Measured measured(report::read_results(out / "raw"));
  const auto sentences = words_of(train.empty() ? workload::made_sentences(6920, 0, 7142)
                                                : workload::read_corpus(train, train).train);

  std::string text =
      "# Training by several processes\n\nWritten by `benchmarks/distributed/run.sh`; "
      "docs/results/distributed.md "
      "explains it.\n\n";
  bool quick = false;
  for (const auto& note : measured.results().notes) {
    const auto& machine = note.at("machine");
    text += "* " + note.at("part").get<std::string>() + ": `" + note.at("command").get<std::string>() +
            "`, commit " + note.at("commit").get<std::string>() + ", " + note.at("date").get<std::string>() +
            ", " + note.at("data").get<std::string>() + ", " + note.at("mpi").get<std::string>() + ", " +
            machine.at("processor").get<std::string>() + ", " +
            std::to_string(machine.at("cores").get<int>()) + " cores\n";
    quick = quick || note.at("quick").get<bool>();
  }
  if (quick) text += "\n**A quick run: it says nothing about speed.**\n";
  text += "\nMedians over rounds in which all sides take turns, with the range.\n\n";
  nlohmann::ordered_json json{{"notes", measured.results().notes},
                              {"tables", nlohmann::ordered_json::object()}};
  for (const report::Table& table :
       {report::overhead_table(measured), report::ranks_table(measured), report::parts_table(measured),
        report::loss_table(measured), report::wire_table(measured), report::constants_table(measured),
        report::check_table(measured, sentences), report::prediction_table(measured, sentences),
        report::limits_table(measured, sentences)}) {
    if (table.rows.empty()) continue;
    text += table.markdown();
    json["tables"][table.title] = table.values;
  }
  write(out / "report.md", text);
  write(out / "report.json", json.dump(2) + "\n");
}

}  // namespace

int main(int count, char** words) {
  try {
    const bool with_file = count == 4 && std::string(words[2]) == "--train";
    if (count != 2 && !with_file) throw std::runtime_error("OUT [--train FILE] expected");
    run(words[1], with_file ? words[3] : "");
  } catch (const std::exception& error) {
    std::cerr << "report: " << error.what() << '\n';
    return 1;
  }
}
