// What the stacks of runs compute on a processor; native.py compiles this file, once with
// REAL=float and once with REAL=double where that is asked for, and calls what it exports.

#include "classes.h"
#include "layouts.h"
#include "network.h"
#include "signals.h"
#include "update.h"

extern "C" {
void class_gradients(const Classes<REAL> *batch) { class_gradients(*batch); }
void class_scores(const Classes<REAL> *batch) { class_scores(*batch); }
void network_forward(const Network<REAL> *network) { network_forward(*network); }
void network_backward(const Network<REAL> *network) { network_backward(*network); }
void measure_signals(const Signals<REAL> *signals) { measure_signals(*signals); }
void update(const Update<REAL> *update) { update_all(*update); }
}
