// SPDX-License-Identifier: MIT
// Uses all that the library needs: zlib in an archive, nlohmann-json and Eigen by their headers.
#include <lstmlib/eigen.hpp>
#include <lstmlib/io/npz.hpp>
#include <lstmlib/version.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#ifdef WITH_PLOT
#include <lstmlib/plot/chart.hpp>
#endif

using namespace lstmlib;

int main() {
  io::Archive archive;
  archive.add("words", io::Array::from_strings({"a", "warm", "film"}, {3}));
  const auto bytes = io::format_npz(archive, io::Compression::deflate);
  const auto words = io::parse_npz(bytes, "memory").at("words").strings();
  const EigenMatrix<float> ones = EigenMatrix<float>::Ones(2, 2);
#ifdef WITH_PLOT
  if (plot::png({.title = "loss", .series = {{"train", {1, 2}, {2, 1}}}}).empty()) return 1;
#endif
  std::puts(nlohmann::json(words).dump().c_str());
  return words.at(2) == "film" && ones.sum() == 4 ? 0 : 1;
}
