// Products of small matrices, one run's layer on one batch at a time.
//
// A library's product pays some microseconds per call for choosing a method, threads and
// packing, as much as the products of a narrow network take; batched over runs it wants them
// padded to the widest and walks through all runs' memory for every layer. Here a product of
// any strides runs tile by tile: six rows (eight with AVX-512) by two vectors of C stay in
// registers while a panel of B passes by in the nearest cache. What is left of the columns is
// done with shorter vectors. Measured in cache on one core, (rows x in) by (in x out), in
// GFLOP/s. AMD EPYC (AVX2), against torch.bmm: 16 x 16 x 16 55 against 27, 16 x 48 x 48 68
// against 62, 64 x 128 x 128 83 against 73, 256 x 232 x 232 66 against 84. Intel Xeon of 2023
// (AVX-512), against the same with vectors of 32 bytes: 16 x 16 x 16 105 against 83, 16 x 48 x
// 48 170 against 99, 64 x 128 x 128 185 against 111, 64 x 256 x 256 175 against 107.

#pragma once

#include <algorithm>
#include <cstdint>

#include "vectors.h"

namespace {

// A matrix in memory: `row` and `column` are the steps to the next of each, in numbers.
template <typename T>
struct Matrix {
    T *numbers;
    int64_t row, column;

    T *at(int64_t i, int64_t j) const { return numbers + i * row + j * column; }
    Matrix transposed() const { return {numbers, column, row}; }
};

template <typename T>
Matrix<const T> constant(Matrix<T> matrix) {
    return {matrix.numbers, matrix.row, matrix.column};
}

constexpr int SHORT = 32;  // bytes of a vector; widths are padded to one of float32
#ifdef __AVX512F__
constexpr int LONG = 64;
constexpr int64_t TILE_ROWS = 8;  // of 32 registers 16 for sums, and batches are multiples of 8
#else
constexpr int LONG = 32;
constexpr int64_t TILE_ROWS = 6;  // of 16 registers 12 for sums
#endif
constexpr int64_t PANEL_DEPTH = 128;  // rows of B at once: 16 KiB of a panel of 128 bytes

// C = initial + A B for a tile of C; rows of the panel and of `initial` lie as given, 0 for one
// row that serves all.
template <typename T, int ROWS, int BYTES, int VECTORS>
inline void tile(int64_t depth, Matrix<const T> a, const T *panel, int64_t panel_row, const T *initial,
                 int64_t initial_row, T *c, int64_t c_row) {
    using Numbers = typename Vector<T, BYTES>::type;
    constexpr int64_t LANES = Vector<T, BYTES>::LANES;
    Numbers sums[ROWS][VECTORS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < VECTORS; j++)
            sums[i][j] = *(const Numbers *)(initial + i * initial_row + j * LANES);
    for (int64_t k = 0; k < depth; k++) {
        Numbers own[VECTORS];
        for (int j = 0; j < VECTORS; j++) own[j] = *(const Numbers *)(panel + k * panel_row + j * LANES);
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < VECTORS; j++) sums[i][j] += *a.at(i, k) * own[j];
    }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < VECTORS; j++) *(Numbers *)(c + i * c_row + j * LANES) = sums[i][j];
}

template <typename T, int BYTES, int VECTORS, int ROWS = TILE_ROWS>
inline void tile_of(int64_t n_rows, int64_t depth, Matrix<const T> a, const T *panel, int64_t panel_row,
                    const T *initial, int64_t initial_row, T *c, int64_t c_row) {
    if (n_rows == ROWS)
        return tile<T, ROWS, BYTES, VECTORS>(depth, a, panel, panel_row, initial, initial_row, c, c_row);
    if constexpr (ROWS > 1)
        tile_of<T, BYTES, VECTORS, ROWS - 1>(n_rows, depth, a, panel, panel_row, initial, initial_row, c, c_row);
}

