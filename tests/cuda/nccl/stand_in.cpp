// SPDX-License-Identifier: MIT
// Stands for libnccl.so.2 in tests: its functions, among processes of one machine, on memory of the execution
// model. A collective is done when its stream comes to it, all ranks meeting then. In the environment:
//   STAND_IN_NCCL_AT_ONCE=1  streams come to it at once, as those of a device that is as fast as can be
//   STAND_IN_NCCL_FAILS=NAME  that function returns ncclSystemError; ncclRemoteError is found later for
//   "later"

#include "board.hpp"

#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using lstmlib::test::Board;
using Bytes = std::vector<std::byte>;

enum Result { success = 0, system_error = 2, invalid_argument = 4, remote_error = 6 };

struct Id {
  char bytes[128];
};
struct Comm {
  Board* board = nullptr;
  int rank = 0, size = 0;
  int references = 0;  ///< of work that has not been done, or that a graph has
};

enum class Kind : int { all_reduce, all_gather, broadcast, send, recv };
constexpr const char* names[] = {"ncclAllReduce", "ncclAllGather", "ncclBroadcast", "ncclSend", "ncclRecv"};
struct Call {
  Kind kind;
  const std::byte* from;
  std::byte* to;
  std::size_t count;
  int type;
  int peer;  ///< or the root
  Comm* comm;
  cudaStream_t stream;
};

std::size_t size_of(int type) {
  switch (type) {
    case 1: return 1;
    case 7: return 4;
    case 8: return 8;
    case 9: return 2;
    default: throw std::logic_error("the stand-in for NCCL knows no type " + std::to_string(type));
  }
}
/// How a call looks to the other ranks; its bytes follow.
struct Header {
  Kind kind;
  int type, peer;
  std::size_t count, given;
};
bool gives(const Call& call) {
  if (call.kind == Kind::broadcast) return call.peer == call.comm->rank;
  return call.kind != Kind::recv;
}

struct Record {
  Header header;
  const std::byte* data;
};
std::vector<Record> read(const Bytes& message) {
  std::vector<Record> records;
  for (std::size_t at = 0; at < message.size();) {
    Header header;
    std::memcpy(&header, message.data() + at, sizeof header);
    at += sizeof header;
    records.push_back({header, message.data() + at});
    at += header.given;
  }
  return records;
}
/// The `number`-th call of one kind for which `fits`.
template <class Fits>
const Record& find(const std::vector<Record>& records, Kind kind, int number, const Fits& fits) {
  for (const Record& record : records)
    if (record.header.kind == kind && fits(record.header) && number-- == 0) return record;
  throw std::logic_error(std::string("stand-in for NCCL: a rank has no ") + names[static_cast<int>(kind)] +
                         " that another has");
}
template <class T>
void add(std::byte* to, const std::byte* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    T sum, term;
    std::memcpy(&sum, to + i * sizeof sum, sizeof sum);
    std::memcpy(&term, from + i * sizeof term, sizeof term);
    sum += term;
    std::memcpy(to + i * sizeof sum, &sum, sizeof sum);
  }
}

