// What the stacks of runs compute on a processor; native.py compiles this file, once with
// REAL=float and once with REAL=double where that is asked for, and calls what it exports.

#include "layouts.h"
#include "losses.h"
#include "network.h"
#include "scores.h"
#include "signals.h"
#include "update.h"

extern "C" {
void objective_gradients(const Outputs<REAL> *batch) { objective_gradients(*batch); }
void measure_scores(const Scores<REAL> *asked) { measure_scores(*asked); }
void network_forward(const Network<REAL> *network) { network_forward(*network); }
void network_backward(const Network<REAL> *network) { network_backward(*network); }
void measure_signals(const Signals<REAL> *signals) { measure_signals(*signals); }
void update(const Update<REAL> *update) { update_all(*update); }
}
