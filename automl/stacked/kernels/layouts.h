// How the structures of the kernels lie in memory, told as data that can be read before any
// function is called: stacked/native_structures.py holds its own definitions against it.

#pragma once

#include <cstddef>
#include <cstdint>

#include "epoch.h"
#include "order.h"
#include "scores.h"

struct FieldLayout {
    const char *structure, *field;  // "" for the structure as a whole
    int64_t offset, size;           // bytes
};

#define WHOLE(type) {#type, "", 0, sizeof(type<REAL>)}
#define NAMED(type, name, member) \
    {#type, #name, offsetof(type<REAL>, member), sizeof(((type<REAL> *)nullptr)->member)}
#define FIELD(type, member) NAMED(type, member, member)
#define DROPOUT(type, member) \
    NAMED(type, stream, member.stream), NAMED(type, n_dropped, member.n_dropped)

extern "C" {
extern const FieldLayout field_layouts[] = {
    WHOLE(Layer), FIELD(Layer, n_units), FIELD(Layer, skips), FIELD(Layer, weights),
    FIELD(Layer, weight_gradients), FIELD(Layer, outputs), FIELD(Layer, slopes),
    FIELD(Layer, second), FIELD(Layer, normalized), FIELD(Layer, scales), FIELD(Layer, bias), FIELD(Layer, gain), FIELD(Layer, shift),
    FIELD(Layer, learned_slope), FIELD(Layer, statistics), FIELD(Layer, bias_gradient),
    FIELD(Layer, gain_gradient), FIELD(Layer, shift_gradient), FIELD(Layer, slope_gradient),
    FIELD(Layer, mixing), FIELD(Layer, mixing_gradient), DROPOUT(Layer, dropout),

    WHOLE(Network), FIELD(Network, n_rows), FIELD(Network, n_inputs), FIELD(Network, n_outputs),
    FIELD(Network, n_pieces), FIELD(Network, n_layers), FIELD(Network, activation),
    FIELD(Network, normalization), FIELD(Network, is_training), FIELD(Network, is_frozen),
    FIELD(Network, step), FIELD(Network, layers), FIELD(Network, inputs),
    FIELD(Network, input_signals), FIELD(Network, outputs), FIELD(Network, output_gradients),
    FIELD(Network, output_weights), FIELD(Network, output_weight_gradients),
    FIELD(Network, output_bias), FIELD(Network, output_bias_gradients), FIELD(Network, linear),
    FIELD(Network, linear_signals), FIELD(Network, signals), FIELD(Network, signals_below),
    FIELD(Network, row_offsets), FIELD(Network, pair_offsets), FIELD(Network, encoding),
    FIELD(Network, input_gain), FIELD(Network, input_gain_gradients), FIELD(Network, ungained),
    DROPOUT(Network, input_dropout), FIELD(Network, own_share), FIELD(Network, first_row),
    FIELD(Network, n_members), FIELD(Network, member_scale), FIELD(Network, member_scale_gradients),
    FIELD(Network, spread), FIELD(Network, spread_signals),

    WHOLE(Encoding), FIELD(Encoding, kind), FIELD(Encoding, n_numbers), FIELD(Encoding, size),
    FIELD(Encoding, n_parts), FIELD(Encoding, starts), FIELD(Encoding, inverse_widths),
    FIELD(Encoding, weights), FIELD(Encoding, slopes), FIELD(Encoding, bias),
    FIELD(Encoding, phases), FIELD(Encoding, weight_gradients), FIELD(Encoding, slope_gradients),
    FIELD(Encoding, bias_gradients), FIELD(Encoding, phase_gradients), FIELD(Encoding, columns),
    FIELD(Encoding, space),

    WHOLE(Rows), FIELD(Rows, n_columns), FIELD(Rows, n_embedded), FIELD(Rows, columns),
    FIELD(Rows, categories), FIELD(Rows, classes), FIELD(Rows, values),
    FIELD(Rows, weights),

    WHOLE(Embedding), FIELD(Embedding, n_codes), FIELD(Embedding, size), FIELD(Embedding, numbers),
    FIELD(Embedding, gradients),

    WHOLE(Stretch), FIELD(Stretch, start), FIELD(Stretch, stop), FIELD(Stretch, is_penalized),
    FIELD(Stretch, rate_factor),

    WHOLE(Update), FIELD(Update, n_penalized), FIELD(Update, n_parameters), FIELD(Update, values),
    FIELD(Update, gradients), FIELD(Update, first), FIELD(Update, second),
    FIELD(Update, has_first), FIELD(Update, has_second), FIELD(Update, limits),
    FIELD(Update, norm_sum), FIELD(Update, n_stretches), FIELD(Update, stretches),

    WHOLE(Lesson), FIELD(Lesson, network), FIELD(Lesson, rows), FIELD(Lesson, embeddings),
    FIELD(Lesson, loss), FIELD(Lesson, smoothing), FIELD(Lesson, class_weights),
    FIELD(Lesson, classes), FIELD(Lesson, values),
    FIELD(Lesson, next_classes), FIELD(Lesson, next_values), FIELD(Lesson, next_gradients),
    FIELD(Lesson, weights), FIELD(Lesson, next_weights),

    WHOLE(Order), FIELD(Order, stream), FIELD(Order, counter), FIELD(Order, n_rows),
    FIELD(Order, offsets), FIELD(Order, own_rows), FIELD(Order, start), FIELD(Order, space),
    FIELD(Order, order),

    WHOLE(Epoch), FIELD(Epoch, lesson), FIELD(Epoch, update), FIELD(Epoch, n_steps),
    FIELD(Epoch, first_step), FIELD(Epoch, bounds), FIELD(Epoch, order),
    FIELD(Epoch, coefficients), FIELD(Epoch, before), FIELD(Epoch, averages),
    FIELD(Epoch, averaging), FIELD(Epoch, n_averaged),
    FIELD(Epoch, own_shares),

    WHOLE(Probe), FIELD(Probe, lesson), FIELD(Probe, update), FIELD(Probe, n_rows),
    FIELD(Probe, index), FIELD(Probe, before), FIELD(Probe, saturated_above),
    FIELD(Probe, numbers),

    WHOLE(Scores), FIELD(Scores, network), FIELD(Scores, rows), FIELD(Scores, embeddings),
    FIELD(Scores, loss), FIELD(Scores, n_rows), FIELD(Scores, start), FIELD(Scores, index),
    FIELD(Scores, n_pieces), FIELD(Scores, pieces), FIELD(Scores, range), FIELD(Scores, numbers),
};
extern const int64_t n_field_layouts = sizeof(field_layouts) / sizeof(field_layouts[0]);
}
