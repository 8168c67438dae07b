// The network of one run: forward and backward on a batch.
//
// The same numbers as torch_pass.py and layer.py compute with torch for stacks of runs, where
// every operation is a call of its own and a pass of its own over memory. Here a run goes through
// its whole network at its own widths while its numbers are in the cache; what lies between two
// products is one pass. Nothing here allocates: the buffers are those of all runs of a trainer,
// which take turns.

#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "activation.h"
#include "dropout.h"
#include "encoding.h"
#include "members.h"
#include "mixup.h"
#include "normalization.h"
#include "product.h"

namespace {

// One hidden layer. "Units" are computed ones: real ones padded to whole vectors.
template <typename T>
struct Layer {
    int64_t n_units;                  // real ones, per piece
    int64_t skips;                    // whether the inputs, as many, are added to the outputs
    T *weights, *weight_gradients;    // (n_in, pieces x units)
    T *outputs, *slopes;              // (B, units); slopes of the activation times mask
    T *second;                        // prelu's min(z, 0), maxout's second share, act(z) - z mixed
    T *normalized, *scales;           // (B, pieces x units); (max(B, pieces x units))
    T *bias, *gain, *shift, *learned_slope;  // per linear unit, the last one number
    T *statistics;                    // running mean, then variance
    T *bias_gradient, *gain_gradient, *shift_gradient, *slope_gradient;
    T *mixing, *mixing_gradient;      // (units): their shares of the activation; null: all of it
    Dropout dropout;
};

template <typename T>
struct Network {
    int64_t n_rows, n_inputs, n_outputs, n_pieces, n_layers;
    int64_t activation, normalization;
    int64_t is_training, is_frozen;  // frozen: no dropout, running statistics stay as they are
    int64_t step;                    // updates done before this one
    const Layer<T> *layers;
    T *inputs, *input_signals;           // (B, D); signals may be null
    T *outputs, *output_gradients;       // (C, k x B)
    T *output_weights, *output_weight_gradients;  // (n_in, k x C), the heads beside one another
    T *output_bias, *output_bias_gradients;       // (k x C)
    T *linear, *linear_signals;          // (B, pieces x widest)
    T *signals, *signals_below;          // (B, widest)
    const int32_t *row_offsets, *pair_offsets;  // see RunDropout
    const Encoding<T> *encoding;         // of numeric columns; null if there is none
    T *input_gain, *input_gain_gradients;  // (D), factors of the inputs; null if there are none
    T *ungained;                         // (B, D), the inputs before these
    Dropout input_dropout;
    double own_share;                    // what stays of each row, the rest is the next one's; see mixes
    T *first_row;                        // (D), a row while rows are mixed
    int64_t n_members;                   // k: the layers and outputs have k x B rows, see members.h
    T *member_scale, *member_scale_gradients;  // (k, D); null of one member
    T *spread, *spread_signals;          // (k x B, D), what the first layer reads; null likewise

    bool mixes() const { return is_training && !is_frozen && own_share != 1; }
};

// Units that are computed: whole vectors, beyond the real ones zeros. As `padded` in
// stacked/blocks.py.
inline int64_t computed(int64_t n_units) { return (n_units + 7) / 8 * 8; }

template <typename T>
RunDropout<T> run_dropout(const Network<T> &network, const Dropout &dropout) {
    const bool drops = dropout.n_dropped > 0 && network.is_training && !network.is_frozen;
    return RunDropout<T>(drops ? dropout : Dropout{0, 0}, network.step, network.row_offsets, network.pair_offsets);
}

// What a layer reads: its numbers, of which `n_real` per row. Rows lie n_columns apart, which
// are also the columns whose gradient is asked for.
template <typename T>
struct Inputs {
    const T *numbers;
    int64_t n_real, n_columns;

