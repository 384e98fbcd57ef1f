// SPDX-License-Identifier: MIT
// What the machine can do at most: multiplications and additions in registers, with every instruction set
// that it has. Rates of other benchmarks are judged against these.
#include "lstmlib/backend/cpu/isa.hpp"
#include "lstmlib/backend/cpu/threads.hpp"

#include <benchmark/benchmark.h>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

using namespace lstmlib;
using cpu::InstructionSet;

constexpr int rounds = 200000;

// Independent chains, enough of them to hide the latency of two pipes.
[[gnu::target("avx512f")]] void fma_avx512() {
  __m512 sum[24];
#pragma GCC unroll 24
  for (int i = 0; i < 24; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  __m512 x = _mm512_set1_ps(0.999f);
  for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < 24; ++i) sum[i] = _mm512_fmadd_ps(sum[i], x, x);
    asm volatile("" : "+v"(x));
  }
#pragma GCC unroll 24
  for (int i = 0; i < 24; ++i) asm volatile("" ::"v"(sum[i]));
}

[[gnu::target("avx2,fma")]] void fma_avx2() {
  __m256 sum[12];
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  __m256 x = _mm256_set1_ps(0.999f);
  for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) sum[i] = _mm256_fmadd_ps(sum[i], x, x);
    asm volatile("" : "+x"(x));
  }
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) asm volatile("" ::"x"(sum[i]));
}

// Products of pairs of bfloat16, added to float32.
[[gnu::target("avx512f,avx512bf16")]] void dot_bf16() {
  __m512 sum[24];
#pragma GCC unroll 24
  for (int i = 0; i < 24; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  __m512i x = _mm512_set1_epi16(0x3f80);
  for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < 24; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)x, (__m512bh)x);
    asm volatile("" : "+v"(x));
  }
#pragma GCC unroll 24
  for (int i = 0; i < 24; ++i) asm volatile("" ::"v"(sum[i]));
}

template <InstructionSet set>
void peak_fma(benchmark::State& state) {
  if (!cpu::machine_has(set)) return state.SkipWithError("this machine does not have it");
  const int before = cpu::threads(), threads = static_cast<int>(state.range(0));
  cpu::set_threads(threads);
  for (auto _ : state)
    cpu::parallel_for(threads, [](Index) { set == InstructionSet::avx512 ? fma_avx512() : fma_avx2(); });
  cpu::set_threads(before);
  constexpr double operations = 2.0 * rounds * (set == InstructionSet::avx512 ? 24 * 16 : 12 * 8);
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations * threads * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(peak_fma<InstructionSet::avx2>)
    ->Name("peak_fma_avx2")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime();
BENCHMARK(peak_fma<InstructionSet::avx512>)
    ->Name("peak_fma_avx512")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime();

void peak_bf16(benchmark::State& state) {
  if (!cpu::machine_has(InstructionSet::avx512) || !__builtin_cpu_supports("avx512bf16"))
    return state.SkipWithError("this machine does not have it");
  for (auto _ : state) dot_bf16();
  state.counters["GFLOP/s"] =
      benchmark::Counter(2.0 * rounds * 24 * 32 * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(peak_bf16)->UseRealTime();

}  // namespace
#endif
