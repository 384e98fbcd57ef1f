// SPDX-License-Identifier: MIT
// What the machine can do at most: multiply-adds of each kind, and reading and writing memory.
//   limits_side THREADS [--quick]
// A multiply-add counts as two operations; bytes read and bytes written both count.
#include "lstmlib/backend/cpu/isa.hpp"

#include "side.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Runs `work(thread)` on all threads at once; the seconds from the common start to the last end.
template <class F>
double seconds_together(int threads, F&& work) {
  std::atomic<int> waiting = threads;
  std::vector<std::thread> others;
  const auto one = [&](int thread) {
    --waiting;
    while (waiting > 0) {}
    work(thread);
  };
  for (int i = 1; i < threads; ++i) others.emplace_back(one, i);
  return side::seconds_of([&] {
    one(0);
    for (auto& other : others) other.join();
  });
}

/// The best of several tries: a limit is what happens undisturbed.
template <class F>
double best_seconds(int tries, int threads, F&& work) {
  double best = 1e300;
  for (int i = 0; i < tries; ++i) best = std::min(best, seconds_together(threads, work));
  return best;
}

#if defined(__x86_64__)
// `count` times `instruction` on twelve independent sums: enough to hide a latency of 4 or 5 cycles at two
// instructions a cycle. Registers 12 and 13 hold the operands, 0.999 and 0.0001 in every place.
#define LIMITS_MULTIPLY_ADD(instruction, bits, count)                                                       \
  asm volatile("vmovd %1, %%xmm12\n vbroadcastss %%xmm12, %%" bits                                          \
               "12\n"                                                                                       \
               "vmovd %2, %%xmm13\n vbroadcastss %%xmm13, %%" bits                                          \
               "13\n"                                                                                       \
               ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n vmovaps %%" bits "13, %%" bits                           \
               "\\r\n .endr\n"                                                                              \
               "1:\n .irp r,0,1,2,3,4,5,6,7,8,9,10,11\n" instruction " %%" bits "12, %%" bits "13, %%" bits \
               "\\r\n .endr\n"                                                                              \
               "dec %0\n jnz 1b\n vzeroupper"                                                               \
               : "+r"(count)                                                                                \
               : "r"(0.999f), "r"(0.0001f)                                                                  \
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",   \
                 "xmm11", "xmm12", "xmm13", "cc")

// Products of whole tiles of bfloat16 by AMX, on four sums of their own.
void multiply_tiles(long turns) {
  struct alignas(64) {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
  } shape;
  asm volatile(
      "ldtilecfg %1\n"  // clears the tiles
      "1:\n .irp r,0,1,2,3\n tdpbf16ps %%tmm5, %%tmm4, %%tmm\\r\n .endr\n"
      "dec %0\n jnz 1b\n tilerelease"
      : "+r"(turns)
      : "m"(shape)
      : "cc");
}
#endif

/// One kind of multiply-add, and whether this machine has it.
struct Kind {
  std::string name;
  bool present;
  double operations;  ///< of one turn of the loop
  void (*loop)(long turns);
};

/// For any machine: four numbers a vector, which is all that compilers may expect without machine flags.
void multiply_add_baseline(long turns) {
  using Vector = float __attribute__((vector_size(16)));
  Vector a{}, b{}, c{}, d{}, e{}, f{}, g{}, h{};
  const Vector x = {0.999f, 0.999f, 0.999f, 0.999f}, y = {1e-4f, 1e-4f, 1e-4f, 1e-4f};
  for (long i = 0; i < turns; ++i)
    a = a * x + y, b = b * x + y, c = c * x + y, d = d * x + y, e = e * x + y, f = f * x + y, g = g * x + y,
    h = h * x + y;
  volatile Vector sink = a + b + c + d + e + f + g + h;
  (void)sink;
}

std::vector<Kind> kinds() {
  std::vector<Kind> all{{"fp32, baseline", true, 8 * 4 * 2, multiply_add_baseline}};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f");
  all.push_back({"fp32, AVX2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), 12 * 8 * 2,
                 [](long turns) { LIMITS_MULTIPLY_ADD("vfmadd132ps", "ymm", turns); }});
  all.push_back({"fp32, AVX-512", avx512, 12 * 16 * 2,
                 [](long turns) { LIMITS_MULTIPLY_ADD("vfmadd132ps", "zmm", turns); }});
  all.push_back({"bf16, AVX-512", avx512 && __builtin_cpu_supports("avx512bf16"), 12 * 32 * 2,
                 [](long turns) { LIMITS_MULTIPLY_ADD("vdpbf16ps", "zmm", turns); }});
  all.push_back({"bf16, AMX", lstmlib::cpu::machine_has(lstmlib::cpu::InstructionSet::amx),
                 4 * 16 * 16 * 32 * 2, multiply_tiles});
  all.push_back({"int8, AVX-512", avx512 && __builtin_cpu_supports("avx512vnni"), 12 * 64 * 2,
                 [](long turns) { LIMITS_MULTIPLY_ADD("vpdpbusd", "zmm", turns); }});
#endif
  return all;
}

