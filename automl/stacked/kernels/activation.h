// The values of activations and their slopes, in one pass.

#pragma once

#include <cstdint>

#include "mathematics.h"

namespace {

enum Activation { SIGMOID, TANH, RELU, LEAKY_RELU, PRELU, ELU, GELU, SILU, MISH, SELU, MAXOUT };

constexpr double LEAKY_SLOPE = 0.01;
constexpr double SELU_ALPHA = 1.6732632423543772, SELU_SCALE = 1.0507009873554805;

// Values of an activation, and its slopes unless `d` is null.
template <typename T, typename Function>
void each(const T *z, T *h, T *d, int64_t n, Function function) {
    if (d) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) function(z[j], h[j], d[j]);
        return;
    }
#pragma omp simd
    for (int64_t j = 0; j < n; j++) {
        T unused;
        function(z[j], h[j], unused);
    }
}

template <typename T>
void activate(int64_t activation, const T *z, T *h, T *d, int64_t n, T learned) {
    switch (activation) {
        case SIGMOID:
            each(z, h, d, n, [](T x, T &y, T &s) { y = 1 / (1 + exponential(-x)); s = y - y * y; });
            break;
        case TANH:
            each(z, h, d, n, [](T x, T &y, T &s) { y = hyperbolic_tangent(x); s = 1 - y * y; });
            break;
        case RELU:  // written so that NaN stays NaN
            each(z, h, d, n, [](T x, T &y, T &s) { y = x < 0 ? T(0) : x; s = x > 0 ? T(1) : T(0); });
            break;
        case LEAKY_RELU:
            each(z, h, d, n, [](T x, T &y, T &s) { s = x > 0 ? T(1) : T(LEAKY_SLOPE); y = x * s; });
            break;
        case PRELU:
            each(z, h, d, n, [learned](T x, T &y, T &s) { s = x > 0 ? T(1) : learned; y = x * s; });
            break;
        case ELU:
            each(z, h, d, n, [](T x, T &y, T &s) {
                const T below = exponential_less_1(x < 0 ? x : T(0));
                y = x > 0 ? x : below;
                s = below + 1;
            });
            break;
        case GELU:
            each(z, h, d, n, [](T x, T &y, T &s) {
                const T share = T(0.5) * (1 + error_function(x * T(0.70710678118654752440)));
                y = x * share;
                s = share + x * exponential(T(-0.5) * x * x) * T(0.39894228040143267794);
            });
            break;
        case SILU:
            each(z, h, d, n, [](T x, T &y, T &s) {
                const T share = 1 / (1 + exponential(-x));
                y = x * share;
                s = share + y * (1 - share);
            });
            break;
        case MISH:  // tanh(log(1 + e^x)) by e^-|x|, which cannot overflow
            each(z, h, d, n, [](T x, T &y, T &s) {
                const T small = exponential(x < 0 ? x : -x);
                const T above = x < 0 ? small * (small + 2) : 1 + 2 * small;
                const T rest = x < 0 ? T(2) : 2 * small * small, whole = 1 / (above + rest);
                const T share = above * whole, sigmoid = (x < 0 ? small : T(1)) / (1 + small);
                y = x * share;
                s = share + x * (rest * whole) * (1 + share) * sigmoid;  // 1 - share^2, exactly
            });
            break;
        case SELU:
            each(z, h, d, n, [](T x, T &y, T &s) {
                const T below = T(SELU_SCALE * SELU_ALPHA) * exponential_less_1(x < 0 ? x : T(0));
                y = x > 0 ? x * T(SELU_SCALE) : below;
                s = x > 0 ? T(SELU_SCALE) : below + T(SELU_SCALE * SELU_ALPHA);
            });
            break;
    }
}

}  // namespace
