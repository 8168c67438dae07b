// Members: networks that share all weights but their factors of the inputs and their heads, with
// k x B rows behind these factors. The numbers of models/mlp/members.py.

#pragma once

#include <algorithm>
#include <cstdint>

#include "losses.h"

namespace {

// Each member's rows: (B, D) times factors (k, D) -> (k x B, D).
template <typename T>
void spread_rows(const T *rows, const T *scale, int64_t k, int64_t B, int64_t D, T *spread) {
    for (int64_t m = 0; m < k; m++) {
        const T *own = scale + m * D;
        for (int64_t b = 0; b < B; b++) {
            const T *row = rows + b * D;
            T *out = spread + (m * B + b) * D;
#pragma omp simd
            for (int64_t j = 0; j < D; j++) out[j] = row[j] * own[j];
        }
    }
}

// From the gradient of these to that of the factors and of the rows.
template <typename T>
void spread_rows_backward(const T *rows, const T *scale, int64_t k, int64_t B, int64_t D, const T *signals,
                          T *scale_gradients, T *row_signals) {
    std::fill(scale_gradients, scale_gradients + k * D, T(0));
    std::fill(row_signals, row_signals + B * D, T(0));
    for (int64_t m = 0; m < k; m++) {
        const T *own = scale + m * D;
        T *gradients = scale_gradients + m * D;
        for (int64_t b = 0; b < B; b++) {
            const T *row = rows + b * D, *signal = signals + (m * B + b) * D;
            T *below = row_signals + b * D;
#pragma omp simd
            for (int64_t j = 0; j < D; j++) {
                gradients[j] += signal[j] * row[j];
                below[j] += signal[j] * own[j];
            }
        }
    }
}

// The logarithm of a sum of exponentials over members, of one class in m rows: `values` (k, m).
template <typename T>
void add_exponentials(const T *values, int64_t k, int64_t m, T *result) {
    T largest[ROW_TILE], sums[ROW_TILE];
    for (int64_t b = 0; b < m; b++) largest[b] = values[b], sums[b] = 0;
    for (int64_t i = 1; i < k; i++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++) largest[b] = std::max(largest[b], values[i * m + b]);
    for (int64_t i = 0; i < k; i++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++) sums[b] += exponential(values[i * m + b] - largest[b]);
#pragma omp simd
    for (int64_t b = 0; b < m; b++) result[b] = largest[b] + logarithm(sums[b]);
}

// The logit of the mean probability of B rows, at most a tile, in place: (k, B) -> (B).
template <typename T>
void mean_logits(T *outputs, int64_t k, int64_t B, T *space) {
    T ones[ROW_TILE], zeros[ROW_TILE];
    for (int64_t sign = 0; sign < 2; sign++) {
#pragma omp simd
        for (int64_t j = 0; j < k * B; j++) {  // log sigmoid(z), or of -z
            const T z = sign ? -outputs[j] : outputs[j];
            space[j] = (z < 0 ? z : T(0)) - logarithm_of_1_more(exponential(-std::abs(z)));
        }
        add_exponentials(space, k, B, sign ? zeros : ones);
    }
    for (int64_t b = 0; b < B; b++) outputs[b] = ones[b] - zeros[b];
}

// The logarithms of mean probabilities of B rows, at most a tile, in place: (C, k, B) -> (C, B).
// Classes are written behind where they are read, in their order.
template <typename T>
void mean_probabilities(T *outputs, int64_t C, int64_t k, int64_t B, T *space) {
    T *whole = space, *values = space + k * B;  // (k, B) each: logarithms of sums; of one class
    for (int64_t i = 0; i < k; i++) {
        T largest[ROW_TILE], sums[ROW_TILE];
        exponential_sums(outputs + i * B, C, k * B, B, largest, sums);
#pragma omp simd
        for (int64_t b = 0; b < B; b++) whole[i * B + b] = largest[b] + logarithm(sums[b]);
    }
    const T of_count = std::log(T(k));
    for (int64_t c = 0; c < C; c++) {
        const T *own = outputs + c * k * B;
        T *out = outputs + c * B;
#pragma omp simd
        for (int64_t j = 0; j < k * B; j++) values[j] = own[j] - whole[j];
        add_exponentials(values, k, B, out);
        for (int64_t b = 0; b < B; b++) out[b] -= of_count;
    }
}

// The outputs of the mean prediction in place of those of each member: (C, k x B) -> (C, B), of at
// most a tile of rows. `space` has room for (2, k x B).
template <typename T>
void mean_prediction(int64_t loss, T *outputs, int64_t C, int64_t k, int64_t B, T *space) {
    if (loss == CROSS_ENTROPY) return mean_probabilities(outputs, C, k, B, space);
    if (loss == BINARY_CROSS_ENTROPY) return mean_logits(outputs, k, B, space);
    for (int64_t i = 1; i < k; i++)
#pragma omp simd
        for (int64_t b = 0; b < B; b++) outputs[b] += outputs[i * B + b];
    for (int64_t b = 0; b < B; b++) outputs[b] /= T(k);
}

}  // namespace
