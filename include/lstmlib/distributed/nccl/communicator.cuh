// SPDX-License-Identifier: MIT
#pragma once
// Defines what nccl/communicator.hpp declares. Part of lstmlib::cuda; without it, include this in exactly one
// .cu file, next to cuda/entry.cuh.

#include "lstmlib/backend/cuda/backend.hpp"
#include "lstmlib/backend/cuda/kernels/bf16.cuh"
#include "lstmlib/distributed/nccl/communicator.hpp"
#include "lstmlib/distributed/nccl/place.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::nccl {
namespace detail {

class NcclCommunicator final : public distributed::Communicator {
 public:
  NcclCommunicator(distributed::Communicator& host, Device device, cuda::Context& context,
                   const NcclLibrary& library, const NcclId& id)
      : host_(host),
        device_(device),
        context_(context),
        side_(context.stream),
        place_(library, id, host, side_) {
    // Connects all processes now, so that connection errors are reported here.
    auto ones = Tensor<float>::from({1}, {1}, device);
    all_reduce(ones);
    if (const float counted = ones.item(); counted != static_cast<float>(size()))
      fail<DeviceError>("nccl: ", name(), ": a sum of ", size(), " ones is ", counted);
  }
  ~NcclCommunicator() override { context_.graphs.forget_ready(); }

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  int local_rank() const override { return host_.local_rank(); }
  int local_size() const override { return host_.local_size(); }
  std::string host() const override { return host_.host(); }
  void barrier() override { host_.barrier(); }
  void broadcast(std::span<std::byte> bytes, int root) override { host_.broadcast(bytes, root); }
  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
    return host_.all_gather(mine);
  }

  bool runs_on(Device device) const override { return device == device_ || host_.runs_on(device); }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<float> values,
                                                      distributed::GradientCompression compression) override {
    if (values.device() != device_) return host_.all_reduce_async(std::move(values), compression);
    const View<float> view = values.mutable_view();
    return start(std::move(values), [&](Started& started) {
      if (view.size() == 0) return;
      if (compression == distributed::GradientCompression::bf16) sum_bf16(view, started.scratch);
      else sum_exact(view, NcclType::float32);
    });
  }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<double> values) override {
    if (values.device() != device_) return host_.all_reduce_async(std::move(values));
    const View<double> view = values.mutable_view();
    return start(std::move(values), [&](Started&) {
      if (view.size() > 0) sum_exact(view, NcclType::float64);
    });
  }
  std::unique_ptr<distributed::Work> all_gather_async(Device device, const void* mine, void* all,
                                                      std::span<const std::size_t> bytes) override {
    if (device != device_) return host_.all_gather_async(device, mine, all, bytes);
    if (bytes.size() != static_cast<std::size_t>(size()))
      fail<ShapeError>("nccl: gather of ", bytes.size(), " parts among ", size(), " processes");
    return start({}, [&](Started&) {
      if (std::all_of(bytes.begin(), bytes.end(), [&](std::size_t one) { return one == bytes[0]; }))
        gather_equal(mine, all, bytes[0]);
      else gather_unequal(mine, static_cast<std::byte*>(all), bytes);
    });
  }

 private:
  using KeepAlive = std::variant<std::monostate, Tensor<float>, Tensor<double>>;

  /// Owns the memory in use until the back end's stream waits for the work.
  class Started final : public distributed::Work {
   public:
    Started(NcclCommunicator& owner, KeepAlive keep_alive)
        : scratch(owner.context_), owner_(owner), keep_alive_(std::move(keep_alive)) {}
    ~Started() override {
      try {
        join();
      } catch (const DeviceError&) {  // the next call reports it
      }
    }
    void end_of(cuda::SideStream::Mark mark) { end_.emplace(std::move(mark)); }
    void wait() override {
      join();
      owner_.place_.check_earlier_calls();
    }

    cuda::Scratch scratch;

   private:
    void join() {
      if (!end_) return;
      const auto exclusive = owner_.context_.stream.exclusive();
      const auto end = std::exchange(end_, std::nullopt);
      owner_.side_.join(*end);
    }

    NcclCommunicator& owner_;
    KeepAlive keep_alive_;
    std::optional<cuda::SideStream::Mark> end_;
  };

  /// `work(started)` makes the NCCL calls.
  template <class Work>
  std::unique_ptr<distributed::Work> start(KeepAlive keep_alive, const Work& work) {
    const auto exclusive = context_.stream.exclusive();
    const cuda::CurrentDevice scope(device_.number());
    auto started = std::make_unique<Started>(*this, std::move(keep_alive));
    side_.fork();
    work(*started);
    started->end_of(side_.mark());
    return started;
  }

  template <class T>
  void sum_exact(View<T> values, NcclType type) {
    place_.check(place_.library().all_reduce(values.data, values.data, count(values), type,
                                             NcclOperation::sum, place_.handle(), place_.stream()),
                 "ncclAllReduce");
  }
  /// Each process sums one part of the numbers in the order of ranks and sends the sums to all.
  void sum_bf16(View<float> values, cuda::Scratch& scratch) {
    const Index parts = size(), pairs = (values.size() + 2 * parts - 1) / (2 * parts), part = 2 * pairs;
    const auto bytes = static_cast<std::size_t>(part);
    const auto all = scratch.take<cuda::Bf16>({parts, part}), mine = scratch.take<cuda::Bf16>({parts, part});
    cuda::Stream& stream = side_.stream();
    cuda::round_to_bf16(stream, values, all);
    NcclPlace::Group group(place_);
    for (int peer = 0; peer < size(); ++peer) {
      place_.check(place_.library().send(all.data + peer * part, bytes, NcclType::bfloat16, peer,
                                         place_.handle(), place_.stream()),
                   "ncclSend");
      place_.check(place_.library().recv(mine.data + peer * part, bytes, NcclType::bfloat16, peer,
                                         place_.handle(), place_.stream()),
                   "ncclRecv");
    }
    group.end();
    const View<cuda::Bf16> sums{all.data + rank() * part, {part}};
    cuda::sum_bf16(stream, mine, sums);
    place_.check(place_.library().all_gather(sums.data, all.data, bytes, NcclType::bfloat16, place_.handle(),
                                             place_.stream()),
                 "ncclAllGather");
    cuda::widen_bf16(stream, all, values);
  }

  void gather_equal(const void* mine, void* all, std::size_t bytes) {
    if (bytes > 0)
      place_.check(
          place_.library().all_gather(mine, all, bytes, NcclType::uint8, place_.handle(), place_.stream()),
          "ncclAllGather");
  }
  void gather_unequal(const void* mine, std::byte* all, std::span<const std::size_t> bytes) {
    NcclPlace::Group group(place_);
    for (int root = 0; root < size(); ++root) {
      const std::size_t some = bytes[static_cast<std::size_t>(root)];
      if (some > 0)
        place_.check(place_.library().broadcast(root == rank() ? mine : all, all, some, NcclType::uint8, root,
                                                place_.handle(), place_.stream()),
                     "ncclBroadcast");
      all += some;
    }
    group.end();
  }
  template <class T>
  static std::size_t count(View<T> view) {
    return static_cast<std::size_t>(view.size());
  }

  distributed::Communicator& host_;
  Device device_;
  cuda::Context& context_;
  cuda::SideStream side_;
  NcclPlace place_;  ///< destroyed before the stream, whose work it may have to abort
};

