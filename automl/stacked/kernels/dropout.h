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

constexpr int64_t MASK_TILE = 512;  // units whose mask is held at once

// A row's mask for n units from an even one on: 16 bits of a 32-bit hash for each, as
// randomness.random_bits.
template <typename T>
void fill_mask(uint32_t key, const int32_t *pair_offsets, int16_t threshold, T scale, int64_t n, T *mask) {
#pragma omp simd
    for (int64_t j = 0; j < (n + 1) / 2; j++) {
        const int32_t bits = scrambled(key + uint32_t(pair_offsets[j]));
        mask[2 * j] = int16_t(bits) >= threshold ? scale : T(0);
        mask[2 * j + 1] = int16_t(bits >> 16) >= threshold ? scale : T(0);
    }
}

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

    // Multiply up to three arrays of (n_rows, n_units) with the mask; later ones may be null.
    void apply(int64_t n_rows, int64_t n_units, T *x, T *y = nullptr, T *z = nullptr) const {
        T mask[MASK_TILE];
        for (int64_t b = 0; b < n_rows; b++)
            for (int64_t start = 0; start < n_units; start += MASK_TILE) {
                const int64_t n = std::min(MASK_TILE, n_units - start), first = b * n_units + start;
                fill_mask(key + uint32_t(row_offsets[b]), pair_offsets + start / 2, threshold, scale, n, mask);
                for (T *values : {x, y, z})
                    if (values)
#pragma omp simd
                        for (int64_t j = 0; j < n; j++) values[first + j] *= mask[j];
            }
    }
};

}  // namespace
