// Numeric columns of a run as several numbers each, before its first layer.
//
// The same numbers as models/mlp/numeric_encoding.py. Columns are taken one after the other, with
// all rows of the batch: so a column's parameters stay in the nearest cache. Of a number in bin k,
// a share f of it below the number, piecewise_linear needs the sum of the weights of the bins
// before, which all rows share, and f times those of bin k: no product over all bins. The way back
// adds up gradients by bin and sums them from the last bin to the first.

#pragma once

#include <algorithm>
#include <cstdint>

#include "mathematics.h"
#include "product.h"

namespace {

enum EncodingKind { PIECEWISE_LINEAR = 1, PERIODIC = 2 };

// Parameters lie column by column; n columns of S numbers, T bins or F frequencies.
template <typename T>
struct Encoding {
    int64_t kind, n_numbers, size, n_parts;  // parts: T or F
    const T *starts, *inverse_widths;        // (n, T) of bins; infinite, and 0, where there is none
    const T *weights, *slopes;               // (n, T, S) and (n, S); (n, F, S - 1) and frequencies (n, F)
    const T *bias, *phases;                  // (n, S); (n, S - 1) and (n, F)
    T *weight_gradients, *slope_gradients, *bias_gradients, *phase_gradients;
    T *columns;                              // (B, n) of the batch
    T *space;                                // for a column: see `space` in native_description.py
};

// The bin of a number.
template <typename T>
inline int64_t bin_of(const T *starts, int64_t n_bins, T x) {
    int32_t bin = 0;
#pragma omp simd reduction(+ : bin)
    for (int64_t t = 1; t < n_bins; t++) bin += x >= starts[t];
    return bin;
}

// One column: its parameters, and its numbers in the batch and in the network's inputs.
template <typename T>
struct EncodedColumn {
    const Encoding<T> &all;
    int64_t column, n_rows, n_inputs;

    int64_t n_own() const { return all.kind == PERIODIC ? all.size - 1 : all.size; }
    T number(int64_t b) const { return all.columns[b * all.n_numbers + column]; }
    template <typename Number>
    Number *own(Number *first, int64_t b) const { return first + b * n_inputs + column * all.size; }

    void piecewise_linear(T *inputs) const {
        const int64_t S = all.size, n_bins = all.n_parts;
        const T *weights = all.weights + column * n_bins * S, *slopes = all.slopes + column * S;
        const T *starts = all.starts + column * n_bins, *inverse = all.inverse_widths + column * n_bins;
        T *before = all.space;  // (T, S): bias and the weights of the bins before each
        std::copy(all.bias + column * S, all.bias + (column + 1) * S, before);
        for (int64_t j = 0; j < (n_bins - 1) * S; j++) before[S + j] = before[j] + weights[j];
        for (int64_t b = 0; b < n_rows; b++) {
            const T x = number(b);
            const int64_t k = bin_of(starts, n_bins, x);
            const T share = (x - starts[k]) * inverse[k];
            const T *sums = before + k * S, *bin = weights + k * S;
            T *out = own(inputs, b);
#pragma omp simd
            for (int64_t j = 0; j < S; j++) out[j] = sums[j] + share * bin[j] + x * slopes[j];
        }
    }

    void piecewise_linear_backward(const T *signals) const {
        const int64_t S = all.size, n_bins = all.n_parts, n = n_bins * S;
        const T *starts = all.starts + column * n_bins, *inverse = all.inverse_widths + column * n_bins;
        T *weights = all.weight_gradients + column * n, *slopes = all.slope_gradients + column * S;
        T *bias = all.bias_gradients + column * S;
        T *in_bin = all.space;  // (T, S): sums of the signals of rows in each
        std::fill(in_bin, in_bin + n, T(0));
        std::fill(weights, weights + n, T(0));
        std::fill(slopes, slopes + S, T(0));
        std::fill(bias, bias + S, T(0));
        for (int64_t b = 0; b < n_rows; b++) {
            const T x = number(b);
            const int64_t k = bin_of(starts, n_bins, x);
            const T share = (x - starts[k]) * inverse[k];
            const T *signal = own(signals, b);
            T *sums = in_bin + k * S, *bin = weights + k * S;
#pragma omp simd
            for (int64_t j = 0; j < S; j++) {
                sums[j] += signal[j];
                bin[j] += share * signal[j];
                slopes[j] += x * signal[j];
            }
        }
        for (int64_t k = n_bins - 1; k >= 0; k--)  // of rows in later bins all of this one is below
            for (int64_t j = 0; j < S; j++) {
                weights[k * S + j] += bias[j];
                bias[j] += in_bin[k * S + j];
            }
    }

