// The networks of a stack on one batch shape: forward and backward, one run after another.
//
// The same numbers as torch_pass.py and layer.py compute with torch, where every
// operation is a call of its own on all runs and a pass of its own over memory. Here a run goes
// through its whole network at its own widths while its numbers are in the cache; what lies
// between two products is one pass. Nothing here allocates, and runs never touch one another.

#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "activation.h"
#include "dropout.h"
#include "normalization.h"
#include "product.h"

namespace {

// One hidden layer of all runs that have it. The blocks of parameters are padded to the widest
// run; activations are not: run k's lie behind one another from k * n_rows * width on.
template <typename T>
struct Layer {
    int64_t n_runs, width;            // padded units per piece
    const int64_t *n_units;           // (K_l), real ones
    T *weights, *weight_gradients;    // (K_l, n_in padded, pieces x width)
    T *outputs, *slopes;              // (B, units) per run; slopes of the activation times mask
    T *second;                        // likewise: prelu's min(z, 0), maxout's second share
    T *normalized, *scales;           // (B, pieces x units); (max(B, pieces x width)) per run
    T *bias, *gain, *shift, *learned_slope;  // vectors of run 0, `vector_stride` apart
    T *statistics;                    // running mean, then variance; `statistics_stride` apart
    int64_t statistics_stride;
    T *bias_gradient, *gain_gradient, *shift_gradient, *slope_gradient;  // as vectors
    Dropout<T> dropout;
};

template <typename T>
struct Network {
    int64_t n_runs, n_rows, n_inputs, n_outputs, n_pieces;
    int64_t is_training, is_frozen;  // frozen: running statistics stay as they are
    const int64_t *first_steps;      // (K), steps that each run had done before this window
    int64_t step;                    // of the window, from 0
    int64_t vector_stride, output_width;  // numbers from run to run; padded units
    const int64_t *depths, *activations, *normalizations;  // (K)
    const Layer<T> *layers;
    T *inputs, *input_signals;           // (K, B, D); signals may be null
    T *outputs, *output_gradients;       // (K, C, B)
    T *output_weights, *output_weight_gradients;  // (K, output_width, C)
    T *output_bias, *output_bias_gradients;       // as vectors
    T *linear, *linear_signals;          // (B, pieces x widest), of the run at work
    T *signals, *signals_below;          // (B, widest), likewise
    const int32_t *row_offsets, *pair_offsets;  // see RunDropout
    Dropout<T> input_dropout;
};

// Units that are computed: whole vectors, beyond the real ones zeros. As `padded` in
// stacked/blocks.py.
inline int64_t computed(int64_t n_units) { return (n_units + 7) / 8 * 8; }

template <typename T>
RunDropout<T> run_dropout(const Network<T> &network, const Dropout<T> &dropout, int64_t k) {
    if (!dropout.streams) return {0, INT16_MIN, T(1), nullptr, nullptr};
    const uint32_t key = key_at(dropout.streams[k], network.first_steps[k] + network.step);
    return {key, dropout.thresholds[k], dropout.scales[k], network.row_offsets, network.pair_offsets};
}

// What a layer of a run reads: its numbers, of which `n_real` per row, and the width its weights
// are padded to. Rows lie n_columns apart, which are also the columns whose gradient is asked for.
template <typename T>
struct Inputs {
    const T *numbers;
    int64_t n_real, n_padded, n_columns;

    Matrix<const T> matrix() const { return {numbers, n_columns, 1}; }
};

// One run of one layer: where its numbers lie.
template <typename T>
struct RunLayer {
    const Network<T> &network;
    const Layer<T> &layer;
    int64_t k, n_real, n_units, n_linear;  // computed units; times pieces

    RunLayer(const Network<T> &network, int64_t l, int64_t k)
        : network(network), layer(network.layers[l]), k(k), n_real(layer.n_units[k]),
          n_units(computed(n_real)), n_linear(n_units * network.n_pieces) {}

    T *vector(T *first) const { return first ? first + k * network.vector_stride : nullptr; }
    T *kept(T *first) const { return first ? first + k * network.n_rows * layer.width : nullptr; }
    T *outputs() const { return network.is_training ? kept(layer.outputs) : layer.outputs; }
    T *scales() const {
        const int64_t size = std::max(network.n_rows, network.n_pieces * layer.width);
        return layer.scales ? layer.scales + k * size : nullptr;
    }
    int64_t normalization() const { return network.normalizations[k]; }
    int64_t activation() const { return network.activations[k]; }

    // One piece of the linear map: its weights, or their gradients, for n_in inputs.
    Matrix<T> weights(T *first, int64_t n_in_padded, int64_t piece) const {
        const int64_t row = network.n_pieces * layer.width;
        return {first + k * n_in_padded * row + piece * layer.width, row, 1};
    }
    Matrix<T> linear(T *first, int64_t piece) const { return {first + piece * n_units, n_linear, 1}; }

