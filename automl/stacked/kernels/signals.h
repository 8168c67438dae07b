// How signals and gradients pass through the layers of a run, measured on one batch.
//
// The numbers of training/gradients.py, in the order of `LayerGradientRecord`. Sums are taken in
// double precision and in an order that depends on the run alone.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "network.h"

namespace {

constexpr int64_t NUMBERS_PER_LAYER = 7;
enum LayerNumber { GRADIENT_NORM, WEIGHT_NORM, UPDATE_RATIO, MEAN, DEVIATION, SATURATED, DEAD };

template <typename T>
double norm_of(const T *values, const T *before, int64_t n) {
    double total = 0;
    for (int64_t start = 0; start < n; start += 1024) {  // sums in T stay short
        const int64_t stop = std::min(n, start + 1024);
        T sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = start; j < stop; j++) {
            const T value = before ? values[j] - before[j] : values[j];
            sum += value * value;
        }
        total += sum;
    }
    return std::sqrt(total);
}

// Of n weights and their gradients; `before`: the weights before the last step, or null.
template <typename T>
void measure_weights(const T *weights, const T *gradients, const T *before, int64_t n, double *numbers) {
    const T *nothing = nullptr;
    numbers[GRADIENT_NORM] = norm_of(gradients, nothing, n);
    numbers[WEIGHT_NORM] = norm_of(weights, nothing, n);
    numbers[UPDATE_RATIO] = std::numeric_limits<double>::quiet_NaN();
    if (before) numbers[UPDATE_RATIO] = norm_of(weights, before, n) / numbers[WEIGHT_NORM];
}

// Mean and standard deviation of n columns of rows that lie `stride` apart.
template <typename T>
void measure_spread(const T *values, int64_t n_rows, int64_t n, int64_t stride, double *numbers) {
    double sum = 0, squares = 0;
    for (int64_t b = 0; b < n_rows; b++) {
        T of_row = 0;
#pragma omp simd reduction(+ : of_row)
        for (int64_t j = 0; j < n; j++) of_row += values[b * stride + j];
        sum += of_row;
    }
    const double share = 1.0 / (n_rows * n);
    const T mean = T(sum * share);
    for (int64_t b = 0; b < n_rows; b++) {
        T of_row = 0;
#pragma omp simd reduction(+ : of_row)
        for (int64_t j = 0; j < n; j++) of_row += (values[b * stride + j] - mean) * (values[b * stride + j] - mean);
        squares += of_row;
    }
    numbers[MEAN] = sum * share;
    numbers[DEVIATION] = std::sqrt(squares * share);
    numbers[SATURATED] = numbers[DEAD] = 0;
}

// The share of a hidden layer's activations at the flat ends, and of its units that are dead.
template <typename T>
void measure_units(const RunLayer<T> &run, T saturated_above, double *numbers) {
    const int64_t B = run.network.n_rows, n = run.n_units;
    const T *h = run.outputs();
    if (run.layer.mixing || run.layer.skips) return;  // flat nowhere for good: see MLPConfig.signal_kind
    if (run.activation() == SIGMOID || run.activation() == TANH) {
        const T scale = run.activation() == SIGMOID ? T(2) : T(1), shift = scale - 1;
        int64_t n_saturated = 0;
        for (int64_t b = 0; b < B; b++)
            for (int64_t j = 0; j < run.n_real; j++)
                n_saturated += std::abs(scale * h[b * n + j] - shift) > saturated_above;
        numbers[SATURATED] = double(n_saturated) / (B * run.n_real);
    }
    if (run.activation() != RELU) return;
    int64_t n_dead = 0;
    for (int64_t start = 0; start < run.n_real; start += COLUMN_TILE) {
        const int64_t m = std::min(COLUMN_TILE, run.n_real - start);
        T alive[COLUMN_TILE] = {};
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) alive[j] = h[b * n + start + j] != 0 ? T(1) : alive[j];
        for (int64_t j = 0; j < m; j++) n_dead += alive[j] == 0;
    }
    numbers[DEAD] = double(n_dead) / run.n_real;
}

// After forward and backward in training, of the network behind its inputs; `values` and `before` lie alike, as Update's values.
template <typename T>
void measure_layers(const Network<T> &network, const T *values, const T *before, T saturated_above, double *numbers) {
    const auto earlier = [&](const T *weights) { return before ? before + (weights - values) : nullptr; };
    int64_t n_in = network.n_inputs;
    for (int64_t l = 0; l < network.n_layers; l++, numbers += NUMBERS_PER_LAYER) {
        const RunLayer<T> run(network, l);
        const T *weights = run.layer.weights;
        measure_weights(weights, run.layer.weight_gradients, earlier(weights), n_in * run.n_linear, numbers);
        measure_spread(run.outputs(), network.n_rows, run.n_real, run.n_units, numbers);
        measure_units(run, saturated_above, numbers);
        n_in = run.n_real;
    }
    const T *weights = network.output_weights;
    const int64_t n = n_in * network.n_members * network.n_outputs;
    measure_weights(weights, network.output_weight_gradients, earlier(weights), n, numbers);
    measure_spread(network.outputs, network.n_outputs, network.n_rows, network.n_rows, numbers);
}

}  // namespace
