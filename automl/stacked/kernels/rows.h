// How rows of a table become the inputs of one run: its columns, then what its embeddings have.

#pragma once

#include <cstdint>

#include "losses.h"
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

// Fill a batch's inputs, rows `width` numbers long, and its targets.
template <typename T, typename Index>
void gather(const Rows<T> &rows, const Embedding<T> *embeddings, const Index *index, int64_t n_rows, int64_t width,
            T *inputs, int64_t *classes, T *values) {
    for (int64_t b = 0; b < n_rows; b++) {
        const int64_t row = index[b];
        T *own = inputs + b * width;
        if (b + ROWS_AHEAD < n_rows) {
            const T *ahead = rows.columns + index[b + ROWS_AHEAD] * rows.n_columns;
            for (int64_t j = 0; j < rows.n_columns; j += LINE / sizeof(T)) __builtin_prefetch(ahead + j);
        }
        copy_few(rows.columns + row * rows.n_columns, rows.n_columns, own);
        own += rows.n_columns;
        for (int64_t column = 0; column < rows.n_embedded; column++) {
            const Embedding<T> &table = embeddings[column];
            const int64_t code = rows.categories[row * rows.n_embedded + column];
            copy_few(table.numbers + code * table.size, table.size, own);
            own += table.size;
        }
        if (rows.classes) classes[b] = rows.classes[row];
        if (rows.values) values[b] = rows.values[row];
    }
}

}  // namespace