/// What this process can prepare before the first collective call.
struct NcclReadiness {
  NcclLibrary library{};
  NcclId id{};
  cuda::Context* context = nullptr;
};
inline NcclReadiness ready_for_nccl(const distributed::Communicator& host, Device device) {
  if (device.backend().name() != "cuda") fail<DeviceError>("nccl: device ", device, ", a GPU is expected");
  NcclReadiness ready;
  ready.library = load_library();
  ready.context = &static_cast<cuda::CudaBackend&>(device.backend()).context(device.number());
  // The first run is never a graph: do it here, before all processes must act together.
  ready.context->graphs.run_as_graph([] {});
  if (!host.is_main_process()) return ready;
  const cuda::CurrentDevice scope(device.number());
  if (const NcclResult got = ready.library.get_unique_id(&ready.id); got != NcclResult::success)
    fail<DeviceError>("nccl: ncclGetUniqueId: ", ready.library.get_error_string(got), " (",
                      static_cast<int>(got), "): ", ready.library.get_last_error(nullptr));
  return ready;
}

}  // namespace detail

std::unique_ptr<distributed::Communicator> make_communicator(distributed::Communicator& host, Device device) {
  detail::NcclReadiness ready;
  std::string status;  // "g" or "k" (with or without graphs), or "-" and the error
  try {
    ready = detail::ready_for_nccl(host, device);
    status = ready.context->graphs.usable() ? "g" : "k";
  } catch (const Error& error) { status = message("-", host.name(), ": ", error.what()); }
  const auto all = host.all_gather(std::as_bytes(std::span(status)));
  for (const auto& one : all)
    if (one.size() > 1)
      fail<DeviceError>(std::string_view(reinterpret_cast<const char*>(one.data()), one.size()).substr(1));
  for (const auto& one : all)
    if (one != all[0])
      fail<DeviceError>(
          "nccl: only some processes use CUDA graphs; set it for all or for none "
          "(LSTMLIB_CUDA_GRAPHS=off)");
  host.broadcast(std::as_writable_bytes(std::span(ready.id.bytes)), 0);
  return std::make_unique<detail::NcclCommunicator>(host, device, *ready.context, ready.library, ready.id);
}

}  // namespace lstmlib::nccl
