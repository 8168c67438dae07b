// The plain losses of a run on many rows, in evaluation mode: only their means come out.
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

constexpr int64_t CHUNK_ROWS = 64;  // as in native_scores.py
static_assert(CHUNK_ROWS <= ROW_TILE, "mean predictions are made of a tile of rows");

template <typename T>
struct Scores {
    const Network<T> *network;
    const Rows<T> *rows;
    const Embedding<T> *embeddings;
    int64_t loss, n_rows, start;  // where the run's rows begin in the table
    const int64_t *index;         // rows from there on; null: the first n_rows
    int64_t n_pieces;
    const T *pieces;              // (3, n_pieces), of the way back from what is learned; or null
    const T *range;               // (2), which values are held to; null: any
    double *numbers;              // (3): mean loss, its standard error, mean error
};

// Sums over rows, in double precision. Deviations are from the first loss, so that the
// variance of nearly equal losses does not cancel. Weights are scaled to mean 1 over these rows.
struct ScoreSums {
    double first = 0, loss = 0, deviation = 0, squares = 0, error = 0, weight = 0;
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

    // Losses and errors of rows become weighted ones.
    template <typename T>
    void weigh(const T *weights, T *losses, T *errors, int64_t n) {
        for (int64_t b = 0; b < n; b++) {
            losses[b] *= weights[b];
            errors[b] *= weights[b];
            weight += weights[b];
        }
    }

    void write(double *numbers) const {
        const double left = squares - deviation * deviation / n_rows;
        const double variance = (left < 0 ? 0 : left) / std::max<int64_t>(1, n_rows - 1);
        numbers[0] = loss / n_rows;
        numbers[1] = std::sqrt(variance / n_rows);
        numbers[2] = error / n_rows;
        if (weight > 0)
            for (int64_t j = 0; j < 3; j++) numbers[j] *= n_rows / weight;
    }
};

// Take outputs for values by a rising curve of straight pieces: where each starts, its value there
// and its slope. The first and the last go on beyond; what is not finite stays so.
template <typename T>
void take_back(T *outputs, int64_t n, const T *pieces, int64_t n_pieces) {
    const T *starts = pieces, *values = pieces + n_pieces, *slopes = values + n_pieces;
    for (int64_t j = 0; j < n; j++) {
        const T x = outputs[j];
        const int64_t own = std::upper_bound(starts + 1, starts + n_pieces, x) - (starts + 1);
        outputs[j] = values[own] + slopes[own] * (x - starts[own]);
    }
}

// Hold values to a range; what is not finite stays so.
template <typename T>
void hold(T *values, int64_t n, const T *range) {
    const T low = range[0], high = range[1];
#pragma omp simd
    for (int64_t j = 0; j < n; j++) {
        const T x = values[j], inside = x < low ? low : x > high ? high : x;
        values[j] = x - x == 0 ? inside : x;
    }
}

template <typename T>
void measure_scores(const Scores<T> &asked) {
    const Rows<T> &rows = *asked.rows;
    Network<T> network = *asked.network;
    network.is_training = 0;
    const int64_t D = network.n_inputs, C = network.n_outputs;
    const bool is_copied = asked.index || rows.n_embedded || network.encoding || network.input_gain;
    ScoreSums sums;
    for (int64_t start = 0; start < asked.n_rows; start += CHUNK_ROWS) {
        const int64_t m = std::min(CHUNK_ROWS, asked.n_rows - start), first = asked.start + start;
        int64_t index[CHUNK_ROWS], classes[CHUNK_ROWS];
        T values[CHUNK_ROWS], weights[CHUNK_ROWS], losses[CHUNK_ROWS], errors[CHUNK_ROWS];
        Targets<T> targets = {rows.classes ? classes : nullptr, rows.values ? values : nullptr,
                              rows.weights ? weights : nullptr};
        network.n_rows = m;
        if (is_copied) {
            for (int64_t b = 0; b < m; b++) index[b] = asked.index ? asked.start + asked.index[start + b] : first + b;
            gather(rows, asked.embeddings, index, network, classes, values, weights);
        } else {
            network.inputs = const_cast<T *>(rows.columns) + first * D;  // only dropout writes to them
            targets = {rows.classes ? rows.classes + first : nullptr, rows.values ? rows.values + first : nullptr,
                       rows.weights ? rows.weights + first : nullptr};
        }
        network_forward(network);
        if (network.member_scale)  // gradients of outputs are not used in measuring
            mean_prediction(asked.loss, network.outputs, C, network.n_members, m, network.output_gradients);
        if (asked.pieces) take_back(network.outputs, m, asked.pieces, asked.n_pieces);
        if (asked.range) hold(network.outputs, m, asked.range);
        row_scores(asked.loss, C, m, network.outputs, targets, losses, errors);
        if (targets.weights) sums.weigh(targets.weights, losses, errors, m);
        sums.add(losses, errors, m);
    }
    sums.write(asked.numbers);
}

}  // namespace
