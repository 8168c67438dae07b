// Mixtures of each row of a batch with the next one, of the last with the first: the numbers of
// models/mlp/mixup.py, in place.

#pragma once

#include <algorithm>
#include <cstdint>

namespace {

// Rows are (B, D); `share` of each is its own; `space` has room for one of them.
template <typename T>
void mix_rows(T *rows, int64_t B, int64_t D, double share, T *space) {
    const T own = T(share), other = T(1 - share);
    std::copy(rows, rows + D, space);
    for (int64_t b = 0; b < B; b++) {
        T *row = rows + b * D;
        const T *next = b + 1 < B ? row + D : space;
#pragma omp simd
        for (int64_t j = 0; j < D; j++) row[j] = own * row[j] + other * next[j];
    }
}

// From the gradient of the mixtures to that of the rows: each is in its own and in the one before.
template <typename T>
void mix_rows_backward(T *signals, int64_t B, int64_t D, double share, T *space) {
    const T own = T(share), other = T(1 - share);
    std::copy(signals + (B - 1) * D, signals + B * D, space);
    for (int64_t b = B - 1; b >= 0; b--) {
        T *row = signals + b * D;
        const T *before = b > 0 ? row - D : space;
#pragma omp simd
        for (int64_t j = 0; j < D; j++) row[j] = own * row[j] + other * before[j];
    }
}

}  // namespace
