// One update of all runs: per run first the gradient's norm, then one pass over memory.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

constexpr double CLIP_EPSILON = 1e-6, SMALLEST_NORM = 1e-30;

// One block of parameters, padded, the runs first; see stacked/update_coefficients.py for the
// formula. A run's own rows and columns come first in every piece; what is behind them is zero
// and stays so.
template <typename T>
struct Block {
    int64_t n_runs, n_rows, n_columns, n_pieces;  // (K_l, n_rows, n_pieces, n_columns)
    const int64_t *own_rows, *own_columns;        // (K_l)
    int64_t is_penalized, has_units;
    T *values, *gradients, *first, *second;

    // Call with the place and length of each stretch of run k's own numbers.
    template <typename Function>
    void each_stretch(int64_t k, Function function) const {
        const int64_t row = n_pieces * n_columns, begin = k * n_rows * row;
        if (own_columns[k] == n_columns) return function(begin, own_rows[k] * row);
        for (int64_t at = 0; at < own_rows[k] * row; at += n_columns) function(begin + at, own_columns[k]);
    }
};

template <typename T>
struct Update {
    int64_t n_runs, n_blocks;
    const Block<T> *blocks;
    const T *coefficients;                          // (7, K), order of COEFFICIENTS
    const T *l1, *max_norm, *clip_norm;             // (K), each may be null
    const int64_t *has_first, *has_second;          // (K)
    T *norms;                                       // (K), the gradients' norms are added
};

template <typename T>
double sum_of_squares(T *gradients, const T *values, int64_t n, T l1) {
    double total = 0;
    for (int64_t start = 0; start < n; start += 1024) {  // sums in T stay short
        const int64_t stop = std::min(n, start + 1024);
        T sum = 0;
        if (l1 != 0)
#pragma omp simd
            for (int64_t j = start; j < stop; j++)
                gradients[j] += l1 * (values[j] > 0 ? T(1) : values[j] < 0 ? T(-1) : T(0));
#pragma omp simd reduction(+ : sum)
        for (int64_t j = start; j < stop; j++) sum += gradients[j] * gradients[j];
        total += sum;
    }
    return total;
}

// Rescale columns of weights whose norm is above the limit; rows lie `row` apart.
template <typename T>
void limit_norms(T *values, int64_t n_rows, int64_t n_columns, int64_t row, T max_norm) {
    constexpr int64_t TILE = 64;
    for (int64_t start = 0; start < n_columns; start += TILE) {
        const int64_t m = std::min(TILE, n_columns - start);
        T factor[TILE] = {};
        for (int64_t i = 0; i < n_rows; i++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const T value = values[i * row + start + j];
                factor[j] += value * value;
            }
        for (int64_t j = 0; j < m; j++)
            factor[j] = std::min(T(1), max_norm / std::max(T(SMALLEST_NORM), std::sqrt(factor[j])));
        for (int64_t i = 0; i < n_rows; i++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) values[i * row + start + j] *= factor[j];
    }
}

template <typename T>
void update_stretch(const Update<T> &update, const Block<T> &block, int64_t k, T clip, int64_t at, int64_t n) {
    const int64_t K = update.n_runs;
    const T *c = update.coefficients + k;
    const T first_weight = c[0], second_weight = c[K], ahead = c[2 * K], offset = c[3 * K];
    const T inverse_step = c[4 * K], decay = block.is_penalized ? c[5 * K] : T(1);
    const T weight_decay = block.is_penalized ? c[6 * K] : T(0);
    T *w = block.values + at, *m = block.first + at, *s = block.second + at;
    const T *g = block.gradients + at;
    const T step = 1 / inverse_step;
    if (!update.has_first[k] && !update.has_second[k]) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) w[j] -= step * (g[j] * clip + weight_decay * w[j]);
    } else if (!update.has_second[k]) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            m[j] += first_weight * (own - m[j]);
            w[j] -= step * (own + ahead * (m[j] - own));
        }
    } else if (!update.has_first[k]) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            s[j] += second_weight * (own * own - s[j]);
            w[j] -= step * own / (std::sqrt(s[j]) + offset);
        }
    } else {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            m[j] += first_weight * (own - m[j]);
            s[j] += second_weight * (own * own - s[j]);
            w[j] = w[j] * decay - step * m[j] / (std::sqrt(s[j]) + offset);
        }
    }
}

template <typename T>
void update_all(const Update<T> &update) {
    for (int64_t k = 0; k < update.n_runs; k++) {
        double squares = 0;
        for (int64_t i = 0; i < update.n_blocks; i++) {
            const Block<T> &block = update.blocks[i];
            if (k >= block.n_runs) continue;
            const T l1 = block.is_penalized && update.l1 ? update.l1[k] : T(0);
            block.each_stretch(k, [&](int64_t at, int64_t n) {
                squares += sum_of_squares(block.gradients + at, block.values + at, n, l1);
            });
        }
        const T norm = T(std::sqrt(squares));
        update.norms[k] += norm;
        T clip = 1;
        if (update.clip_norm && !std::isinf(update.clip_norm[k])) {
            clip = update.clip_norm[k] / (norm + T(CLIP_EPSILON));
            if (clip > 1) clip = 1;  // and NaN stays NaN
        }
        for (int64_t i = 0; i < update.n_blocks; i++) {
            const Block<T> &block = update.blocks[i];
            if (k >= block.n_runs) continue;
            block.each_stretch(k, [&](int64_t at, int64_t n) { update_stretch(update, block, k, clip, at, n); });
            if (!block.has_units || !update.max_norm || std::isinf(update.max_norm[k])) continue;
            const int64_t row = block.n_pieces * block.n_columns;
            for (int64_t piece = 0; piece < block.n_pieces; piece++)
                limit_norms(block.values + k * block.n_rows * row + piece * block.n_columns, block.own_rows[k],
                            block.own_columns[k], row, update.max_norm[k]);
        }
    }
}

}  // namespace
