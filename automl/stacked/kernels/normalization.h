// Batch and layer normalization of one run, forward and backward, in place.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "vectors.h"

namespace {

enum Normalization { NO_NORMALIZATION, BATCH_NORM, LAYER_NORM };

constexpr double NORM_EPSILON = 1e-5, RUNNING_SHARE = 0.1;
constexpr int64_t COLUMN_TILE = 64;  // columns whose sums stay in registers or the nearest cache

// Some columns of rows that lie `stride` apart, and what normalizing them needs.
template <typename T>
struct Normalized {
    int64_t n_rows, n_columns, stride;
    T *values;      // replaced; on the way back the signals
    T *normalized;  // before gain and shift, kept for the way back
    T *scale;       // 1 / standard deviation: per column in batch, per row in layer normalization
    const T *gain, *shift;
    T *gain_gradient, *shift_gradient;
};

template <typename T>
void batch_norm_by_running(const Normalized<T> &part, const T *running_mean, const T *running_variance) {
    for (int64_t start = 0; start < part.n_columns; start += COLUMN_TILE) {
        const int64_t m = std::min(COLUMN_TILE, part.n_columns - start);
        const T *mean = running_mean + start, *shift = part.shift + start;
        T slope[COLUMN_TILE];
        for (int64_t j = 0; j < m; j++)
            slope[j] = part.gain[start + j] / std::sqrt(running_variance[start + j] + T(NORM_EPSILON));
        for (int64_t b = 0; b < part.n_rows; b++) {
            T *row = part.values + b * part.stride + start;
#pragma omp simd
            for (int64_t j = 0; j < m; j++) row[j] = (row[j] - mean[j]) * slope[j] + shift[j];
        }
    }
}

template <typename T>
void batch_norm(const Normalized<T> &part, T *running_mean, T *running_variance, bool is_frozen) {
    const int64_t B = part.n_rows;
    for (int64_t start = 0; start < part.n_columns; start += COLUMN_TILE) {
        const int64_t m = std::min(COLUMN_TILE, part.n_columns - start);
        T *values = part.values + start, *normalized = part.normalized + start, *scale = part.scale + start;
        const T *gain = part.gain + start, *shift = part.shift + start;
        T mean[COLUMN_TILE] = {}, variance[COLUMN_TILE] = {};
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) mean[j] += values[b * part.stride + j];
#pragma omp simd
        for (int64_t j = 0; j < m; j++) mean[j] /= B;
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const T centred = values[b * part.stride + j] - mean[j];
                normalized[b * part.stride + j] = centred;
                variance[j] += centred * centred;
            }
        for (int64_t j = 0; j < m; j++) {
            variance[j] /= B;
            scale[j] = 1 / std::sqrt(variance[j] + T(NORM_EPSILON));
        }
        if (!is_frozen) {
            const T unbiased = T(B) / std::max<int64_t>(1, B - 1), share = T(RUNNING_SHARE);
            for (int64_t j = 0; j < m; j++) {
                running_mean[start + j] += share * (mean[j] - running_mean[start + j]);
                running_variance[start + j] += share * (variance[j] * unbiased - running_variance[start + j]);
            }
        }
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const T value = normalized[b * part.stride + j] * scale[j];
                normalized[b * part.stride + j] = value;
                values[b * part.stride + j] = value * gain[j] + shift[j];
            }
    }
}

template <typename T>
void batch_norm_backward(const Normalized<T> &part) {
    const int64_t B = part.n_rows;
    for (int64_t start = 0; start < part.n_columns; start += COLUMN_TILE) {
        const int64_t m = std::min(COLUMN_TILE, part.n_columns - start);
        T *signals = part.values + start;
        const T *normalized = part.normalized + start, *scale = part.scale + start, *gain = part.gain + start;
        T products[COLUMN_TILE] = {}, sums[COLUMN_TILE] = {}, slope[COLUMN_TILE];
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                sums[j] += signals[b * part.stride + j];
                products[j] += signals[b * part.stride + j] * normalized[b * part.stride + j];
            }
        for (int64_t j = 0; j < m; j++) {
            part.gain_gradient[start + j] = products[j];
            part.shift_gradient[start + j] = sums[j];
            products[j] /= B;
            sums[j] /= B;
            slope[j] = gain[j] * scale[j];
        }
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const int64_t at = b * part.stride + j;
                signals[at] = (signals[at] - sums[j] - normalized[at] * products[j]) * slope[j];
            }
    }
}

