// SPDX-License-Identifier: MIT
// What goes wrong with NCCL: its errors, and processes that cannot take part.
#include "nccl/connect.hpp"

#include <cstdio>
#include <fstream>
#include <functional>
#include <new>
#include <sstream>

namespace lstmlib::nccl_test {

std::vector<char> text_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    const std::string text = error.what();
    return {text.begin(), text.end()};
  }
  return {};
}
std::string joined(const std::vector<char>& letters) { return {letters.begin(), letters.end()}; }

/// What an error of the library's function `fails` says, and what becomes of the communicator.
struct Failure {
  std::string text, end;
};
Failure failure(const char* fails, const std::function<void(Communicator&)>& use) {
  const std::string file = (test::scratch("nccl") / "record").string();
  std::remove(file.c_str());
  const auto all = on_ranks(1, [&](Communicator& host) {
    set_to("STAND_IN_NCCL_RECORD", file.c_str());
    return text_of([&] {
      if (!use) set_to("STAND_IN_NCCL_FAILS", fails);
      const auto nccl = connect(host);
      set_to("STAND_IN_NCCL_FAILS", fails);
      if (use) use(*nccl);
    });
  });
  std::stringstream end;
  end << std::ifstream(file).rdbuf();
  return {joined(all[0]), end.str()};
}

TEST_CASE(
    "nccl: an error says the call, the process and NCCL's own words, and ends the communicator at once") {
  const auto sum = [](GradientCompression compression) {
    return [compression](Communicator& nccl) {
      auto values = on_gpu(numbers<float>(6, 0));
      nccl.all_reduce_async(values, compression)->wait();
    };
  };
  const std::string
      who = "rank 0 of 1 (on here): ",
      what = "unhandled system error (run with NCCL_DEBUG=INFO for details) (2): the cable is broken";
  const auto exact = failure("ncclAllReduce", sum(GradientCompression::none));
  CHECK(exact.text == "nccl: ncclAllReduce, " + who + what);
  CHECK(exact.end == "aborted ");
  const auto outlived = failure("ncclSend", [&](Communicator& nccl) {
    if (text_of([&] { sum(GradientCompression::bf16)(nccl); }).empty()) fail<Error>("no error");
  });
  CHECK(outlived.text.empty());
  CHECK(outlived.end == "aborted ");
  for (const char* call : {"ncclSend", "ncclRecv", "ncclAllGather"}) {
    const auto bf16 = failure(call, sum(GradientCompression::bf16));
    CHECK(bf16.text == message("nccl: ", call, ", ", who, what));
    CHECK(bf16.end == "aborted ");
  }
  const auto gather = failure("ncclAllGather", [](Communicator& nccl) {
    auto one = on_gpu<float>({1}), all = one.clone();
    const std::vector<std::size_t> bytes{4};
    nccl.all_gather_async(test::gpu(), one.view().data, all.mutable_view().data, bytes)->wait();
  });
  CHECK(gather.text == "nccl: ncclAllGather, " + who + what);
  const auto later = failure("later", sum(GradientCompression::none));
  CHECK(later.text == "nccl: an earlier call, " + who +
                          "remote process exited or there was a network error (6): the cable is broken");
  CHECK(later.end == "aborted ");
  const auto start = failure("ncclCommInitRank", nullptr);
  CHECK(start.text == "nccl: ncclCommInitRank, " + who + what);
  CHECK(start.end.empty());
}

TEST_CASE("nccl: a communicator is destroyed, or given up if something else has gone wrong") {
  const auto well = failure("nothing", [](Communicator& nccl) {
    auto values = on_gpu(numbers<float>(6, 0));
    for (int i = 0; i < 3; ++i) test::gpu().backend().run_as_graph(0, [&] { nccl.all_reduce(values); });
  });
  CHECK(well.text.empty());
  CHECK(well.end == "destroyed ");
  const auto badly = failure("nothing", [](Communicator&) { fail<Error>("the disk is full"); });
  CHECK(badly.text == "the disk is full");
  CHECK(badly.end == "aborted ");
}

TEST_CASE("nccl: parts that do not fit the processes are refused") {
  const auto text = failure("nothing", [](Communicator& nccl) {
                      const std::vector<std::size_t> bytes{4, 4};
                      nccl.all_gather_async(test::gpu(), nullptr, nullptr, bytes);
                    }).text;
  CHECK(text == "nccl: gather of 2 parts among 1 processes");
}

/// What each of two processes says if the second, before it connects, does `change`.
std::vector<std::string> refusals(const std::function<void()>& change,
                                  Device device_of_second = test::gpu()) {
  const auto all = on_ranks(2, [&](Communicator& host) {
    return text_of([&] {
      set_to("LSTMLIB_NCCL_LIBRARY", LSTMLIB_NCCL_STAND_IN);
      if (!host.is_main_process()) change();
      nccl::make_communicator(host, host.is_main_process() ? test::gpu() : device_of_second);
    });
  });
  return {joined(all[0]), joined(all[1])};
}

TEST_CASE("nccl: where one process cannot take part, all say which, why, and what to do") {
  const std::string second = "rank 1 of 2 (on here): nccl: ",
                    to_do =
                        "; install NCCL 2.13 or newer (NVIDIA's package libnccl2, or nvidia-nccl-cu13 of "
                        "PyPI), or name its "
                        "libnccl.so.2 in LSTMLIB_NCCL_LIBRARY";
  const auto expect = [&](const std::vector<std::string>& said, const std::string& reason) {
    CHECK(said[0] == second + reason);
    CHECK(said[1] == said[0]);
  };
  expect(refusals([] { set_to("LSTMLIB_NCCL_LIBRARY", "/no/such/libnccl.so.2"); }),
         "/no/such/libnccl.so.2: cannot open shared object file: No such file or directory" + to_do);
  expect(refusals([] { set_to("LSTMLIB_NCCL_LIBRARY", "libm.so.6"); }),
         "libm.so.6 has no ncclGetVersion" + to_do);
  expect(refusals([] { set_to("STAND_IN_NCCL_FAILS", "age"); }),
         LSTMLIB_NCCL_STAND_IN " is of version 2.10" + to_do);
  expect(refusals([] {}, Device::cpu()), "device cpu, a GPU is expected");

  const auto first = on_ranks(2, [&](Communicator& host) {
    return text_of([&] {
      if (host.is_main_process()) set_to("STAND_IN_NCCL_FAILS", "ncclGetUniqueId");
      connect(host);
    });
  });
  for (const auto& said : first)
    CHECK(
        joined(said) ==
        "rank 0 of 2 (on here): nccl: ncclGetUniqueId: unhandled system error (run with NCCL_DEBUG=INFO for "
        "details) (2): the cable is broken");
}

TEST_CASE("nccl: all processes use graphs, or none") {
  const auto said = refusals([] {
    context().graphs.~Graphs();
    set_to("LSTMLIB_CUDA_GRAPHS", "off");
    new (&context().graphs) cuda::Graphs(context().stream, context().memory, context().staging);
  });
  for (const auto& one : said)
    CHECK(one ==
          "nccl: only some processes use CUDA graphs; set it for all or for none (LSTMLIB_CUDA_GRAPHS=off)");
}

}  // namespace lstmlib::nccl_test