/// All calls of a group, when the stream comes to them.
void work(const std::vector<Call>& calls) {
  Comm& comm = *calls[0].comm;
  Bytes mine;
  for (const Call& call : calls) {
    const std::size_t given = gives(call) ? call.count * size_of(call.type) : 0;
    const Header header{call.kind, call.type, call.peer, call.count, given};
    const auto* head = reinterpret_cast<const std::byte*>(&header);
    mine.insert(mine.end(), head, head + sizeof header);
    mine.insert(mine.end(), call.from, call.from + given);
  }
  const auto messages = comm.board->exchange(comm.rank, comm.size, mine);
  std::vector<std::vector<Record>> all;
  for (const Bytes& message : messages) all.push_back(read(message));

  int earlier[5] = {};  // calls of each kind
  std::vector<int> received(static_cast<std::size_t>(comm.size));
  for (const Call& call : calls) {
    const std::size_t bytes = call.count * size_of(call.type);
    const auto that_of = [&](int rank) -> const Record& {
      const auto& record = find(all[static_cast<std::size_t>(rank)], call.kind,
                                earlier[static_cast<int>(call.kind)], [](const Header&) { return true; });
      const Header& header = record.header;
      if (header.type != call.type || header.count != call.count || header.peer != call.peer)
        throw std::logic_error(std::string("stand-in for NCCL: ranks differ in the arguments of ") +
                               names[static_cast<int>(call.kind)]);
      return record;
    };
    switch (call.kind) {
      case Kind::all_reduce:
        std::memset(call.to, 0, bytes);
        for (int rank = 0; rank < comm.size; ++rank)
          if (call.type == 7) add<float>(call.to, that_of(rank).data, call.count);
          else add<double>(call.to, that_of(rank).data, call.count);
        break;
      case Kind::all_gather:
        for (int rank = 0; rank < comm.size; ++rank)
          std::memcpy(call.to + static_cast<std::size_t>(rank) * bytes, that_of(rank).data, bytes);
        break;
      case Kind::broadcast: std::memcpy(call.to, that_of(call.peer).data, bytes); break;
      case Kind::send: break;
      case Kind::recv: {
        const Record& sent = find(all[static_cast<std::size_t>(call.peer)], Kind::send,
                                  received[static_cast<std::size_t>(call.peer)]++,
                                  [&](const Header& header) { return header.peer == comm.rank; });
        if (sent.header.given != bytes) throw std::logic_error("stand-in for NCCL: ncclRecv of another size");
        std::memcpy(call.to, sent.data, bytes);
        break;
      }
    }
    ++earlier[static_cast<int>(call.kind)];
  }
}

thread_local int depth = 0;
thread_local std::vector<Call> group;

bool asked_for(const char* variable, const char* value) {
  const char* found = std::getenv(variable);
  return found && std::strcmp(found, value) == 0;
}
Result fails(const char* name) { return asked_for("STAND_IN_NCCL_FAILS", name) ? system_error : success; }

Result enqueue() {
  if (group.empty()) return success;
  auto calls = std::make_shared<const std::vector<Call>>(std::move(group));
  group.clear();
  const Call& first = calls->front();
  // As NCCL counts what graphs have of it.
  ++first.comm->references;
  const std::shared_ptr<Comm> reference(first.comm, [](Comm* comm) { --comm->references; });
  using namespace lstmlib::cuda;
  if (model::enqueue(first.stream, names[static_cast<int>(first.kind)],
                     [calls, reference] { work(*calls); }) != cudaSuccess)
    return system_error;
  cudaStreamCaptureStatus status{};
  (void)cudaStreamIsCapturing(first.stream, &status);
  if (status == cudaStreamCaptureStatusNone && asked_for("STAND_IN_NCCL_AT_ONCE", "1"))
    (void)cudaStreamSynchronize(first.stream);
  return success;
}
/// Memory that is read and written at once must be the same place of it.
bool in_place_or_apart(const Call& call) {
  const std::size_t bytes = call.count * size_of(call.type);
  const bool all = call.kind == Kind::all_gather;
  const std::size_t written = all ? bytes * static_cast<std::size_t>(call.comm->size) : bytes;
  const std::byte* mine = call.to + (all ? bytes * static_cast<std::size_t>(call.comm->rank) : 0);
  if (!call.from || !call.to || call.from == mine) return true;
  return call.from + bytes <= call.to || call.to + written <= call.from;
}
Result ask(const Call& call) {
  const Result failed = fails(names[static_cast<int>(call.kind)]);
  if (failed != success) return failed;
  if (!in_place_or_apart(call)) return invalid_argument;
  group.push_back(call);
  return depth == 0 ? enqueue() : success;
}
Call call_of(Kind kind, const void* from, void* to, std::size_t count, int type, int peer, Comm* comm,
             cudaStream_t stream) {
  return {kind,  static_cast<const std::byte*>(from), static_cast<std::byte*>(to), count, type, peer, comm,
          stream};
}
/// Tests read what became of communicators.
void record(const char* what) {
  if (const char* file = std::getenv("STAND_IN_NCCL_RECORD"))
    if (std::FILE* out = std::fopen(file, "a")) {
      std::fputs(what, out);
      std::fclose(out);
    }
}

}  // namespace