// Copy `depth` rows of B, n columns of each, into rows of `width` numbers, zeros behind.
template <typename T>
inline void pack(Matrix<const T> b, int64_t depth, int64_t n, int64_t width, T *panel) {
    for (int64_t k = 0; k < depth; k++) {
        for (int64_t j = 0; j < n; j++) panel[k * width + j] = *b.at(k, j);
        for (int64_t j = n; j < width; j++) panel[k * width + j] = 0;
    }
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
// The same for columns that lie behind one another, eight by eight: a transposition in registers.
inline void pack_columns(const float *b, int64_t column, int64_t depth, int64_t width, float *panel) {
    using Numbers = Vector<float, SHORT>::type;
    for (int64_t j = 0; j < width; j += 8)
        for (int64_t k = 0; k < depth; k += 8) {
            Numbers x[8], y[8];
            for (int i = 0; i < 8; i++) x[i] = *(const Numbers *)(b + (j + i) * column + k);
            for (int i = 0; i < 8; i += 2) {
                y[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
                y[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
            }
            for (int i = 0; i < 8; i += 4)
                for (int half = 0; half < 2; half++) {
                    const Numbers even = y[i + half], odd = y[i + half + 2];
                    x[i + 2 * half] = __builtin_shufflevector(even, odd, 0, 1, 8, 9, 4, 5, 12, 13);
                    x[i + 2 * half + 1] = __builtin_shufflevector(even, odd, 2, 3, 10, 11, 6, 7, 14, 15);
                }
            for (int i = 0; i < 4; i++) {
                Numbers *upper = (Numbers *)(panel + (k + i) * width + j);
                Numbers *lower = (Numbers *)(panel + (k + i + 4) * width + j);
                *upper = __builtin_shufflevector(x[i], x[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
                *lower = __builtin_shufflevector(x[i], x[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
            }
        }
}

template <>
inline void pack(Matrix<const float> b, int64_t depth, int64_t n, int64_t width, float *panel) {
    const int64_t even = b.row == 1 && n == width ? depth / 8 * 8 : 0;
    pack_columns(b.numbers, b.column, even, width, panel);
    for (int64_t k = even; k < depth; k++) {
        for (int64_t j = 0; j < n; j++) panel[k * width + j] = *b.at(k, j);
        for (int64_t j = n; j < width; j++) panel[k * width + j] = 0;
    }
}
#endif
#endif

// One panel of C: up to VECTORS vectors of its columns, all of its rows.
template <typename T, int BYTES, int VECTORS>
[[gnu::noinline]] void panel_product(int64_t M, int64_t n, int64_t K, Matrix<const T> a, Matrix<const T> b,
                                     const T *bias, Matrix<T> c, bool adds) {
    constexpr int64_t WIDTH = VECTORS * Vector<T, BYTES>::LANES;
    const bool is_whole = n == WIDTH && c.column == 1;
    const bool is_packed = n < WIDTH || b.column != 1 || M > 4 * TILE_ROWS;
    T panel[PANEL_DEPTH * WIDTH], part[TILE_ROWS * WIDTH], first[WIDTH] = {};
    if (bias) std::copy(bias, bias + n, first);
    for (int64_t k = 0; k < K; k += PANEL_DEPTH) {
        const int64_t depth = std::min(PANEL_DEPTH, K - k);
        const T *own = is_packed ? panel : b.at(k, 0);
        const int64_t own_row = is_packed ? WIDTH : b.row;
        const bool continues = adds || k > 0;
        if (is_packed) pack<T>({b.at(k, 0), b.row, b.column}, depth, n, WIDTH, panel);
        for (int64_t i = 0; i < M; i += TILE_ROWS) {
            const int64_t m = std::min(TILE_ROWS, M - i);
            T *out = is_whole ? c.at(i, 0) : part;
            const int64_t out_row = is_whole ? c.row : WIDTH;
            if (continues && !is_whole)
                for (int64_t r = 0; r < m; r++)
                    for (int64_t j = 0; j < n; j++) part[r * WIDTH + j] = *c.at(i + r, j);
            tile_of<T, BYTES, VECTORS>(m, depth, {a.at(i, k), a.row, a.column}, own, own_row, continues ? out : first,
                                continues ? out_row : 0, out, out_row);
            if (!is_whole)
                for (int64_t r = 0; r < m; r++)
                    for (int64_t j = 0; j < n; j++) *c.at(i + r, j) = part[r * WIDTH + j];
        }
    }
}

// C (M, N) = bias + A (M, K) B (K, N), or C += A B. `bias`: N numbers for every row, or null.
template <typename T>
[[gnu::noinline]] void product(int64_t M, int64_t N, int64_t K, Matrix<const T> a, Matrix<const T> b,
                               const T *bias, Matrix<T> c, bool adds = false) {
    constexpr int64_t FEW = Vector<T, SHORT>::LANES, MANY = Vector<T, LONG>::LANES;
    for (int64_t j = 0; j < N;) {
        const int64_t left = N - j;
        const T *own_bias = bias ? bias + j : nullptr;
        const Matrix<const T> own_b = {b.at(0, j), b.row, b.column};
        const Matrix<T> own_c = {c.at(0, j), c.row, c.column};
        int64_t n;
        if (left > MANY + FEW) {
            n = std::min(2 * MANY, left);
            panel_product<T, LONG, 2>(M, n, K, a, own_b, own_bias, own_c, adds);
        } else if (left > FEW) {
            n = std::min(MANY, left);
            panel_product<T, LONG, 1>(M, n, K, a, own_b, own_bias, own_c, adds);
        } else {
            n = left;
            panel_product<T, SHORT, 1>(M, n, K, a, own_b, own_bias, own_c, adds);
        }
        j += n;
    }
}

}  // namespace
