// The steps of one run in one call: all of an epoch, or the one batch on which layers are measured.
//
// A run keeps its parameters and moments in the cache from step to step, and nothing of a step
// is left to Python. Nobody else is touched, so a run's numbers are the same beside whoever.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "losses.h"
#include "network.h"
#include "rows.h"
#include "signals.h"
#include "update.h"

namespace {

// What a run learns from, and how what it learns is counted.
template <typename T>
struct Lesson {
    Network<T> *network;  // whose rows, step and mode are set here
    const Rows<T> *rows;
    const Embedding<T> *embeddings;  // per embedded column
    int64_t loss;
    const T *smoothing;      // (1), of labels
    const T *class_weights;  // may be null
    int64_t *classes;        // (k x B), of the batch at work, as the next one
    T *values;
    int64_t *next_classes;   // (k x B), of the next row each, where rows are mixed, as the next one
    T *next_values, *next_gradients;  // the second (C, k x B)
    T *weights, *next_weights;        // (k x B), of both, where rows have any
};

template <typename T>
struct Epoch {
    const Lesson<T> *lesson;
    const Update<T> *update;
    int64_t n_steps, first_step;  // updates done before
    const int64_t *bounds;        // (S + 1), where batches begin in the order
    const int32_t *order;         // rows of the table
    const T *coefficients;        // (S, 7), order of COEFFICIENTS
    T *before;                    // gets the values before the last step, or null
    T *averages;                  // of the values and running statistics, or null
    const T *averaging;           // (S), see training/averaging.py
    int64_t n_averaged;
    const double *own_shares;     // (S), see models/mlp/mixup.py; null: all of all
};

template <typename T>
struct Probe {
    const Lesson<T> *lesson;
    const Update<T> *update;  // where parameters and gradients lie; nothing is updated
    int64_t n_rows;
    const int32_t *index;     // rows of the table
    const T *before;          // values before the last step, or null
    double saturated_above;   // on tanh's scale
    double *numbers;          // (layers, 7)
};

// Add the gradients of looked-up rows to those of the tables, which are cleared first.
template <typename T, typename Index>
void embeddings_backward(const Lesson<T> &lesson, const Index *index) {
    const Network<T> &network = *lesson.network;
    const Rows<T> &rows = *lesson.rows;
    const Encoding<T> *encoding = network.encoding;
    int64_t place = rows.n_columns + (encoding ? encoding->n_numbers * (encoding->size - 1) : 0);
    for (int64_t column = 0; column < rows.n_embedded; column++) {
        const Embedding<T> &table = lesson.embeddings[column];
        T *gradients = table.gradients;
        std::fill(gradients, gradients + table.n_codes * table.size, T(0));
        for (int64_t b = 0; b < network.n_rows; b++) {
            T *own = gradients + rows.categories[index[b] * rows.n_embedded + column] * table.size;
            const T *signals = network.input_signals + b * network.n_inputs + place;
            for (int64_t j = 0; j < table.size; j++) own[j] += signals[j];
        }
        place += table.size;
    }
}

// A batch's targets for each member: behind the first n as many copies as there are others.
template <typename Target>
void repeat(Target *targets, int64_t k, int64_t n) {
    for (int64_t m = 1; m < k; m++) std::copy(targets, targets + n, targets + m * n);
}

// The gradient where each row has the next one's target for a part of its own.
template <typename T>
void mixed_gradient(const Lesson<T> &lesson, const Objective<T> &objective, const Targets<T> &targets) {
    const Network<T> &network = *lesson.network;
    const int64_t B = network.n_rows, n_outputs = network.n_members * B, n = network.n_outputs * n_outputs;
    if (targets.classes) std::rotate_copy(targets.classes, targets.classes + 1, targets.classes + B, lesson.next_classes);
    if (targets.values) std::rotate_copy(targets.values, targets.values + 1, targets.values + B, lesson.next_values);
    if (targets.classes) repeat(lesson.next_classes, network.n_members, B);
    if (targets.values) repeat(lesson.next_values, network.n_members, B);
    if (targets.weights) {  // each target has the weight of the row that it is of
        std::rotate_copy(targets.weights, targets.weights + 1, targets.weights + B, lesson.next_weights);
        repeat(lesson.next_weights, network.n_members, B);
    }
    const Targets<T> next = {targets.classes ? lesson.next_classes : nullptr,
                             targets.values ? lesson.next_values : nullptr,
                             targets.weights ? lesson.next_weights : nullptr};
    T *gradients = network.output_gradients, *others = lesson.next_gradients;
    objective_gradient(objective, n_outputs, network.outputs, next, others);
    const T own = T(network.own_share), other = T(1 - network.own_share);
#pragma omp simd
    for (int64_t j = 0; j < n; j++) gradients[j] = own * gradients[j] + other * others[j];
}

// Forward and backward on some rows, by an objective.
template <typename T>
void learn(const Lesson<T> &lesson, const Objective<T> &objective, const int32_t *index, int64_t n_rows) {
    Network<T> &network = *lesson.network;
    network.n_rows = n_rows;
    gather(*lesson.rows, lesson.embeddings, index, network, lesson.classes, lesson.values, lesson.weights);
    network_forward(network);
    if (lesson.rows->classes) repeat(lesson.classes, network.n_members, n_rows);
    if (lesson.rows->values) repeat(lesson.values, network.n_members, n_rows);
    if (lesson.rows->weights) repeat(lesson.weights, network.n_members, n_rows);
    const Targets<T> targets = {lesson.rows->classes ? lesson.classes : nullptr,
                                lesson.rows->values ? lesson.values : nullptr,
                                lesson.rows->weights ? lesson.weights : nullptr};
    objective_gradient(objective, network.n_members * n_rows, network.outputs, targets, network.output_gradients);
    if (network.mixes()) mixed_gradient(lesson, objective, targets);
    network_backward(network);
    embeddings_backward(lesson, index);
}

// The buffer of gradients is every run's in turn: what a network does not have must be zero.
template <typename T>
void begin(const Lesson<T> &lesson, const Update<T> &update, bool is_frozen) {
    lesson.network->is_training = 1;
    lesson.network->is_frozen = is_frozen;
    std::fill(update.gradients, update.gradients + update.n_parameters, T(0));
}

// Running statistics lie behind the parameters, in both.
template <typename T>
void average(const Epoch<T> &epoch, const T *values, T weight) {
    T *averages = epoch.averages;
#pragma omp simd
    for (int64_t j = 0; j < epoch.n_averaged; j++) averages[j] += weight * (values[j] - averages[j]);
}

template <typename T>
void train_epoch(const Epoch<T> &epoch) {
    const Lesson<T> &lesson = *epoch.lesson;
    const Update<T> &update = *epoch.update;
    Network<T> &network = *lesson.network;
    const Objective<T> objective = {lesson.loss, network.n_outputs, *lesson.smoothing, lesson.class_weights};
    begin(lesson, update, false);
    *update.norm_sum = 0;
    for (int64_t s = 0; s < epoch.n_steps; s++) {
        network.step = epoch.first_step + s;
        network.own_share = epoch.own_shares ? epoch.own_shares[s] : 1;
        learn(lesson, objective, epoch.order + epoch.bounds[s], epoch.bounds[s + 1] - epoch.bounds[s]);
        if (epoch.before && s + 1 == epoch.n_steps)
            std::copy(update.values, update.values + update.n_penalized, epoch.before);
        update_parameters(network, update, epoch.coefficients + s * N_COEFFICIENTS);
        if (epoch.averages) average(epoch, update.values, epoch.averaging[s]);
    }
}

// The plain loss, without dropout; running statistics stay as they are.
template <typename T>
void probe_layers(const Probe<T> &probe) {
    const Lesson<T> &lesson = *probe.lesson;
    const Objective<T> plain = {lesson.loss, lesson.network->n_outputs, T(0), nullptr};
    begin(lesson, *probe.update, true);
    learn(lesson, plain, probe.index, probe.n_rows);
    measure_layers(behind_inputs(*lesson.network), probe.update->values, probe.before, T(probe.saturated_above), probe.numbers);
}

}  // namespace
