// How the activations of a hidden layer are spread, run by run.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "network.h"

namespace {

template <typename T>
struct Signals {
    const Network<T> *network;  // after a forward pass in training mode
    int64_t layer;
    const T *saturated_above;  // on tanh's scale
    T *numbers;                // (K_l, 4): mean, standard deviation, share saturated, share dead
};

template <typename T>
void measure_signals(const Signals<T> &signals) {
    const Network<T> &network = *signals.network;
    const int64_t B = network.n_rows;
    for (int64_t k = 0; k < network.layers[signals.layer].n_runs; k++) {
        const RunLayer<T> run(network, signals.layer, k);
        const T *h = run.outputs();
        const int64_t n = run.n_units;  // the padding is zero
        const T share = T(1) / (B * run.n_real);
        T sum = 0, squares = 0, n_saturated = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < B * n; j++) sum += h[j];
        const T mean = sum * share;
        for (int64_t b = 0; b < B; b++)
#pragma omp simd reduction(+ : squares)
            for (int64_t j = 0; j < run.n_real; j++) squares += (h[b * n + j] - mean) * (h[b * n + j] - mean);
        if (run.activation() == SIGMOID || run.activation() == TANH) {
            const T scale = run.activation() == SIGMOID ? T(2) : T(1), shift = scale - 1;
            const T limit = *signals.saturated_above;
            for (int64_t b = 0; b < B; b++)
#pragma omp simd reduction(+ : n_saturated)
                for (int64_t j = 0; j < run.n_real; j++)
                    n_saturated += std::abs(scale * h[b * n + j] - shift) > limit ? T(1) : T(0);
        }
        int64_t n_dead = 0;
        if (run.activation() == RELU)
            for (int64_t start = 0; start < run.n_real; start += COLUMN_TILE) {
                const int64_t m = std::min(COLUMN_TILE, run.n_real - start);
                T alive[COLUMN_TILE] = {};
                for (int64_t b = 0; b < B; b++)
#pragma omp simd
                    for (int64_t j = 0; j < m; j++) alive[j] = h[b * n + start + j] != 0 ? T(1) : alive[j];
                for (int64_t j = 0; j < m; j++) n_dead += alive[j] == 0;
            }
        T *numbers = signals.numbers + 4 * k;
        numbers[0] = mean;
        numbers[1] = std::sqrt(squares * share);
        numbers[2] = n_saturated * share;
        numbers[3] = T(n_dead) / run.n_real;
    }
}

}  // namespace
