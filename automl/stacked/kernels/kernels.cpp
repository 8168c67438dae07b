// What runs compute on a processor; native.py compiles this file, once with REAL=float and once
// with REAL=double where that is asked for, and calls what it exports.

#include "epoch.h"
#include "layouts.h"
#include "order.h"
#include "scores.h"

extern "C" {
void order_rows(const Order<REAL> *order) { order_rows(*order); }
void train_epoch(const Epoch<REAL> *epoch) { train_epoch(*epoch); }
void probe_layers(const Probe<REAL> *probe) { probe_layers(*probe); }
void measure_scores(const Scores<REAL> *scores) { measure_scores(*scores); }
}
