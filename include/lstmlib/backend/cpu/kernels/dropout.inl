// SPDX-License-Identifier: MIT
// Dropout with the very bits of math::dropout_words, many counters at a time.

// The words of counters `block`, `block` + 1, ... : as many as fill four vectors, in the order of the units.
[[gnu::always_inline]] inline void random_words(RandomKey key, std::uint32_t block, std::uint32_t position,
                                                std::uint64_t sentence, std::uint32_t* words) {
  constexpr int counters = lanes_of<std::uint64_t>;
  std::uint64_t first[counters];
  for (int i = 0; i < counters; ++i) first[i] = block + static_cast<std::uint32_t>(i);
  WideLanes word[4] = {load(first)};  // each element holds one word in its lower half, anything above it
  word[1] = WideLanes{} + position;
  word[2] = WideLanes{} + (sentence & 0xffffffffu);
  word[3] = WideLanes{} + (sentence >> 32);
  std::uint32_t k0 = key.word[0], k1 = key.word[1];
  const WideLanes first_factor = WideLanes{} + 0xD2511F53u, second_factor = WideLanes{} + 0xCD9E8D57u;
  for (int round = 0; round < 10; ++round) {
    const WideLanes a = multiply_low_words(first_factor, word[0]);
    const WideLanes b = multiply_low_words(second_factor, word[2]);
    word[0] = (b >> 32) ^ word[1] ^ std::uint64_t{k0};
    word[2] = (a >> 32) ^ word[3] ^ std::uint64_t{k1};
    word[1] = b;
    word[3] = a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  const WideLanes low = (word[0] & 0xffffffffu) | (word[1] << 32);
  const WideLanes high = (word[2] & 0xffffffffu) | (word[3] << 32);
  store<std::uint64_t>(reinterpret_cast<std::uint64_t*>(words), zip_low(low, high));
  store<std::uint64_t>(reinterpret_cast<std::uint64_t*>(words) + counters, zip_high(low, high));
}

// As many random words as a vector has elements T.
template <class T>
struct WordVector {
  typedef std::uint32_t Type __attribute__((vector_size(lanes_of<T> * 4)));
  typedef std::uint32_t InMemory __attribute__((vector_size(lanes_of<T> * 4), aligned(4), may_alias));
};
template <class T>
using WordsOf = typename WordVector<T>::Type;

template <class T>
void dropout(const DropoutRow<T>& row) {
  constexpr Index lanes = lanes_of<T>, words_at_once = 4 * lanes_of<std::uint64_t>;
  alignas(64) std::uint32_t words[words_at_once];
  for (Index first = 0; first < row.count; first += words_at_once) {
    random_words(row.key, static_cast<std::uint32_t>(first / 4), row.position, row.sentence, words);
    for (Index i = first; i < first + words_at_once && i < row.count; i += lanes) {
      const Index count = row.count - i < lanes ? row.count - i : lanes;
      const T* x = row.x + i;
      T* y = row.y + i;
      const WordsOf<T> word = *reinterpret_cast<const typename WordVector<T>::InMemory*>(words + (i - first));
      const auto kept = __builtin_convertvector(word >= row.threshold, typename VectorTraits<Lanes<T>>::Bits);
      const Lanes<T> factor =
          (Lanes<T>)((typename VectorTraits<Lanes<T>>::Bits)splat<Lanes<T>>(row.scale) & kept);
      if (count == lanes) {
        store<T>(y, row.add ? load(y) + load(x) * factor : load(x) * factor);
      } else {
        const Lanes<T> value = load_part(x, count) * factor;
        store_part<T>(y, row.add ? load_part(y, count) + value : value, count);
      }
    }
  }
}
