// SPDX-License-Identifier: MIT
#include "lstmlib/backend/cpu/threads.hpp"

#include "settings.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <numeric>

using namespace lstmlib;

TEST_CASE("threads: each task runs once, whatever the number of threads") {
  const test::KeepThreads keep;
  for (const int count : {1, 2, 5}) {
    cpu::set_threads(count);
    CHECK(cpu::threads() == count);
    for (const Index tasks : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
      cpu::parallel_for(tasks, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
      for (const auto& run : runs) REQUIRE(run == 1);
    }
  }
}

TEST_CASE("threads: an exception of a task reaches the caller, and the pool works on") {
  const test::KeepThreads keep;
  cpu::set_threads(3);
  for (int round = 0; round < 20; ++round) {
    CHECK_THROWS_WITH_AS(cpu::parallel_for(100,
                                           [](Index i) {
                                             if (i == 37) fail<ShapeError>("task ", i);
                                           }),
                         "task 37", ShapeError);
    std::atomic<Index> sum{0};
    cpu::parallel_for(100, [&](Index i) { sum += i; });
    CHECK(sum == 4950);
  }
}

TEST_CASE("threads: a task that calls parallel_for runs it alone") {
  const test::KeepThreads keep;
  cpu::set_threads(2);
  std::atomic<int> runs{0};
  cpu::parallel_for(4, [&](Index) { cpu::parallel_for(5, [&](Index) { ++runs; }); });
  CHECK(runs == 20);
}

TEST_CASE("threads: a caller that wants one thread works alone until its scope ends") {
  const test::KeepThreads keep;
  cpu::set_threads(3);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> elsewhere{0}, members{0};
  const auto work = [&] {
    cpu::parallel_for(8, [&](Index) { elsewhere += std::this_thread::get_id() != caller; });
    cpu::ThreadPool::instance().parallel_region(3, [&](const cpu::TeamMember&) { ++members; });
  };
  {
    const cpu::SingleThreadScope scope;
    for (int round = 0; round < 100; ++round) work();
    const cpu::SingleThreadScope inner;
  }
  CHECK(elsewhere == 0);
  CHECK(members == 100);
  // Behind the scope others take part. Cores may be busy: the caller's tasks wait for them.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  cpu::parallel_for(8, [&](Index) {
    if (std::this_thread::get_id() != caller) ++elsewhere;
    else
      while (elsewhere == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
  CHECK(elsewhere > 0);
}

TEST_CASE("threads: several callers at once, while the pool changes its size") {
  const test::KeepThreads keep;
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        std::vector<Index> values(100);
        cpu::parallel_for(100, [&](Index i) { values[static_cast<std::size_t>(i)] = i; });
        if (std::accumulate(values.begin(), values.end(), Index{0}) != 4950) ++wrong;
      }
    });
  for (int round = 0; round < 20; ++round) cpu::set_threads(1 + round % 4);
  for (auto& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("threads: members of a team see each other's work after the barrier") {
  const test::KeepThreads keep;
  cpu::set_threads(3);
  constexpr int rounds = 500;
  int members = 0;
  std::array<std::array<int, 8>, 2> written{};
  std::atomic<int> wrong{0};
  cpu::ThreadPool::instance().parallel_region(3, [&](const cpu::TeamMember& member) {
    if (member.number == 0) members = member.count;
    for (int round = 0; round < rounds; ++round) {
      auto& now = written[static_cast<std::size_t>(round % 2)];
      now[static_cast<std::size_t>(member.number)] = round;
      member.barrier.wait();
      for (int other = 0; other < member.count; ++other)
        if (now[static_cast<std::size_t>(other)] != round) ++wrong;
    }
  });
  CHECK(members >= 1);
  CHECK(wrong == 0);
}

TEST_CASE("threads: fewer than one is an error") { CHECK_THROWS_AS(cpu::set_threads(0), Error); }

TEST_CASE("threads: where other threads have the cores, teams end soon and give the right results") {
  const test::KeepThreads keep;
  cpu::set_threads(4);
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (unsigned i = 0; i < 2 * std::max(1u, std::thread::hardware_concurrency()); ++i)
    others.emplace_back([&] {
      while (!stop.load(std::memory_order_relaxed)) {}
    });
  std::atomic<int> wrong{0};
  for (int team = 0; team < 20; ++team) {
    std::array<std::atomic<int>, 50> visits{};
    std::atomic<int> members{0};
    cpu::ThreadPool::instance().parallel_region(4, [&](const cpu::TeamMember& member) {
      members.store(member.count, std::memory_order_relaxed);
      for (auto& visit : visits) {
        ++visit;
        member.barrier.wait();
        if (visit != member.count) ++wrong;
      }
    });
    for (auto& visit : visits)
      if (visit != members) ++wrong;
    std::atomic<Index> sum{0};
    cpu::parallel_for(50, [&](Index i) { sum += i; });
    if (sum != 1225) ++wrong;
  }
  stop = true;
  for (auto& other : others) other.join();
  CHECK(wrong == 0);
}

TEST_CASE("threads: after one slow team the next is a team, after two the caller works alone for a while") {
  const test::KeepThreads keep;
  cpu::set_threads(2);
  // How many members a team has. If `slow`, the first comes so late to the barrier that the other sleeps.
  const auto team = [](bool slow) {
    int members = 1;
    cpu::ThreadPool::instance().parallel_region(2, [&](const cpu::TeamMember& member) {
      if (member.number == 0) members = member.count;
      if (member.number == 0 && slow && member.count > 1)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      member.barrier.wait();
    });
    return members;
  };
  // A thread whose core is busy may not come to a team: then from the start again.
  bool team_after_one = false, alone_after_two = false;
  const auto start = std::chrono::steady_clock::now();
  while (!alone_after_two && std::chrono::steady_clock::now() - start < std::chrono::seconds(60)) {
    while (team(false) == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (team(true) == 1 || team(true) == 1) continue;
    team_after_one = true;
    int members = 0;
    for (int i = 0; i < 10; ++i) members = std::max(members, team(false));
    alone_after_two = members == 1;
  }
  CHECK(team_after_one);
  CHECK(alone_after_two);
}

TEST_CASE("threads: a pool with nothing to do sleeps") {
  const test::KeepThreads keep;
  cpu::set_threads(3);
  cpu::parallel_for(100, [](Index) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the time to spin is far shorter
  const std::clock_t before = std::clock();                    // of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  CHECK(seconds < 0.03);
}