// Layer normalization is over the real units of all pieces of a linear map, `piece` apart in a
// row and `vector_piece` apart in the vectors; part.n_columns are the real units of one piece.
// Each sum over a row is one over whole vectors: what pads them is zero, or multiplied by it.
template <typename T>
struct LayerRows {
    const Normalized<T> &part;
    int64_t n_pieces, piece, vector_piece;
    Eight<T> is_real = {};  // 1 for the real ones of a piece's last eight units

    LayerRows(const Normalized<T> &part, int64_t n_pieces, int64_t piece, int64_t vector_piece)
        : part(part), n_pieces(n_pieces), piece(piece), vector_piece(vector_piece) {
        for (int64_t j = piece - PADDING; j < part.n_columns; j++) is_real[j - piece + PADDING] = 1;
    }

    T share() const { return T(1) / (part.n_columns * n_pieces); }

    // Call step(place in the row, place in the vectors, which are real) for each eight units.
    template <typename Step>
    void each(Step step) const {
        const Eight<T> all = Eight<T>{} + T(1);
        for (int64_t p = 0; p < n_pieces; p++)
            for (int64_t j = 0; j < piece; j += PADDING)
                step(p * piece + j, p * vector_piece + j, j + PADDING < piece ? all : is_real);
    }
};

template <typename T>
void layer_norm(const Normalized<T> &part, int64_t n_pieces, int64_t piece, int64_t vector_piece) {
    const LayerRows<T> rows(part, n_pieces, piece, vector_piece);
    const T share = rows.share();
    for (int64_t b = 0; b < part.n_rows; b++) {
        T *row = part.values + b * part.stride;
        T *kept = part.normalized ? part.normalized + b * part.stride : row;
        Eight<T> sums = {}, squares = {};
        rows.each([&](int64_t j, int64_t, Eight<T>) { sums += eight(row + j); });
        const T mean = sum<T>(sums) * share;
        rows.each([&](int64_t j, int64_t, Eight<T> is_real) {
            const Eight<T> centred = (eight(row + j) - mean) * is_real;
            squares += centred * centred;
        });
        const T scale = 1 / std::sqrt(sum<T>(squares) * share + T(NORM_EPSILON));
        if (part.scale) part.scale[b] = scale;
        rows.each([&](int64_t j, int64_t v, Eight<T>) {
            const Eight<T> value = (eight(row + j) - mean) * scale;
            eight(kept + j) = value;
            eight(row + j) = value * eight(part.gain + v) + eight(part.shift + v);
        });
    }
}

template <typename T>
void layer_norm_backward(const Normalized<T> &part, int64_t n_pieces, int64_t piece, int64_t vector_piece) {
    const LayerRows<T> rows(part, n_pieces, piece, vector_piece);
    const T share = rows.share();
    rows.each([&](int64_t, int64_t v, Eight<T>) {
        eight(part.gain_gradient + v) = Eight<T>{};
        eight(part.shift_gradient + v) = Eight<T>{};
    });
    for (int64_t b = 0; b < part.n_rows; b++) {
        T *row = part.values + b * part.stride;
        const T *normalized = part.normalized + b * part.stride;
        Eight<T> sums = {}, products = {};
        rows.each([&](int64_t j, int64_t v, Eight<T>) {
            const Eight<T> signal = eight(row + j), product = signal * eight(normalized + j);
            eight(part.shift_gradient + v) += signal;
            eight(part.gain_gradient + v) += product;
            sums += signal * eight(part.gain + v);
            products += product * eight(part.gain + v);
        });
        const T mean = sum<T>(sums) * share, product = sum<T>(products) * share, scale = part.scale[b];
        rows.each([&](int64_t j, int64_t v, Eight<T> is_real) {
            const Eight<T> signal = eight(row + j) * eight(part.gain + v);
            eight(row + j) = (signal - mean - eight(normalized + j) * product) * (scale * is_real);
        });
    }
}

}  // namespace
