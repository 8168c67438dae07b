// One update of a run: first the norm of its gradient, then one pass over its parameters.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "network.h"

namespace {

constexpr double CLIP_EPSILON = 1e-6, SMALLEST_NORM = 1e-30;

// Parameters that are updated alike.
template <typename T>
struct Stretch {
    int64_t start, stop, is_penalized;
    double rate_factor;  // what the learning rate is multiplied by
};

// All parameters lie behind one another: weights and embeddings, which penalties act on, then
// vectors. What pads them is zero and stays so. Formula: stacked/update_coefficients.py.
template <typename T>
struct Update {
    int64_t n_penalized, n_parameters;
    T *values, *gradients, *first, *second;
    int64_t has_first, has_second;  // which moments the optimizer has
    const T *limits;                // l1, largest norm of a unit's weights, of a gradient; or infinity
    T *norm_sum;                    // the norms of gradients before clipping are added
    int64_t n_stretches;            // which cover all parameters
    const Stretch<T> *stretches;
};

constexpr int64_t N_COEFFICIENTS = 7;
enum Limit { L1, MAX_NORM, CLIP_NORM };

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

// The largest norm holds for each unit of hidden layers and for each output.
template <typename T>
void limit_all_norms(const Network<T> &network, T max_norm) {
    int64_t n_in = network.n_inputs;
    for (int64_t l = 0; l < network.n_layers; l++) {
        const RunLayer<T> layer(network, l);
        limit_norms(layer.layer.weights, n_in, layer.n_linear, layer.n_linear, max_norm);
        n_in = layer.n_real;
    }
    const int64_t n_heads = network.n_members * network.n_outputs;
    limit_norms(network.output_weights, n_in, n_heads, n_heads, max_norm);
}

// By the coefficients of a step, in the order of COEFFICIENTS.
template <typename T>
void update_stretch(const Update<T> &update, const Stretch<T> &stretch, const T *c, T clip) {
    const int64_t from = stretch.start, to = stretch.stop;
    const T first_weight = c[0], second_weight = c[1], ahead = c[2], offset = c[3];
    const T step = T(stretch.rate_factor) / c[4];
    const T decay = stretch.is_penalized ? T(1 - stretch.rate_factor * (1 - double(c[5]))) : T(1);
    const T weight_decay = stretch.is_penalized ? c[6] : T(0);
    T *w = update.values, *m = update.first, *s = update.second;
    const T *g = update.gradients;
    if (!update.has_first && !update.has_second) {
#pragma omp simd
        for (int64_t j = from; j < to; j++) w[j] -= step * (g[j] * clip + weight_decay * w[j]);
    } else if (!update.has_second) {
#pragma omp simd
        for (int64_t j = from; j < to; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            m[j] += first_weight * (own - m[j]);
            w[j] -= step * (own + ahead * (m[j] - own));
        }
    } else if (!update.has_first) {
#pragma omp simd
        for (int64_t j = from; j < to; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            s[j] += second_weight * (own * own - s[j]);
            w[j] -= step * own / (std::sqrt(s[j]) + offset);
        }
    } else {
#pragma omp simd
        for (int64_t j = from; j < to; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            m[j] += first_weight * (own - m[j]);
            s[j] += second_weight * (own * own - s[j]);
            w[j] = w[j] * decay - step * m[j] / (std::sqrt(s[j]) + offset);
        }
    }
}

template <typename T>
void update_parameters(const Network<T> &network, const Update<T> &update, const T *coefficients) {
    const int64_t P = update.n_penalized, N = update.n_parameters;
    const T *limits = update.limits;
    T *g = update.gradients;
    const double squares =
        sum_of_squares(g, update.values, P, limits[L1]) + sum_of_squares(g + P, update.values + P, N - P, T(0));
    const T norm = T(std::sqrt(squares));
    *update.norm_sum += norm;
    T clip = 1;
    if (!std::isinf(limits[CLIP_NORM])) {
        clip = limits[CLIP_NORM] / (norm + T(CLIP_EPSILON));
        if (clip > 1) clip = 1;  // and NaN stays NaN
    }
    for (int64_t n = 0; n < update.n_stretches; n++) update_stretch(update, update.stretches[n], coefficients, clip);
    if (!std::isinf(limits[MAX_NORM])) limit_all_norms(network, limits[MAX_NORM]);
}

}  // namespace
