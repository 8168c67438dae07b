// How the structures of the kernels lie in memory, told as data that can be read before any
// function is called: stacked/native_structures.py holds its own definitions against it.

#pragma once

#include <cstddef>
#include <cstdint>

#include "losses.h"
#include "network.h"
#include "rows.h"
#include "scores.h"
#include "signals.h"
#include "update.h"

struct FieldLayout {
    const char *structure, *field;  // "" for the structure as a whole
    int64_t offset, size;           // bytes
};

#define WHOLE(type) {#type, "", 0, sizeof(type<REAL>)}
#define NAMED(type, name, member) \
    {#type, #name, offsetof(type<REAL>, member), sizeof(((type<REAL> *)nullptr)->member)}
#define FIELD(type, member) NAMED(type, member, member)
#define DROPOUT(type, member) \
    NAMED(type, streams, member.streams), NAMED(type, thresholds, member.thresholds), \
        NAMED(type, scales, member.scales)

extern "C" {
extern const FieldLayout field_layouts[] = {
    WHOLE(Layer), FIELD(Layer, n_runs), FIELD(Layer, width), FIELD(Layer, n_units),
    FIELD(Layer, weights), FIELD(Layer, weight_gradients), FIELD(Layer, outputs),
    FIELD(Layer, slopes), FIELD(Layer, second), FIELD(Layer, normalized),
    NAMED(Layer, standard_scales, scales), FIELD(Layer, bias), FIELD(Layer, gain),
    FIELD(Layer, shift), NAMED(Layer, slope, learned_slope), FIELD(Layer, statistics),
    FIELD(Layer, statistics_stride), FIELD(Layer, bias_gradient), FIELD(Layer, gain_gradient),
    FIELD(Layer, shift_gradient), FIELD(Layer, slope_gradient), DROPOUT(Layer, dropout),

    WHOLE(Network), FIELD(Network, n_runs), FIELD(Network, n_rows), FIELD(Network, n_inputs),
    FIELD(Network, n_outputs), FIELD(Network, n_pieces), FIELD(Network, is_training),
    FIELD(Network, is_frozen), FIELD(Network, first_steps), FIELD(Network, step),
    FIELD(Network, vector_stride), FIELD(Network, output_width), FIELD(Network, depths),
    FIELD(Network, activations), FIELD(Network, normalizations), FIELD(Network, layers),
    FIELD(Network, inputs), FIELD(Network, input_signals), FIELD(Network, outputs),
    FIELD(Network, output_gradients), FIELD(Network, output_weights),
    FIELD(Network, output_weight_gradients), FIELD(Network, output_bias),
    FIELD(Network, output_bias_gradients), FIELD(Network, linear),
    FIELD(Network, linear_signals), FIELD(Network, signals), FIELD(Network, signals_below),
    FIELD(Network, row_offsets), FIELD(Network, pair_offsets), DROPOUT(Network, input_dropout),

    WHOLE(Signals), FIELD(Signals, network), FIELD(Signals, layer),
    FIELD(Signals, saturated_above), FIELD(Signals, numbers),

    WHOLE(Outputs), FIELD(Outputs, loss), FIELD(Outputs, n_runs), FIELD(Outputs, n_outputs),
    FIELD(Outputs, n_rows), FIELD(Outputs, outputs), FIELD(Outputs, classes),
    FIELD(Outputs, values), FIELD(Outputs, smoothing), FIELD(Outputs, class_weights),
    FIELD(Outputs, gradients),

    WHOLE(Rows), FIELD(Rows, n_columns), FIELD(Rows, n_embedded), FIELD(Rows, columns),
    FIELD(Rows, categories), FIELD(Rows, classes), FIELD(Rows, values),

    WHOLE(Embedding), FIELD(Embedding, n_codes), FIELD(Embedding, size),
    FIELD(Embedding, numbers),

    WHOLE(Scores), FIELD(Scores, network), FIELD(Scores, rows), FIELD(Scores, embeddings),
    FIELD(Scores, loss), FIELD(Scores, n_runs), FIELD(Scores, n_rows), FIELD(Scores, runs),
    FIELD(Scores, starts), FIELD(Scores, index), FIELD(Scores, index_apart),
    FIELD(Scores, inputs), FIELD(Scores, numbers),

    WHOLE(Block), FIELD(Block, n_runs), FIELD(Block, n_rows), FIELD(Block, n_columns),
    FIELD(Block, n_pieces), FIELD(Block, own_rows), FIELD(Block, own_columns),
    FIELD(Block, is_penalized), FIELD(Block, has_units), FIELD(Block, values),
    FIELD(Block, gradients), FIELD(Block, first), FIELD(Block, second),

    WHOLE(Update), FIELD(Update, n_runs), FIELD(Update, n_blocks), FIELD(Update, blocks),
    FIELD(Update, coefficients), FIELD(Update, l1), FIELD(Update, max_norm),
    FIELD(Update, clip_norm), FIELD(Update, has_first), FIELD(Update, has_second),
    FIELD(Update, norms),
};
extern const int64_t n_field_layouts = sizeof(field_layouts) / sizeof(field_layouts[0]);
}
