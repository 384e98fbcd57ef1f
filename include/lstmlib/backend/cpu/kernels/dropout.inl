// SPDX-License-Identifier: MIT
// Dropout for many counters at a time, with the same bits as math::dropout_words.

// Two vectors of counters at a time: the rounds of one are a chain of multiplications, which would leave the
// processor waiting.
constexpr int counter_vectors = 2;
constexpr int words_at_once = counter_vectors * 4 * lanes_of<std::uint64_t>;

inline constexpr std::uint64_t rising[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

struct RoundKeys {
  std::uint64_t of_round[10][2];
};
[[gnu::always_inline]] inline RoundKeys round_keys(RandomKey key) {
  RoundKeys keys;
  std::uint32_t k0 = key.word[0], k1 = key.word[1];
  for (auto& words : keys.of_round) {
    words[0] = k0;
    words[1] = k1;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return keys;
}

// The words of counters `block`, `block` + 1, ...: `words_at_once` words in the order of the units.
[[gnu::always_inline]] inline void random_words(const RoundKeys& keys, std::uint32_t block,
                                                std::uint32_t position, std::uint64_t sentence,
                                                std::uint32_t* words) {
  constexpr int counters = lanes_of<std::uint64_t>;
  // Each element has a word in its lower half; the upper half is arbitrary.
  WideLanes word[counter_vectors][4];
#pragma GCC unroll 2
  for (int v = 0; v < counter_vectors; ++v) {
    word[v][0] = load(rising + v * counters) + std::uint64_t{block};
    word[v][1] = WideLanes{} + position;
    word[v][2] = WideLanes{} + (sentence & 0xffffffffu);
    word[v][3] = WideLanes{} + (sentence >> 32);
  }
  const WideLanes first_factor = WideLanes{} + 0xD2511F53u, second_factor = WideLanes{} + 0xCD9E8D57u;
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round)
#pragma GCC unroll 2
    for (int v = 0; v < counter_vectors; ++v) {
      const WideLanes a = multiply_low_words(first_factor, word[v][0]);
      const WideLanes b = multiply_low_words(second_factor, word[v][2]);
      word[v][0] = (b >> 32) ^ word[v][1] ^ keys.of_round[round][0];
      word[v][2] = (a >> 32) ^ word[v][3] ^ keys.of_round[round][1];
      word[v][1] = b;
      word[v][3] = a;
    }
#pragma GCC unroll 2
  for (int v = 0; v < counter_vectors; ++v) {
    const WideLanes low = (word[v][0] & 0xffffffffu) | (word[v][1] << 32);
    const WideLanes high = (word[v][2] & 0xffffffffu) | (word[v][3] << 32);
    std::uint64_t* to = reinterpret_cast<std::uint64_t*>(words) + 2 * v * counters;
    store<std::uint64_t>(to, zip_low(low, high));
    store<std::uint64_t>(to + counters, zip_high(low, high));
  }
}

// As many random words as a vector has elements of type T.
template <class T>
struct WordVector {
  typedef std::uint32_t Type __attribute__((vector_size(lanes_of<T> * 4)));
  typedef std::uint32_t InMemory __attribute__((vector_size(lanes_of<T> * 4), aligned(4), may_alias));
};
template <class T>
using WordsOf = typename WordVector<T>::Type;

template <class T>
void dropout(const DropoutRow<T>& given) {
  const DropoutRow<T> row = given;  // a copy, so that no store can alias it
  constexpr Index lanes = lanes_of<T>;
  const RoundKeys keys = (round_keys)(row.key);
  alignas(64) std::uint32_t words[words_at_once];
  for (Index first = 0; first < row.count; first += words_at_once) {
    random_words(keys, static_cast<std::uint32_t>(first / 4), row.position, row.sentence, words);
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
