// SPDX-License-Identifier: MIT
// Any model as an endpoint: of the four functions load, read, predict and write only the first must be
// written. The others take an .npy file of numbers, call the model, and give an .npy file back.
//   serve_a_model FOLDER PORT
#include <lstmlib/core.hpp>
#include <lstmlib/serialization/archive.hpp>
#include <lstmlib/serve.hpp>

#include <cstdio>
#include <cstdlib>

using namespace lstmlib;

/// Exclusive or: the probability that exactly one of two numbers is 1.
struct Xor : nn::Module {
  nn::Linear<float> hidden{{.input_size = 2, .output_size = 8}}, output{{.input_size = 8, .output_size = 1}};

  /// x [rows, 2]; result [rows, 1]
  Variable<float> operator()(const Variable<float>& x) const {
    return ops::sigmoid(output(ops::tanh(hidden(x))));
  }
  void visit_members(nn::MemberVisitor& visit) override { visit("hidden", hidden)("output", output); }
};

struct Endpoint {
  Xor load(const std::filesystem::path& folder) {
    Xor model;
    io::load_npz(folder / "model.npz", model);
    return model;
  }
};

void train(const std::filesystem::path& folder) {
  set_seed(1);
  Xor model;
  optim::Adam adam(model, {.learning_rate = 0.05});
  const Variable<float> x(Tensor<float>::from({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2})),
      y(Tensor<float>::from({0, 1, 1, 0}, {4, 1}));
  for (int step = 0; step < 500; ++step) {
    adam.zero_grad();
    const Variable<float> difference = model(x) - y;
    ops::sum(difference * difference).backward();
    adam.step();
  }
  io::save_npz(folder / "model.npz", model);
}

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: serve_a_model FOLDER PORT\n", stderr), 2;
  try {
    if (!std::filesystem::exists(std::filesystem::path(argv[1]) / "model.npz")) train(argv[1]);
    serve::ServerOptions options;
    options.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
    options.stop_at_signals = true;
    serve::Service service(Endpoint{}, argv[1], options);
    std::printf("http://127.0.0.1:%d/invocations\n", service.server().port());
    std::fflush(stdout);
    service.run();
  } catch (const std::exception& error) { return std::fprintf(stderr, "%s\n", error.what()), 1; }
}