    // What normalizes a piece, or in layer normalization all of them.
    Normalized<T> normalized(T *values, int64_t piece, int64_t n_columns) const {
        const int64_t size = network.n_pieces * network.n_rows * layer.width;
        const int64_t first_scale = normalization() == BATCH_NORM ? piece * n_units : 0;
        const auto at = [&](T *first) { return first ? vector(first) + piece * layer.width : nullptr; };
        return {network.n_rows, n_columns, n_linear, values + piece * n_units,
                layer.normalized ? layer.normalized + k * size + piece * n_units : nullptr,
                layer.scales ? scales() + first_scale : nullptr,
                at(layer.gain), at(layer.shift), at(layer.gain_gradient), at(layer.shift_gradient)};
    }

    RunDropout<T> dropout() const { return run_dropout(network, layer.dropout, k); }

    void normalize() const {
        if (normalization() == LAYER_NORM)
            layer_norm(normalized(network.linear, 0, n_real), network.n_pieces, n_units, layer.width);
        if (normalization() != BATCH_NORM) return;
        for (int64_t piece = 0; piece < network.n_pieces; piece++) {
            T *mean = layer.statistics + k * layer.statistics_stride + piece * layer.width;
            T *variance = mean + network.n_pieces * layer.width;
            const Normalized<T> part = normalized(network.linear, piece, n_units);
            if (network.is_training)
                batch_norm(part, mean, variance, network.is_frozen);
            else
                batch_norm_by_running(part, mean, variance);
        }
    }

    void normalize_backward(T *signals) const {
        if (normalization() == LAYER_NORM)
            layer_norm_backward(normalized(signals, 0, n_real), network.n_pieces, n_units, layer.width);
        if (normalization() != BATCH_NORM) return;
        for (int64_t piece = 0; piece < network.n_pieces; piece++)
            batch_norm_backward(normalized(signals, piece, n_units));
    }

    // From the linear map's outputs to the layer's, and the slopes between them.
    void activate_all() const {
        const int64_t n = network.n_rows * n_units;
        T *z = network.linear, *h = outputs(), *d = kept(layer.slopes), *second = kept(layer.second);
        if (activation() == MAXOUT) {
            for (int64_t b = 0; b < network.n_rows; b++) {
                const T *first = z + b * n_linear, *other = first + n_units;
                T *out = h + b * n_units;
#pragma omp simd
                for (int64_t j = 0; j < n_units; j++) out[j] = first[j] < other[j] ? other[j] : first[j];
                if (!d) continue;
                T *share = d + b * n_units, *rest = second + b * n_units;
#pragma omp simd
                for (int64_t j = 0; j < n_units; j++) {
                    share[j] = first[j] > other[j] ? T(1) : first[j] < other[j] ? T(0) : T(0.5);
                    rest[j] = 1 - share[j];
                }
            }
        } else if (activation() == PRELU) {
            activate(PRELU, z, h, d, n, *vector(layer.learned_slope));
            if (second)
#pragma omp simd
                for (int64_t j = 0; j < n; j++) second[j] = z[j] < 0 ? z[j] : T(0);
        } else {
            activate(activation(), z, h, d, n, T(0));
        }
        if (activation() == SIGMOID)  // sigmoid(0) is not 0: keep the padding so
            for (int64_t b = 0; b < network.n_rows; b++)
                std::fill(h + b * n_units + n_real, h + (b + 1) * n_units, T(0));
    }

    void forward(const Inputs<T> &in) const {
        for (int64_t piece = 0; piece < network.n_pieces; piece++)
            product<T>(network.n_rows, n_units, in.n_real, in.matrix(),
                       constant(weights(layer.weights, in.n_padded, piece)),
                       vector(layer.bias) + piece * layer.width, linear(network.linear, piece));
        normalize();
        activate_all();
        const RunDropout<T> drawn = dropout();
        if (!drawn.drops()) return;
        const bool has_second = activation() == PRELU || activation() == MAXOUT;
        T *second = has_second ? kept(layer.second) : nullptr;
        drawn.apply(network.n_rows, n_units, outputs(), kept(layer.slopes), second);
    }

    // From the gradient of the outputs to that of the linear map's, which is returned.
    T *backward_to_linear(T *signals) const {
        const int64_t n = network.n_rows * n_units;
        const T *slopes = kept(layer.slopes), *second = kept(layer.second);
        T *dz = signals;
        if (activation() == PRELU) {
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t j = 0; j < n; j++) sum += signals[j] * second[j];
            *vector(layer.slope_gradient) = sum;
        }
        if (network.n_pieces == 1) {
#pragma omp simd
            for (int64_t j = 0; j < n; j++) dz[j] = signals[j] * slopes[j];
        } else {
            dz = network.linear_signals;
            for (int64_t b = 0; b < network.n_rows; b++) {
                const int64_t at = b * n_units;
                T *first = dz + b * n_linear, *other = first + n_units;
#pragma omp simd
                for (int64_t j = 0; j < n_units; j++) {
                    first[j] = signals[at + j] * slopes[at + j];
                    other[j] = signals[at + j] * second[at + j];
                }
            }
        }
        normalize_backward(dz);
        return dz;
    }