using Numbers = std::vector<float>;
using Line = float __attribute__((vector_size(64)));

#if defined(__x86_64__) && defined(__GNUC__)
#define LIMITS_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LIMITS_WIDEST
#endif

LIMITS_WIDEST float read_all(const float* data, std::size_t size) {
  Line a{}, b{}, c{}, d{};
  const auto* line = reinterpret_cast<const Line*>(data);
  for (std::size_t i = 0; i + 4 <= size / 16; i += 4)
    a += line[i], b += line[i + 1], c += line[i + 2], d += line[i + 3];
  const Line sum = a + b + c + d;
  float total = 0;
  for (int i = 0; i < 16; ++i) total += sum[i];
  return total;
}

/// As an optimizer does: three arrays are read and written.
LIMITS_WIDEST void update_all(float* x, float* y, float* z, std::size_t size) {
  auto* a = reinterpret_cast<Line*>(x);
  auto* b = reinterpret_cast<Line*>(y);
  auto* c = reinterpret_cast<Line*>(z);
  for (std::size_t i = 0; i < size / 16; ++i) a[i] += b[i] * c[i], b[i] += a[i], c[i] += a[i];
}

/// Memory aligned to cache lines, `count` numbers of zeros.
class Array {
 public:
  explicit Array(std::size_t count) : data_(static_cast<float*>(std::aligned_alloc(64, count * 4))) {
    if (!data_) throw std::bad_alloc();
    std::fill_n(data_.get(), count, 0.0f);
  }
  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float, Free> data_;
};

}  // namespace

int main(int count, char** words) {
  const int threads = count > 1 ? std::max(1, std::atoi(words[1])) : 1;
  const bool quick = count > 2;
  const long turns = quick ? 100'000 : 2'000'000;
  struct Level {
    std::string name;
    std::size_t numbers;  // of each thread
  };
  // One core's second-level cache holds 256 KB on all recent machines, and no last-level cache 192 MB of two
  // threads.
  const std::vector<Level> levels{{"read, 256 KB a thread", 64 << 10},
                                  {"read, 4 MB a thread", 1 << 20},
                                  {"read, 192 MB a thread", 48 << 20}};
  const std::size_t largest = quick ? 1 << 20 : 48 << 20;
  std::vector<Array> memory;
  for (int i = 0; i < threads; ++i) memory.emplace_back(largest);
  std::atomic<float> sink = 0;

  return side::serve_rounds([&] {
    for (int used = 1; used <= threads; used = used == threads ? used + 1 : threads) {
      for (const Kind& kind : kinds()) {
        if (!kind.present) continue;
        const double seconds = best_seconds(3, used, [&](int) { kind.loop(turns); });
        side::report({"limit/multiply-add", kind.name, used,
                      kind.operations * static_cast<double>(turns) * used / seconds * 1e-9, "GFLOP/s"});
      }
      const auto report_bytes = [&](const std::string& name, double bytes, double seconds) {
        side::report({"limit/memory", name, used, bytes * used / seconds * 1e-9, "GB/s"});
      };
      for (const Level& level : levels) {
        const std::size_t numbers = std::min(level.numbers, largest),
                          repeats = std::max<std::size_t>(1, largest / numbers);
        const double seconds = best_seconds(3, used, [&](int thread) {
          float sum = 0;
          for (std::size_t i = 0; i < repeats; ++i)
            sum += read_all(memory[static_cast<std::size_t>(thread)].data(), numbers);
          sink = sum;
        });
        report_bytes(level.name, static_cast<double>(numbers * repeats) * 4, seconds);
      }
      for (const Level& level : {Level{"read and write, 8 MB a thread", 2 << 20},
                                 Level{"read and write, 192 MB a thread", 48 << 20}}) {
        const std::size_t third = std::min(level.numbers, largest) / 3 / 16 * 16,
                          repeats = std::max<std::size_t>(1, largest / 3 / third);
        const double seconds = best_seconds(3, used, [&](int thread) {
          float* data = memory[static_cast<std::size_t>(thread)].data();
          for (std::size_t i = 0; i < repeats; ++i) update_all(data, data + third, data + 2 * third, third);
        });
        report_bytes(level.name, static_cast<double>(third * repeats) * 24, seconds);
      }
    }
  });
}