extern "C" {

int ncclGetVersion(int* version) {
  *version = asked_for("STAND_IN_NCCL_FAILS", "age") ? 21005 : 22900;
  return success;
}
/// The name of a file in which the ranks find the board.
int ncclGetUniqueId(Id* id) {
  if (const Result failed = fails("ncclGetUniqueId")) return failed;
  *id = {};
  std::strcpy(id->bytes, "/tmp/stand-in-for-nccl-XXXXXX");
  const int file = mkstemp(id->bytes);
  return file < 0 || close(file) != 0 ? system_error : success;
}
int ncclCommInitRank(Comm** made, int size, Id id, int rank) {
  if (const Result failed = fails("ncclCommInitRank")) return failed;
  if (size < 1 || rank < 0 || rank >= size) return invalid_argument;
  const int file = open(id.bytes, O_RDWR);
  if (file < 0 || ftruncate(file, static_cast<off_t>(Board::bytes(size))) != 0) return system_error;
  void* data = mmap(nullptr, Board::bytes(size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (close(file) != 0 || data == MAP_FAILED) return system_error;
  *made = new Comm{static_cast<Board*>(data), rank, size};
  (*made)->board->meet(size);
  if (rank == 0) unlink(id.bytes);
  return success;
}
int ncclCommDestroy(Comm* comm) {
  (void)cudaDeviceSynchronize();  // time passes
  if (comm->references > 0) {
    std::fputs("stand-in for NCCL: ncclCommDestroy would wait for ever for a graph\n", stderr);
    std::abort();
  }
  munmap(comm->board, Board::bytes(comm->size));
  delete comm;
  record("destroyed ");
  return success;
}
/// Leaks: work that refers to it may never be done.
int ncclCommAbort(Comm*) {
  record(depth == 0 ? "aborted " : "aborted within a group ");
  return success;
}
int ncclCommGetAsyncError(Comm*, int* error) {
  *error = asked_for("STAND_IN_NCCL_FAILS", "later") ? remote_error : success;
  return success;
}
const char* ncclGetErrorString(int error) {
  return error == system_error   ? "unhandled system error (run with NCCL_DEBUG=INFO for details)"
         : error == remote_error ? "remote process exited or there was a network error"
                                 : "invalid argument";
}
const char* ncclGetLastError(Comm*) { return "the cable is broken"; }

int ncclAllReduce(const void* from, void* to, std::size_t count, int type, int operation, Comm* comm,
                  cudaStream_t stream) {
  if (operation != 0 || (type != 7 && type != 8)) return invalid_argument;
  return ask(call_of(Kind::all_reduce, from, to, count, type, 0, comm, stream));
}
int ncclAllGather(const void* from, void* to, std::size_t count, int type, Comm* comm, cudaStream_t stream) {
  return ask(call_of(Kind::all_gather, from, to, count, type, 0, comm, stream));
}
int ncclBroadcast(const void* from, void* to, std::size_t count, int type, int root, Comm* comm,
                  cudaStream_t stream) {
  return ask(call_of(Kind::broadcast, from, to, count, type, root, comm, stream));
}
int ncclSend(const void* from, std::size_t count, int type, int peer, Comm* comm, cudaStream_t stream) {
  return ask(call_of(Kind::send, from, nullptr, count, type, peer, comm, stream));
}
int ncclRecv(void* to, std::size_t count, int type, int peer, Comm* comm, cudaStream_t stream) {
  return ask(call_of(Kind::recv, nullptr, to, count, type, peer, comm, stream));
}
int ncclGroupStart() {
  ++depth;
  return success;
}
int ncclGroupEnd() { return --depth == 0 ? enqueue() : success; }

}  // extern "C"