    T *angles() const { return all.space; }                             // (B, F)
    T *waves() const { return all.space + n_rows * all.n_parts; }       // (B, F)
    T *wave_signals() const { return waves() + n_rows * all.n_parts; }  // (B, F)

    void make_waves() const {
        const int64_t F = all.n_parts, n = n_rows * F;
        const T *frequencies = all.slopes + column * F, *phases = all.phases + column * F;
        T *angle = angles(), *wave = waves();
        for (int64_t b = 0; b < n_rows; b++) {
            const T x = number(b);
#pragma omp simd
            for (int64_t f = 0; f < F; f++) angle[b * F + f] = T(TWO_PI) * frequencies[f] * x + phases[f];
        }
#pragma omp simd
        for (int64_t j = 0; j < n; j++) wave[j] = cosine(angle[j]);
    }

    void periodic(T *inputs) const {
        const int64_t F = all.n_parts, N = n_own();
        make_waves();
        product<T>(n_rows, N, F, {waves(), F, 1}, {all.weights + column * F * N, N, 1}, all.bias + column * N,
                   {own(inputs, 0), n_inputs, 1});
        for (int64_t b = 0; b < n_rows; b++) own(inputs, b)[N] = number(b);
    }

    void periodic_backward(const T *signals) const {
        const int64_t F = all.n_parts, N = n_own(), n = n_rows * F;
        const Matrix<const T> signal = {own(signals, 0), n_inputs, 1};
        make_waves();
        product<T>(F, N, n_rows, {waves(), 1, F}, signal, nullptr, {all.weight_gradients + column * F * N, N, 1});
        product<T>(n_rows, F, N, signal, {all.weights + column * F * N, 1, N}, nullptr, {wave_signals(), F, 1});
        T *bias = all.bias_gradients + column * N, *wave = waves();
        T *frequencies = all.slope_gradients + column * F, *phases = all.phase_gradients + column * F;
        const T *angle = angles(), *of_wave = wave_signals();
        std::fill(bias, bias + N, T(0));
        std::fill(frequencies, frequencies + F, T(0));
        std::fill(phases, phases + F, T(0));
        // In a loop of its own: beside the cosine it would be made one call for both, of one number.
#pragma omp simd
        for (int64_t j = 0; j < n; j++) wave[j] = sine(angle[j]);
        for (int64_t b = 0; b < n_rows; b++) {
            const T x = T(TWO_PI) * number(b);
            const T *row = own(signals, b);
            for (int64_t j = 0; j < N; j++) bias[j] += row[j];
#pragma omp simd
            for (int64_t f = 0; f < F; f++) {
                const T of_angle = -wave[b * F + f] * of_wave[b * F + f];
                phases[f] += of_angle;
                frequencies[f] += x * of_angle;
            }
        }
    }
};

// Fill the first inputs of each row from the batch's columns.
template <typename T>
void encode(const Encoding<T> &encoding, int64_t n_rows, int64_t n_inputs, T *inputs) {
    for (int64_t column = 0; column < encoding.n_numbers; column++) {
        const EncodedColumn<T> own = {encoding, column, n_rows, n_inputs};
        encoding.kind == PERIODIC ? own.periodic(inputs) : own.piecewise_linear(inputs);
    }
}

// The gradients of all parameters from those of the inputs.
template <typename T>
void encode_backward(const Encoding<T> &encoding, int64_t n_rows, int64_t n_inputs, const T *signals) {
    for (int64_t column = 0; column < encoding.n_numbers; column++) {
        const EncodedColumn<T> own = {encoding, column, n_rows, n_inputs};
        encoding.kind == PERIODIC ? own.periodic_backward(signals) : own.piecewise_linear_backward(signals);
    }
}

}  // namespace
