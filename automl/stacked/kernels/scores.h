// The plain losses of runs on many rows, in evaluation mode: only their means come out.
//
// A run takes a chunk of rows after the other through its whole network, at its own widths and
// while its numbers are in the cache. Chunks, and so the order of all sums, depend on nothing
// but the run and its rows: its numbers are the same bits beside any others.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "losses.h"
#include "network.h"
#include "rows.h"

namespace {

constexpr int64_t CHUNK_ROWS = 64;  // as in evaluation.py

template <typename T>
struct Scores {
    const Network<T> *network;         // in evaluation, for chunks of rows
    const Rows<T> *rows;
    const Embedding<T> *embeddings;
    int64_t loss, n_runs, n_rows;
    const int64_t *runs;               // (n_runs), places in the network
    const int64_t *starts;             // (K), where the rows of each run begin in the table
    const int64_t *index;              // rows from there on, `index_apart` from run to run
    int64_t index_apart;               // 0 where they are the same; index null: the first n_rows
    T *inputs;                         // (CHUNK_ROWS, D)
    double *numbers;                   // (n_runs, 3): mean loss, its standard error, mean error
};

// Sums over rows, in double precision. Deviations are from the first loss, so that the
// variance of nearly equal losses does not cancel.
struct ScoreSums {
    double first = 0, loss = 0, deviation = 0, squares = 0, error = 0;
    int64_t n_rows = 0;

    template <typename T>
    void add(const T *losses, const T *errors, int64_t n) {
        if (n_rows == 0) first = losses[0];
        for (int64_t b = 0; b < n; b++) {
            const double own = double(losses[b]) - first;
            loss += losses[b];
            deviation += own;
            squares += own * own;
            error += errors[b];
        }
        n_rows += n;
    }

    void write(double *numbers) const {
        const double left = squares - deviation * deviation / n_rows;
        const double variance = (left < 0 ? 0 : left) / std::max<int64_t>(1, n_rows - 1);
        numbers[0] = loss / n_rows;
        numbers[1] = std::sqrt(variance / n_rows);
        numbers[2] = error / n_rows;
    }
};

template <typename T>
void forward_chunk(const Network<T> &network, int64_t k) {
    const int64_t B = network.n_rows, C = network.n_outputs;
    for (int64_t l = 0; l < network.depths[k]; l++)
        RunLayer<T>(network, l, k).forward(inputs_at(network, l, k));
    const Inputs<T> in = inputs_at(network, network.depths[k], k);
    const Matrix<const T> weights = {network.output_weights + k * network.output_width * C, C, 1};
    product<T>(B, C, in.n_real, in.matrix(), weights, network.output_bias + k * network.vector_stride,
               {network.outputs + k * C * B, 1, B});
}

template <typename T>
void measure_scores(const Scores<T> &asked) {
    const Rows<T> &rows = *asked.rows;
    Network<T> network = *asked.network;
    const int64_t D = network.n_inputs, C = network.n_outputs;
    T *const outputs = network.outputs;
    const bool is_copied = asked.index || rows.n_embedded;
    for (int64_t run = 0; run < asked.n_runs; run++) {
        const int64_t k = asked.runs[run];
        ScoreSums sums;
        for (int64_t start = 0; start < asked.n_rows; start += CHUNK_ROWS) {
            const int64_t m = std::min(CHUNK_ROWS, asked.n_rows - start);
            const int64_t first = asked.starts[k] + start;
            int64_t index[CHUNK_ROWS], classes[CHUNK_ROWS];
            T values[CHUNK_ROWS], losses[CHUNK_ROWS], errors[CHUNK_ROWS];
            Targets<T> targets = {classes, values};
            const T *inputs = asked.inputs;
            if (is_copied) {
                const int64_t *own = asked.index ? asked.index + k * asked.index_apart + start : nullptr;
                for (int64_t b = 0; b < m; b++) index[b] = own ? asked.starts[k] + own[b] : first + b;
                gather(rows, asked.embeddings, k, index, m, D, asked.inputs, classes, values);
            } else {
                inputs = rows.columns + first * D;
                targets = {rows.classes ? rows.classes + first : nullptr, rows.values ? rows.values + first : nullptr};
            }
            network.n_rows = m;
            network.inputs = const_cast<T *>(inputs) - k * m * D;  // only dropout writes to them
            network.outputs = outputs - k * m * C;
            forward_chunk(network, k);
            row_scores(asked.loss, C, m, outputs, targets, losses, errors);
            sums.add(losses, errors, m);
        }
        sums.write(asked.numbers + 3 * run);
    }
}

}  // namespace
