// Dropout whose masks are hashed where they are used, and never stored.

#pragma once

#include <algorithm>
#include <cstdint>

namespace {

// What the masks of one place, inputs or a hidden layer, are functions of beside the step.
struct Dropout {
    int64_t stream;     // see `randomness.stream`
    int64_t n_dropped;  // of RESOLUTION: how many of its values are dropped; 0: no dropout
};

// The key of a stream at a step, as randomness.keys_at.
inline uint32_t key_at(int64_t stream, int64_t step) {
    uint64_t state = uint64_t(stream) + uint64_t(step) * 0x9E3779B97F4A7C15u;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
    return uint32_t(state >> 32);
}

// A hash of 32 bits, as randomness._scramble_.
inline int32_t scrambled(uint32_t state) {
    int32_t bits = int32_t(state);
    bits = int32_t(uint32_t(bits ^ (bits >> 16)) * 0x21F0AAADu);
    return int32_t(uint32_t(bits ^ (bits >> 15)) * 0xD35A2D97u);
}

constexpr int64_t MASK_TILE = 512;  // units whose bits are held at once

constexpr int64_t RESOLUTION = 1 << 16;  // as in randomness.py

// The dropout of one run at one place and step.
template <typename T>
struct RunDropout {
    uint32_t key;
    int16_t threshold;
    T scale;
    const int32_t *row_offsets, *pair_offsets;  // what rows and pairs of units add to the key

    RunDropout(Dropout dropout, int64_t step, const int32_t *row_offsets, const int32_t *pair_offsets)
        : key(key_at(dropout.stream, step)), threshold(int16_t(dropout.n_dropped - RESOLUTION / 2)),
          scale(T(double(RESOLUTION) / double(RESOLUTION - dropout.n_dropped))),
          row_offsets(row_offsets), pair_offsets(pair_offsets) {}

    bool drops() const { return threshold != INT16_MIN; }

    // Multiply arrays of (n_rows, n_units) with the mask: 16 bits of a 32-bit hash for each unit,
    // as randomness.random_bits.
    template <typename... Arrays>
    void apply(int64_t n_rows, int64_t n_units, Arrays *...arrays) const {
        int32_t bits[MASK_TILE / 2];
        const int16_t *decisions = (const int16_t *)bits, least = threshold;
        const T kept = scale;
        for (int64_t b = 0; b < n_rows; b++)
            for (int64_t start = 0; start < n_units; start += MASK_TILE) {
                const int64_t n = std::min(MASK_TILE, n_units - start), first = b * n_units + start;
                const uint32_t own = key + uint32_t(row_offsets[b]);
                const int32_t *pairs = pair_offsets + start / 2;
#pragma omp simd
                for (int64_t j = 0; j < (n + 1) / 2; j++) bits[j] = scrambled(own + uint32_t(pairs[j]));
#pragma omp simd
                for (int64_t j = 0; j < n; j++) {
                    const T factor = decisions[j] >= least ? kept : T(0);
                    ((arrays[first + j] *= factor), ...);
                }
            }
    }
};

}  // namespace
