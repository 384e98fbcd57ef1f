// SPDX-License-Identifier: MIT
#pragma once
// The backward pass. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/autograd/backward.hpp"

#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace lstmlib::inline LSTMLIB_ABI::detail {

/// Visits each node of a graph once, the latest recorded first, whichever thread recorded it. So all uses of
/// a value come before the node that made it.
class ReverseTopologicalOrder {
 public:
  explicit ReverseTopologicalOrder(NodePointer last) { push(std::move(last)); }
  /// The next node; null at the end.
  NodePointer next() {
    if (open_.empty()) return nullptr;
    NodePointer node = open_.top();
    open_.pop();
    return node;
  }
  void push(NodePointer node) {
    if (seen_.insert(node.get()).second) open_.push(std::move(node));
  }

 private:
  struct Earlier {
    bool operator()(const NodePointer& a, const NodePointer& b) const { return a->number() < b->number(); }
  };
  std::priority_queue<NodePointer, std::vector<NodePointer>, Earlier> open_;
  std::unordered_set<Node*> seen_;
};

/// Number of nodes that will add to each leaf's gradient.
inline std::unordered_map<const void*, Index> count_uses(const NodePointer& last) {
  std::unordered_map<const void*, Index> uses;
  ReverseTopologicalOrder order(last);
  std::vector<NodePointer> creators;
  std::vector<const void*> leaves;
  while (const NodePointer node = order.next()) {
    creators.clear();
    node->inputs(creators, leaves);
    for (auto& creator : creators) order.push(std::move(creator));
  }
  for (const void* leaf : leaves) ++uses[leaf];
  return uses;
}

LSTMLIB_INLINE void run_nodes(const NodePointer& last, const GradReadyHook& complete) {
  std::unordered_map<const void*, Index> uses;
  if (complete) uses = count_uses(last);
  ReverseTopologicalOrder order(last);
  std::vector<NodePointer> creators;
  std::vector<const void*> leaves;
  while (const NodePointer node = order.next()) {
    creators.clear();
    leaves.clear();
    node->inputs(creators, leaves);
    node->run();
    for (auto& creator : creators) order.push(std::move(creator));
    if (!complete) continue;
    for (const void* leaf : leaves)
      if (--uses[leaf] == 0) complete(leaf);
  }
}

}  // namespace lstmlib::inline LSTMLIB_ABI::detail