    void bias_backward(const T *dz) const {
        if (normalization() == BATCH_NORM) return;  // it has no bias
        for (int64_t piece = 0; piece < network.n_pieces; piece++) {
            T *bias = vector(layer.bias_gradient) + piece * layer.width;
            std::fill(bias, bias + n_units, T(0));
            for (int64_t b = 0; b < network.n_rows; b++) {
                const T *row = dz + b * n_linear + piece * n_units;
#pragma omp simd
                for (int64_t j = 0; j < n_units; j++) bias[j] += row[j];
            }
        }
    }

    // Leaves the parameters' gradients, and the inputs' in `below` unless it is null.
    void backward(T *signals, const Inputs<T> &in, T *below) const {
        T *dz = backward_to_linear(signals);
        bias_backward(dz);
        for (int64_t piece = 0; piece < network.n_pieces; piece++) {
            const Matrix<const T> own = constant(linear(dz, piece));
            product<T>(in.n_real, n_units, network.n_rows, in.matrix().transposed(), own, nullptr,
                       weights(layer.weight_gradients, in.n_padded, piece));
            if (!below) continue;
            product<T>(network.n_rows, in.n_columns, n_units, own,
                       constant(weights(layer.weights, in.n_padded, piece)).transposed(), nullptr,
                       {below, in.n_columns, 1}, piece > 0);
        }
    }
};

// What hidden layer `depth` of run k reads, or at the run's depth the output layer.
template <typename T>
Inputs<T> inputs_at(const Network<T> &network, int64_t depth, int64_t k) {
    const int64_t D = network.n_inputs;
    if (depth == 0) return {network.inputs + k * network.n_rows * D, D, D, D};
    const RunLayer<T> below(network, depth - 1, k);
    return {below.outputs(), below.n_real, below.layer.width, below.n_units};
}

template <typename T>
void network_forward(const Network<T> &network) {
    const int64_t B = network.n_rows, C = network.n_outputs, D = network.n_inputs;
    for (int64_t k = 0; k < network.n_runs; k++) {
        const RunDropout<T> drawn = run_dropout(network, network.input_dropout, k);
        if (drawn.drops()) drawn.apply(B, D, network.inputs + k * B * D);
        for (int64_t l = 0; l < network.depths[k]; l++)
            RunLayer<T>(network, l, k).forward(inputs_at(network, l, k));
        const Inputs<T> in = inputs_at(network, network.depths[k], k);
        const Matrix<const T> weights = {network.output_weights + k * network.output_width * C, C, 1};
        product<T>(B, C, in.n_real, in.matrix(), weights, network.output_bias + k * network.vector_stride,
                   {network.outputs + k * C * B, 1, B});
    }
}

// The output layer of run k: its parameters' gradients, and its inputs' in `below` unless null.
template <typename T>
void output_backward(const Network<T> &network, int64_t k, T *below) {
    const int64_t B = network.n_rows, C = network.n_outputs, first = k * network.output_width * C;
    const T *gradients = network.output_gradients + k * C * B;
    for (int64_t c = 0; c < C; c++) {
        T sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t b = 0; b < B; b++) sum += gradients[c * B + b];
        network.output_bias_gradients[k * network.vector_stride + c] = sum;
    }
    const Inputs<T> in = inputs_at(network, network.depths[k], k);
    const Matrix<const T> signals = {gradients, 1, B};
    product<T>(in.n_real, C, B, in.matrix().transposed(), signals, nullptr,
               {network.output_weight_gradients + first, C, 1});
    if (below)
        product<T>(B, in.n_columns, C, signals, {network.output_weights + first, 1, C}, nullptr,
                   {below, in.n_columns, 1});
}

template <typename T>
void network_backward(const Network<T> &network) {
    const int64_t B = network.n_rows, D = network.n_inputs;
    for (int64_t k = 0; k < network.n_runs; k++) {
        T *input_signals = network.input_signals ? network.input_signals + k * B * D : nullptr;
        T *signals = network.signals, *below = network.signals_below;
        int64_t l = network.depths[k];
        output_backward(network, k, l > 0 ? signals : input_signals);
        while (l-- > 0) {
            RunLayer<T>(network, l, k).backward(signals, inputs_at(network, l, k), l > 0 ? below : input_signals);
            std::swap(signals, below);
        }
        const RunDropout<T> drawn = run_dropout(network, network.input_dropout, k);
        if (input_signals && drawn.drops()) drawn.apply(B, D, input_signals);
    }
}

}  // namespace