    Matrix<const T> rows_from(int64_t first) const { return {numbers + first * n_columns, n_columns, 1}; }
    Matrix<const T> matrix() const { return rows_from(0); }
};

template <typename T>
struct RunLayer {
    const Network<T> &network;
    const Layer<T> &layer;
    int64_t n_real, n_units, n_linear;  // computed units; times pieces

    RunLayer(const Network<T> &network, int64_t l)
        : network(network), layer(network.layers[l]), n_real(layer.n_units), n_units(computed(n_real)),
          n_linear(n_units * network.n_pieces) {}

    // What only the way back reads is not written in evaluation.
    T *kept(T *buffer) const { return network.is_training ? buffer : nullptr; }
    T *outputs() const { return layer.outputs; }
    int64_t normalization() const { return network.normalization; }
    int64_t activation() const { return network.activation; }

    // One piece of the linear map: its weights, or their gradients.
    Matrix<T> weights(T *first, int64_t piece) const { return {first + piece * n_units, n_linear, 1}; }
    Matrix<T> linear(T *first, int64_t piece) const { return {first + piece * n_units, n_linear, 1}; }

    // What normalizes a piece, or in layer normalization all of them.
    Normalized<T> normalized(T *values, int64_t piece, int64_t n_columns) const {
        const int64_t first = piece * n_units, first_scale = normalization() == BATCH_NORM ? first : 0;
        const auto at = [&](T *vector, int64_t place) { return vector ? vector + place : nullptr; };
        return {network.n_rows, n_columns, n_linear, values + first,
                at(kept(layer.normalized), first), at(kept(layer.scales), first_scale),
                at(layer.gain, first), at(layer.shift, first),
                at(layer.gain_gradient, first), at(layer.shift_gradient, first)};
    }

    RunDropout<T> dropout() const { return run_dropout(network, layer.dropout); }

    void normalize() const {
        if (normalization() == LAYER_NORM)
            layer_norm(normalized(network.linear, 0, n_real), network.n_pieces, n_units, n_units);
        if (normalization() != BATCH_NORM) return;
        for (int64_t piece = 0; piece < network.n_pieces; piece++) {
            T *mean = layer.statistics + piece * n_units, *variance = mean + n_linear;
            const Normalized<T> part = normalized(network.linear, piece, n_units);
            if (network.is_training)
                batch_norm(part, mean, variance, network.is_frozen);
            else
                batch_norm_by_running(part, mean, variance);
        }
    }

    void normalize_backward(T *signals) const {
        if (normalization() == LAYER_NORM)
            layer_norm_backward(normalized(signals, 0, n_real), network.n_pieces, n_units, n_units);
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
            activate(PRELU, z, h, d, n, *layer.learned_slope);
            if (second)
#pragma omp simd
                for (int64_t j = 0; j < n; j++) second[j] = z[j] < 0 ? z[j] : T(0);
        } else {
            activate(activation(), z, h, d, n, T(0));
        }
        if (activation() == SIGMOID)  // sigmoid(0) is not 0: keep the padding so
            for (int64_t b = 0; b < network.n_rows; b++)
                std::fill(h + b * n_units + n_real, h + (b + 1) * n_units, T(0));
        if (layer.mixing) mix();
    }

    // z + a (act(z) - z) in place of act(z), and its slopes.
    void mix() const {
        const T *a = layer.mixing;
        for (int64_t b = 0; b < network.n_rows; b++) {
            const int64_t at = b * n_units;
            const T *z = network.linear + at;
            T *h = outputs() + at;
            if (!network.is_training) {
#pragma omp simd
                for (int64_t j = 0; j < n_units; j++) h[j] = z[j] + a[j] * (h[j] - z[j]);
                continue;
            }
            T *d = layer.slopes + at, *difference = layer.second + at;
#pragma omp simd
            for (int64_t j = 0; j < n_units; j++) {
                difference[j] = h[j] - z[j];
                h[j] = z[j] + a[j] * difference[j];
                d[j] = 1 + a[j] * (d[j] - 1);
            }
        }
    }

