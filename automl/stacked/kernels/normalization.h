// Batch and layer normalization of one run, forward and backward, in place.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

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
template <typename T>
void layer_norm(const Normalized<T> &part, int64_t n_pieces, int64_t piece, int64_t vector_piece) {
    const T share = T(1) / (part.n_columns * n_pieces);
    for (int64_t b = 0; b < part.n_rows; b++) {
        T *row = part.values + b * part.stride, mean = 0, variance = 0;
        for (int64_t p = 0; p < n_pieces; p++)
#pragma omp simd reduction(+ : mean)
            for (int64_t j = 0; j < part.n_columns; j++) mean += row[p * piece + j];
        mean *= share;
        for (int64_t p = 0; p < n_pieces; p++)
#pragma omp simd reduction(+ : variance)
            for (int64_t j = 0; j < part.n_columns; j++)
                variance += (row[p * piece + j] - mean) * (row[p * piece + j] - mean);
        const T scale = 1 / std::sqrt(variance * share + T(NORM_EPSILON));
        if (part.scale) part.scale[b] = scale;
        for (int64_t p = 0; p < n_pieces; p++) {
            T *own = row + p * piece;
            T *kept = part.normalized ? part.normalized + b * part.stride + p * piece : own;
            const T *gain = part.gain + p * vector_piece, *shift = part.shift + p * vector_piece;
#pragma omp simd
            for (int64_t j = 0; j < part.n_columns; j++) {
                const T value = (own[j] - mean) * scale;
                kept[j] = value;
                own[j] = value * gain[j] + shift[j];
            }
        }
    }
}

template <typename T>
void layer_norm_backward(const Normalized<T> &part, int64_t n_pieces, int64_t piece, int64_t vector_piece) {
    const T share = T(1) / (part.n_columns * n_pieces);
    for (int64_t p = 0; p < n_pieces; p++) {
        std::fill_n(part.gain_gradient + p * vector_piece, part.n_columns, T(0));
        std::fill_n(part.shift_gradient + p * vector_piece, part.n_columns, T(0));
    }
    for (int64_t b = 0; b < part.n_rows; b++) {
        T *row = part.values + b * part.stride, mean = 0, product = 0;
        const T *kept = part.normalized + b * part.stride, scale = part.scale[b];
        for (int64_t p = 0; p < n_pieces; p++) {
            T *own = row + p * piece, *gain_gradient = part.gain_gradient + p * vector_piece;
            T *shift_gradient = part.shift_gradient + p * vector_piece;
            const T *normalized = kept + p * piece, *gain = part.gain + p * vector_piece;
#pragma omp simd reduction(+ : mean, product)
            for (int64_t j = 0; j < part.n_columns; j++) {
                shift_gradient[j] += own[j];
                gain_gradient[j] += own[j] * normalized[j];
                own[j] *= gain[j];
                mean += own[j];
                product += own[j] * normalized[j];
            }
        }
        mean *= share;
        product *= share;
        for (int64_t p = 0; p < n_pieces; p++) {
            T *own = row + p * piece;
            const T *normalized = kept + p * piece;
#pragma omp simd
            for (int64_t j = 0; j < part.n_columns; j++)
                own[j] = (own[j] - mean - normalized[j] * product) * scale;
        }
    }
}

}  // namespace
