// How rows of a table become the inputs of one run: its columns, then what its embeddings have.

#pragma once

#include <cstdint>

#include "losses.h"
#include "network.h"
#include "vectors.h"

namespace {

// The scaled rows of a split, of all scalings and folds in use behind one another (rows.py).
template <typename T>
struct Rows {
    int64_t n_columns, n_embedded;
    const T *columns;             // (N, n_columns)
    const int64_t *categories;    // (N, n_embedded)
    const int64_t *classes;       // (N), null in regression
    const T *values;              // (N), null in classification
    const T *weights;             // (N), null where all rows weigh the same
};

// The table of an embedded column of a run.
template <typename T>
struct Embedding {
    int64_t n_codes, size;
    const T *numbers;  // (n_codes, size)
    T *gradients;
};

// Copy n numbers: of so few a call of memcpy takes longer.
template <typename T>
inline void copy_few(const T *from, int64_t n, T *to) {
    if (n < PADDING) {
        for (int64_t j = 0; j < n; j++) to[j] = from[j];
        return;
    }
    for (int64_t j = 0; j < n - PADDING; j += PADDING) eight(to + j) = eight(from + j);
    eight(to + n - PADDING) = eight(from + n - PADDING);  // the last eight, some of them again
}

constexpr int64_t ROWS_AHEAD = 8;  // of a batch, whose memory is asked for before it is needed
constexpr int64_t LINE = 64;       // bytes of memory that come together

// Fill a batch's inputs, its targets and its weights. Numeric columns that are encoded are left to `encode`:
// their numbers go where that looks for them, and the rest behind their place.
template <typename T, typename Index>
void gather(const Rows<T> &rows, const Embedding<T> *embeddings, const Index *index, const Network<T> &network,
            int64_t *classes, T *values, T *weights) {
    const Encoding<T> *encoding = network.encoding;
    const int64_t n_rows = network.n_rows, n_numbers = encoding ? encoding->n_numbers : 0;
    const int64_t n_encoded = encoding ? n_numbers * encoding->size : 0, n_rest = rows.n_columns - n_numbers;
    for (int64_t b = 0; b < n_rows; b++) {
        const int64_t row = index[b];
        T *own = network.inputs + b * network.n_inputs + n_encoded;
        if (b + ROWS_AHEAD < n_rows) {
            const T *ahead = rows.columns + index[b + ROWS_AHEAD] * rows.n_columns;
            for (int64_t j = 0; j < rows.n_columns; j += LINE / sizeof(T)) __builtin_prefetch(ahead + j);
        }
        const T *columns = rows.columns + row * rows.n_columns;
        if (encoding) copy_few(columns, n_numbers, encoding->columns + b * n_numbers);
        copy_few(columns + n_numbers, n_rest, own);
        own += n_rest;
        for (int64_t column = 0; column < rows.n_embedded; column++) {
            const Embedding<T> &table = embeddings[column];
            const int64_t code = rows.categories[row * rows.n_embedded + column];
            copy_few(table.numbers + code * table.size, table.size, own);
            own += table.size;
        }
        if (rows.classes) classes[b] = rows.classes[row];
        if (rows.values) values[b] = rows.values[row];
        if (rows.weights) weights[b] = rows.weights[row];
    }
}

}  // namespace