    void mixing_backward(const T *signals) const {
        T *sums = layer.mixing_gradient;
        std::fill(sums, sums + n_units, T(0));
        for (int64_t b = 0; b < network.n_rows; b++) {
            const T *signal = signals + b * n_units, *difference = layer.second + b * n_units;
#pragma omp simd
            for (int64_t j = 0; j < n_units; j++) sums[j] += signal[j] * difference[j];
        }
    }

    void forward(const Inputs<T> &in) const {
        for (int64_t piece = 0; piece < network.n_pieces; piece++)
            product<T>(network.n_rows, n_units, in.n_real, in.matrix(),
                       constant(weights(layer.weights, piece)), layer.bias + piece * n_units,
                       linear(network.linear, piece));
        normalize();
        activate_all();
        drop();
        if (!layer.skips) return;
        T *h = outputs();
        const int64_t n = network.n_rows * n_units;
#pragma omp simd
        for (int64_t j = 0; j < n; j++) h[j] += in.numbers[j];
    }

    void drop() const {
        const RunDropout<T> drawn = dropout();
        if (!drawn.drops()) return;
        if (activation() == PRELU || activation() == MAXOUT || layer.mixing)
            drawn.apply(network.n_rows, n_units, outputs(), layer.slopes, layer.second);
        else
            drawn.apply(network.n_rows, n_units, outputs(), layer.slopes);
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
            *layer.slope_gradient = sum;
        }
        if (layer.mixing) mixing_backward(signals);
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
            T *bias = layer.bias_gradient + piece * n_units;
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
        if (layer.skips) std::copy(signals, signals + network.n_rows * n_units, below);  // before it changes
        T *dz = backward_to_linear(signals);
        bias_backward(dz);
        for (int64_t piece = 0; piece < network.n_pieces; piece++) {
            const Matrix<const T> own = constant(linear(dz, piece));
            product<T>(in.n_real, n_units, network.n_rows, in.matrix().transposed(), own, nullptr,
                       weights(layer.weight_gradients, piece));
            if (!below) continue;
            product<T>(network.n_rows, in.n_columns, n_units, own,
                       constant(weights(layer.weights, piece)).transposed(), nullptr,
                       {below, in.n_columns, 1}, piece > 0 || layer.skips);
        }
    }
};

// What hidden layer `depth` reads, or at the network's depth the output layer.
template <typename T>
Inputs<T> inputs_at(const Network<T> &network, int64_t depth) {
    if (depth == 0) return {network.inputs, network.n_inputs, network.n_inputs};
    const RunLayer<T> below(network, depth - 1);
    return {below.outputs(), below.n_real, below.n_units};
}

// The learned factors of the inputs; those before are kept, since a factor may be zero.
template <typename T>
void multiply_inputs(const Network<T> &network) {
    const int64_t D = network.n_inputs;
    std::copy(network.inputs, network.inputs + network.n_rows * D, network.ungained);
    for (int64_t b = 0; b < network.n_rows; b++) {
        T *row = network.inputs + b * D;
#pragma omp simd
        for (int64_t j = 0; j < D; j++) row[j] *= network.input_gain[j];
    }
}

template <typename T>
void multiply_inputs_backward(const Network<T> &network) {
    const int64_t D = network.n_inputs;
    const T *gain = network.input_gain;
    T *gradients = network.input_gain_gradients;
    std::fill(gradients, gradients + D, T(0));
    for (int64_t b = 0; b < network.n_rows; b++) {
        T *signals = network.input_signals + b * D;
        const T *before = network.ungained + b * D;
#pragma omp simd
        for (int64_t j = 0; j < D; j++) {
            gradients[j] += signals[j] * before[j];
            signals[j] *= gain[j];
        }
    }
}

// The network as its layers see it: behind the inputs, with the rows of all members.
template <typename T>
Network<T> behind_inputs(const Network<T> &network) {
    Network<T> behind = network;
    if (!network.member_scale) return behind;
    behind.n_rows = network.n_members * network.n_rows;
    behind.inputs = network.spread;
    behind.input_signals = network.spread_signals;
    return behind;
}

