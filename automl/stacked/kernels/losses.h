// The five losses on one run's outputs of a batch: the gradient of the objective that a step
// descends, and the plain loss and error of each row. The formulas are those of losses.py.
//
// Outputs are (C, B), rows last so that loops run over rows.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "mathematics.h"

namespace {

// In the order of LOSSES in native_lesson.py.
enum Loss { CROSS_ENTROPY, BINARY_CROSS_ENTROPY, MEAN_SQUARED, MEAN_ABSOLUTE, HUBER };

// What the rows of a batch should give: classes, or in regression values; and what they weigh.
template <typename T>
struct Targets {
    const int64_t *classes;  // (B)
    const T *values;         // (B)
    const T *weights;        // (B), null: all are 1
};

// What a run descends, beside the batch.
template <typename T>
struct Objective {
    int64_t loss, n_outputs;
    T smoothing;             // of labels
    const T *class_weights;  // (C), of binary tasks (2); may be null
};

constexpr int64_t ROW_TILE = 64;

// The largest output of each row, and the sum of exp(output - largest).
template <typename T>
void exponential_sums(const T *outputs, int64_t C, int64_t B, int64_t m, T *largest, T *sums) {
#pragma omp simd
    for (int64_t b = 0; b < m; b++) largest[b] = outputs[b];
    for (int64_t c = 1; c < C; c++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++) largest[b] = std::max(largest[b], outputs[c * B + b]);
    for (int64_t b = 0; b < m; b++) sums[b] = 0;
    for (int64_t c = 0; c < C; c++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++) sums[b] += exponential(outputs[c * B + b] - largest[b]);
}

// softmax - (1 - s) onehot - s / C, of m rows, times their weights.
template <typename T>
void class_gradient(const Objective<T> &objective, int64_t B, int64_t m, const T *outputs,
                    const int64_t *classes, const T *weights, T *gradients) {
    const int64_t C = objective.n_outputs;
    const T s = objective.smoothing;
    T largest[ROW_TILE], sums[ROW_TILE];
    exponential_sums(outputs, C, B, m, largest, sums);
    for (int64_t b = 0; b < m; b++) sums[b] = 1 / sums[b];
    for (int64_t c = 0; c < C; c++)
#pragma omp simd
        for (int64_t b = 0; b < m; b++)
            gradients[c * B + b] =
                weights[b] * (exponential(outputs[c * B + b] - largest[b]) * sums[b] - s / C);
    for (int64_t b = 0; b < m; b++) gradients[classes[b] * B + b] -= weights[b] * (1 - s);
}

// The same of the losses with one output, of m rows.
template <typename T>
void output_gradient(const Objective<T> &objective, int64_t m, const T *z, const Targets<T> &targets,
                     const T *weights, T *gradients) {
    const T s = objective.smoothing, *y = targets.values;
    switch (objective.loss) {
        case BINARY_CROSS_ENTROPY:  // sigmoid(z) - q with q = y + s (1/2 - y)
#pragma omp simd
            for (int64_t b = 0; b < m; b++) {
                const T own = T(targets.classes[b]);
                gradients[b] = weights[b] * (1 / (1 + exponential(-z[b])) - (own + s * (T(0.5) - own)));
            }
            break;
        case MEAN_SQUARED:
#pragma omp simd
            for (int64_t b = 0; b < m; b++) gradients[b] = weights[b] * (2 * (z[b] - y[b]));
            break;
        case MEAN_ABSOLUTE:  // written so that NaN stays NaN
#pragma omp simd
            for (int64_t b = 0; b < m; b++) {
                const T error = z[b] - y[b];
                gradients[b] = weights[b] * (error > 0 ? T(1) : error < 0 ? T(-1) : error);
            }
            break;
        case HUBER:
#pragma omp simd
            for (int64_t b = 0; b < m; b++) {
                const T error = z[b] - y[b];
                gradients[b] = weights[b] * (error > 1 ? T(1) : error < -1 ? T(-1) : error);
            }
            break;
    }
}

// The gradient of the batch's mean, weight * weight[y] / B * d loss / d outputs.
template <typename T>
void objective_gradient(const Objective<T> &objective, int64_t B, const T *outputs, const Targets<T> &targets,
                        T *gradients) {
    for (int64_t start = 0; start < B; start += ROW_TILE) {
        const int64_t m = std::min(ROW_TILE, B - start);
        const int64_t *classes = targets.classes ? targets.classes + start : nullptr;
        T weights[ROW_TILE];
        for (int64_t b = 0; b < m; b++)
            weights[b] = (objective.class_weights ? objective.class_weights[classes[b]] : T(1)) / B;
        if (targets.weights)
            for (int64_t b = 0; b < m; b++) weights[b] *= targets.weights[start + b];
        if (objective.loss == CROSS_ENTROPY)
            class_gradient(objective, B, m, outputs + start, classes, weights, gradients + start);
        else
            output_gradient(objective, m, outputs + start, {classes, targets.values + start, nullptr}, weights,
                            gradients + start);
    }
}

// The plain cross-entropy of m rows, and whether their classes are predicted wrongly.
template <typename T>
void class_scores(int64_t C, int64_t B, int64_t m, const T *outputs, const int64_t *classes, T *losses,
                  T *errors) {
    T largest[ROW_TILE], sums[ROW_TILE], own[ROW_TILE];
    exponential_sums(outputs, C, B, m, largest, sums);
    for (int64_t b = 0; b < m; b++) own[b] = outputs[classes[b] * B + b];
#pragma omp simd
    for (int64_t b = 0; b < m; b++) losses[b] = logarithm(sums[b]) + largest[b] - own[b];
    for (int64_t b = 0; b < m; b++) {
        bool is_right = own[b] >= largest[b];
        // The prediction is the first of the largest, as argmax has it.
        for (int64_t c = 0; c < classes[b] && is_right; c++) is_right = outputs[c * B + b] < own[b];
        errors[b] = is_right ? T(0) : T(1);
    }
}

// The plain loss of m rows with one output, and their errors.
template <typename T>
void output_scores(int64_t loss, int64_t m, const T *z, const Targets<T> &targets, T *losses, T *errors) {
    if (loss == BINARY_CROSS_ENTROPY) {
#pragma omp simd
        for (int64_t b = 0; b < m; b++) {  // softplus(z) - y z
            const T own = T(targets.classes[b]);
            losses[b] = (z[b] < 0 ? T(0) : z[b]) + logarithm_of_1_more(exponential(-std::abs(z[b]))) - own * z[b];
            errors[b] = (z[b] > 0 ? T(1) : T(0)) == own ? T(0) : T(1);
        }
        return;
    }
#pragma omp simd
    for (int64_t b = 0; b < m; b++) {
        const T error = z[b] - targets.values[b], size = std::abs(error), square = error * error;
        const T huber = size < 1 ? T(0.5) * square : size - T(0.5);
        losses[b] = loss == MEAN_SQUARED ? square : loss == HUBER ? huber : size;
        errors[b] = square;
    }
}

// The plain loss and error of each of B rows: wrong or not, or in regression the squared error.
template <typename T>
void row_scores(int64_t loss, int64_t C, int64_t B, const T *outputs, const Targets<T> &targets, T *losses,
                T *errors) {
    for (int64_t start = 0; start < B; start += ROW_TILE) {
        const int64_t m = std::min(ROW_TILE, B - start);
        const int64_t *classes = targets.classes ? targets.classes + start : nullptr;
        if (loss == CROSS_ENTROPY)
            class_scores(C, B, m, outputs + start, classes, losses + start, errors + start);
        else
            output_scores(loss, m, outputs + start, {classes, targets.values + start, nullptr}, losses + start,
                          errors + start);
    }
}

}  // namespace
