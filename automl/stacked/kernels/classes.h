// Softmax with cross-entropy: the gradient of a batch, and its plain losses.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "mathematics.h"

namespace {

// The outputs of a batch of classes, (K, C, B), rows last so that loops run over rows.
template <typename T>
struct Classes {
    int64_t n_runs, n_classes, n_rows, stride;  // `stride`: from a run's losses to the next's
    const T *outputs;
    const int64_t *targets;               // (K, B)
    const T *smoothing, *class_weights;   // (K) and (K, C), each may be null
    T *gradients;                         // (K, C, B) of the mean objective
    T *losses, *errors;                   // (K, B), plain cross-entropy; wrong or not
};

constexpr int64_t ROW_TILE = 64;

// The largest output of each row, and the sum of exp(output - largest).
template <typename T>
void exponential_sums(const T *outputs, int64_t C, int64_t B, int64_t m, T *largest, T *sums) {
#pragma omp simd
    for (int64_t b = 0; b < m; b++) largest[b] = outputs[b];
    for (int64_t c = 1; c < C; c++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++) largest[b] = std::max(largest[b], outputs[c * B + b]);
    for (int64_t b = 0; b < m; b++) sums[b] = 0;
    for (int64_t c = 0; c < C; c++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++) sums[b] += exponential(outputs[c * B + b] - largest[b]);
}

// weight[y] / B * (softmax - (1 - s) onehot - s / C)
template <typename T>
void class_gradients(const Classes<T> &batch) {
    const int64_t C = batch.n_classes, B = batch.n_rows;
    for (int64_t k = 0; k < batch.n_runs; k++) {
        const T s = batch.smoothing ? batch.smoothing[k] : T(0);
        for (int64_t start = 0; start < B; start += ROW_TILE) {
            const int64_t m = std::min(ROW_TILE, B - start);
            const T *outputs = batch.outputs + k * C * B + start;
            T *gradients = batch.gradients + k * C * B + start;
            const int64_t *targets = batch.targets + k * B + start;
            T largest[ROW_TILE], sums[ROW_TILE], weights[ROW_TILE];
            exponential_sums(outputs, C, B, m, largest, sums);
            for (int64_t b = 0; b < m; b++) {
                weights[b] = (batch.class_weights ? batch.class_weights[k * C + targets[b]] : T(1)) / B;
                sums[b] = 1 / sums[b];
            }
            for (int64_t c = 0; c < C; c++)
#pragma omp simd
                for (int64_t b = 0; b < m; b++)
                    gradients[c * B + b] =
                        weights[b] * (exponential(outputs[c * B + b] - largest[b]) * sums[b] - s / C);
            for (int64_t b = 0; b < m; b++) gradients[targets[b] * B + b] -= weights[b] * (1 - s);
        }
    }
}

template <typename T>
void class_scores(const Classes<T> &batch) {
    const int64_t C = batch.n_classes, B = batch.n_rows;
    for (int64_t k = 0; k < batch.n_runs; k++)
        for (int64_t start = 0; start < B; start += ROW_TILE) {
            const int64_t m = std::min(ROW_TILE, B - start);
            const T *outputs = batch.outputs + k * C * B + start;
            const int64_t *targets = batch.targets + k * B + start;
            T largest[ROW_TILE], sums[ROW_TILE];
            exponential_sums(outputs, C, B, m, largest, sums);
            for (int64_t b = 0; b < m; b++) {
                const T own = outputs[targets[b] * B + b];
                bool is_right = own >= largest[b];
                // The prediction is the first of the largest, as argmax has it.
                for (int64_t c = 0; c < targets[b] && is_right; c++) is_right = outputs[c * B + b] < own;
                batch.losses[k * batch.stride + start + b] = std::log(sums[b]) + largest[b] - own;
                batch.errors[k * batch.stride + start + b] = is_right ? T(0) : T(1);
            }
        }
}

}  // namespace