// The output layer: each member's rows by its head.
template <typename T>
void output_forward(const Network<T> &behind) {
    const int64_t k = behind.n_members, C = behind.n_outputs, all = behind.n_rows, B = all / k;
    const Inputs<T> in = inputs_at(behind, behind.n_layers);
    for (int64_t m = 0; m < k; m++)
        product<T>(B, C, in.n_real, in.rows_from(m * B), {behind.output_weights + m * C, k * C, 1},
                   behind.output_bias + m * C, {behind.outputs + m * B, 1, all});
}

template <typename T>
void network_forward(const Network<T> &network) {
    const int64_t B = network.n_rows, D = network.n_inputs;
    if (network.encoding) encode(*network.encoding, B, D, network.inputs);
    if (network.input_gain) multiply_inputs(network);
    if (network.mixes()) mix_rows(network.inputs, B, D, network.own_share, network.first_row);
    if (network.member_scale)
        spread_rows(network.inputs, network.member_scale, network.n_members, B, D, network.spread);
    const Network<T> behind = behind_inputs(network);
    const RunDropout<T> drawn = run_dropout(network, network.input_dropout);
    if (drawn.drops()) drawn.apply(behind.n_rows, D, behind.inputs);
    for (int64_t l = 0; l < network.n_layers; l++) RunLayer<T>(behind, l).forward(inputs_at(behind, l));
    output_forward(behind);
}

// The output layer: its parameters' gradients, and its inputs' in `below` unless null.
template <typename T>
void output_backward(const Network<T> &behind, T *below) {
    const int64_t k = behind.n_members, C = behind.n_outputs, all = behind.n_rows, B = all / k;
    const Inputs<T> in = inputs_at(behind, behind.n_layers);
    for (int64_t m = 0; m < k; m++) {
        const T *gradients = behind.output_gradients + m * B;
        for (int64_t c = 0; c < C; c++) {
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t b = 0; b < B; b++) sum += gradients[c * all + b];
            behind.output_bias_gradients[m * C + c] = sum;
        }
        const Matrix<const T> signals = {gradients, 1, all};
        product<T>(in.n_real, C, B, in.rows_from(m * B).transposed(), signals, nullptr,
                   {behind.output_weight_gradients + m * C, k * C, 1});
        if (below)
            product<T>(B, in.n_columns, C, signals, {behind.output_weights + m * C, 1, k * C}, nullptr,
                       {below + m * B * in.n_columns, in.n_columns, 1});
    }
}

// All gradients, from `output_gradients`, after `network_forward` in training.
template <typename T>
void network_backward(const Network<T> &network) {
    const int64_t B = network.n_rows, D = network.n_inputs;
    const Network<T> behind = behind_inputs(network);
    T *signals = network.signals, *below = network.signals_below;
    int64_t l = network.n_layers;
    output_backward(behind, l > 0 ? signals : behind.input_signals);
    while (l-- > 0) {
        RunLayer<T>(behind, l).backward(signals, inputs_at(behind, l), l > 0 ? below : behind.input_signals);
        std::swap(signals, below);
    }
    const RunDropout<T> drawn = run_dropout(network, network.input_dropout);
    if (behind.input_signals && drawn.drops()) drawn.apply(behind.n_rows, D, behind.input_signals);
    if (network.member_scale)
        spread_rows_backward(network.inputs, network.member_scale, network.n_members, B, D, network.spread_signals,
                             network.member_scale_gradients, network.input_signals);
    if (network.input_signals && network.mixes())
        mix_rows_backward(network.input_signals, B, D, network.own_share, network.first_row);
    if (network.input_gain) multiply_inputs_backward(network);
    if (network.encoding) encode_backward(*network.encoding, B, D, network.input_signals);
}

}  // namespace
