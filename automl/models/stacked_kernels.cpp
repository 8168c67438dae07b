// What lies between the matrix products of a stack, in one pass over memory per layer and update.
//
// The same numbers as stacked_layer.py, stacked_normalization.py, stacked_activations.py and
// stacked_updates.py compute with torch, where every operation is a call of its own on all runs
// and a pass of its own over memory. Here a run's layer stays in the cache from its linear map
// to its dropout. native.py compiles this file and describes the structures to ctypes; nothing
// here allocates, and runs never touch one another.
//
// Loops are written for the compiler's vectorizer: `omp simd` lets it use vector versions of
// exp, tanh and erf (glibc's libmvec) and reorder sums, without the rules of -ffast-math that
// would assume numbers to be finite.

#include <math.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#ifdef VECTOR_MATH
// glibc has these eight at a time, but declares so under -ffast-math only.
extern "C" {
#pragma omp declare simd notinbranch
float expf(float) noexcept;
#pragma omp declare simd notinbranch
double exp(double) noexcept;
#pragma omp declare simd notinbranch
float expm1f(float) noexcept;
#pragma omp declare simd notinbranch
double expm1(double) noexcept;
#pragma omp declare simd notinbranch
float tanhf(float) noexcept;
#pragma omp declare simd notinbranch
double tanh(double) noexcept;
#pragma omp declare simd notinbranch
float erff(float) noexcept;
#pragma omp declare simd notinbranch
double erf(double) noexcept;
}
#endif

namespace {

enum Normalization { NO_NORMALIZATION, BATCH_NORM, LAYER_NORM };
enum Activation { SIGMOID, TANH, RELU, LEAKY_RELU, PRELU, ELU, GELU, SILU, MAXOUT };

constexpr double NORM_EPSILON = 1e-5, RUNNING_SHARE = 0.1, LEAKY_SLOPE = 0.01;
constexpr double CLIP_EPSILON = 1e-6, SMALLEST_NORM = 1e-30;

// The C library's names: std::exp and its like are not recognized by the vectorizer.
inline float exponential(float x) { return ::expf(x); }
inline double exponential(double x) { return ::exp(x); }
inline float exponential_less_1(float x) { return ::expm1f(x); }
inline double exponential_less_1(double x) { return ::expm1(x); }
inline float hyperbolic_tangent(float x) { return ::tanhf(x); }
inline double hyperbolic_tangent(double x) { return ::tanh(x); }
inline float error_function(float x) { return ::erff(x); }
inline double error_function(double x) { return ::erf(x); }

// One hidden layer on one batch shape. (K, B, n) has n = pieces * width linear units.
template <typename T>
struct Layer {
    int64_t n_runs, n_rows, width, pieces, training, frozen;
    const int64_t *activation, *normalization, *n_units;  // (K); real units per piece
    T *linear;             // (K, B, n): linear map's outputs; replaced
    T *outputs, *slopes;   // (K, B, width); slopes of the activation times mask
    T *second;             // (K, B, width): prelu's min(z, 0), maxout's second share, times mask
    T *normalized;         // (K, B, n)
    T *scales;             // (K, max(B, n)): 1 / standard deviation
    T *gain, *shift, *learned_slope, *statistics;  // rows `vector_stride` apart, (K, 2 n)
    int64_t vector_stride, statistics_stride;
    const int32_t *keys, *row_offsets, *pair_offsets;  // keys: null without dropout
    const int16_t *thresholds;                         // (K)
    const T *kept_scales;                              // (K)
    T *signals, *linear_signals;                       // (K, B, width), (K, B, n)
    T *bias_gradient, *gain_gradient, *shift_gradient, *slope_gradient;  // as vectors
};

template <typename T>
void batch_norm(const Layer<T> &layer, int64_t k, T *z) {
    const int64_t B = layer.n_rows, n = layer.width * layer.pieces;
    const T *gain = layer.gain + k * layer.vector_stride;
    const T *shift = layer.shift + k * layer.vector_stride;
    T *running_mean = layer.statistics + k * layer.statistics_stride, *running_variance = running_mean + n;
    T *scale = layer.scales + k * std::max(B, n);
    if (!layer.training) {
        for (int64_t b = 0; b < B; b++) {
            T *row = z + b * n;
#pragma omp simd
            for (int64_t j = 0; j < n; j++)
                row[j] = (row[j] - running_mean[j]) * (gain[j] / std::sqrt(running_variance[j] + T(NORM_EPSILON))) + shift[j];
        }
        return;
    }
    T *normalized = layer.normalized + k * B * n;
    constexpr int64_t TILE = 64;  // columns whose sums stay in registers or the nearest cache
    for (int64_t start = 0; start < n; start += TILE) {
        const int64_t m = std::min(TILE, n - start);
        T mean[TILE] = {}, variance[TILE] = {};
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) mean[j] += z[b * n + start + j];
#pragma omp simd
        for (int64_t j = 0; j < m; j++) mean[j] /= B;
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const T centred = z[b * n + start + j] - mean[j];
                normalized[b * n + start + j] = centred;
                variance[j] += centred * centred;
            }
        for (int64_t j = 0; j < m; j++) {
            variance[j] /= B;
            scale[start + j] = 1 / std::sqrt(variance[j] + T(NORM_EPSILON));
        }
        if (!layer.frozen) {
            const T unbiased = T(B) / std::max<int64_t>(1, B - 1), share = T(RUNNING_SHARE);
            for (int64_t j = 0; j < m; j++) {
                running_mean[start + j] += share * (mean[j] - running_mean[start + j]);
                running_variance[start + j] += share * (variance[j] * unbiased - running_variance[start + j]);
            }
        }
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = start; j < start + m; j++) {
                const T value = normalized[b * n + j] * scale[j];
                normalized[b * n + j] = value;
                z[b * n + j] = value * gain[j] + shift[j];
            }
    }
}

template <typename T>
void layer_norm(const Layer<T> &layer, int64_t k, T *z) {
    const int64_t B = layer.n_rows, H = layer.width, n = H * layer.pieces, real = layer.n_units[k];
    const T *gain = layer.gain + k * layer.vector_stride, *shift = layer.shift + k * layer.vector_stride;
    const T share = T(1) / (real * layer.pieces);
    for (int64_t b = 0; b < B; b++) {
        T *row = z + b * n, mean = 0, variance = 0;
        for (int64_t piece = 0; piece < n; piece += H)
#pragma omp simd reduction(+ : mean)
            for (int64_t j = piece; j < piece + real; j++) mean += row[j];
        mean *= share;
        for (int64_t piece = 0; piece < n; piece += H)
#pragma omp simd reduction(+ : variance)
            for (int64_t j = piece; j < piece + real; j++) variance += (row[j] - mean) * (row[j] - mean);
        const T scale = 1 / std::sqrt(variance * share + T(NORM_EPSILON));
        if (layer.training) layer.scales[k * std::max(B, n) + b] = scale;
        T *normalized = layer.training ? layer.normalized + (k * B + b) * n : row;
        for (int64_t piece = 0; piece < n; piece += H)
#pragma omp simd
            for (int64_t j = piece; j < piece + real; j++) {
                const T value = (row[j] - mean) * scale;
                normalized[j] = value;
                row[j] = value * gain[j] + shift[j];
            }
    }
}

// Values and slopes of an activation, without the mask; `extra` is prelu's min(z, 0).
template <typename T, typename Function>
void each(const T *z, T *h, T *d, int64_t n, Function function) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++) function(z[j], h[j], d[j]);
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
    }
}

// One row's dropout mask: 16 bits of a 32-bit hash for each unit, as randomness.random_bits.
template <typename T>
void fill_mask(const Layer<T> &layer, int64_t k, int64_t b, T *mask) {
    const uint32_t key = uint32_t(layer.keys[k]) + uint32_t(layer.row_offsets[b]);
    const int16_t threshold = layer.thresholds[k];
    const T scale = layer.kept_scales[k];
#pragma omp simd
    for (int64_t j = 0; j < layer.width / 2; j++) {
        int32_t bits = int32_t(key + uint32_t(layer.pair_offsets[j]));
        bits = int32_t(uint32_t(bits ^ (bits >> 16)) * 0x21F0AAADu);
        bits = int32_t(uint32_t(bits ^ (bits >> 15)) * 0xD35A2D97u);
        mask[2 * j] = int16_t(bits) >= threshold ? scale : T(0);
        mask[2 * j + 1] = int16_t(bits >> 16) >= threshold ? scale : T(0);
    }
}

constexpr int64_t WIDEST_TILE = 512;    // units whose slopes are held at once, to be forgotten
constexpr int64_t WIDEST_LAYER = 4096;  // units whose mask is held at once; native.py knows it

template <typename T>
void layer_forward(const Layer<T> &layer) {
    const int64_t B = layer.n_rows, H = layer.width, n = H * layer.pieces;
    for (int64_t k = 0; k < layer.n_runs; k++) {
        T *z = layer.linear + k * B * n;
        if (layer.normalization[k] == BATCH_NORM) batch_norm(layer, k, z);
        if (layer.normalization[k] == LAYER_NORM) layer_norm(layer, k, z);
        const int64_t activation = layer.activation[k];
        const bool drops = layer.keys != nullptr && layer.thresholds[k] != INT16_MIN;
        const T learned = activation == PRELU ? layer.learned_slope[k * layer.vector_stride] : T(0);
        T unused[WIDEST_TILE];
        for (int64_t b = 0; b < B; b++) {
            const T *row = z + b * n;
            T *h = layer.outputs + (k * B + b) * H;
            T *d = layer.training ? layer.slopes + (k * B + b) * H : nullptr;
            T *second = layer.second ? layer.second + (k * B + b) * H : nullptr;
            if (activation == MAXOUT) {
#pragma omp simd
                for (int64_t j = 0; j < H; j++) h[j] = row[j] < row[H + j] ? row[H + j] : row[j];
                if (d)
#pragma omp simd
                    for (int64_t j = 0; j < H; j++) {
                        d[j] = row[j] > row[H + j] ? T(1) : row[j] < row[H + j] ? T(0) : T(0.5);
                        second[j] = 1 - d[j];
                    }
            } else if (d) {
                activate(activation, row, h, d, H, learned);
                if (activation == PRELU)
#pragma omp simd
                    for (int64_t j = 0; j < H; j++) second[j] = row[j] < 0 ? row[j] : T(0);
            } else {
                for (int64_t start = 0; start < H; start += WIDEST_TILE)
                    activate(activation, row + start, h + start, unused, std::min(WIDEST_TILE, H - start), learned);
            }
            if (activation == SIGMOID)  // sigmoid(0) is not 0: keep the padding so
                for (int64_t j = layer.n_units[k]; j < H; j++) h[j] = 0;
        }
        if (!drops) continue;
        T mask[WIDEST_LAYER];
        for (int64_t b = 0; b < B; b++) {
            T *h = layer.outputs + (k * B + b) * H, *d = layer.slopes + (k * B + b) * H;
            fill_mask(layer, k, b, mask);
#pragma omp simd
            for (int64_t j = 0; j < H; j++) {
                h[j] *= mask[j];
                d[j] *= mask[j];
            }
            if (activation == PRELU || activation == MAXOUT) {
                T *second = layer.second + (k * B + b) * H;
#pragma omp simd
                for (int64_t j = 0; j < H; j++) second[j] *= mask[j];
            }
        }
    }
}

template <typename T>
void batch_norm_backward(const Layer<T> &layer, int64_t k, T *dz) {
    const int64_t B = layer.n_rows, n = layer.width * layer.pieces;
    const T *gain = layer.gain + k * layer.vector_stride, *scale = layer.scales + k * std::max(B, n);
    const T *normalized = layer.normalized + k * B * n;
    T *gain_gradient = layer.gain_gradient + k * layer.vector_stride;
    T *shift_gradient = layer.shift_gradient + k * layer.vector_stride;
    constexpr int64_t TILE = 64;
    for (int64_t start = 0; start < n; start += TILE) {
        const int64_t m = std::min(TILE, n - start);
        T products[TILE] = {}, sums[TILE] = {};
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                sums[j] += dz[b * n + start + j];
                products[j] += dz[b * n + start + j] * normalized[b * n + start + j];
            }
        for (int64_t j = 0; j < m; j++) {
            gain_gradient[start + j] = products[j];
            shift_gradient[start + j] = sums[j];
            products[j] /= B;
            sums[j] /= B;
        }
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const int64_t at = b * n + start + j;
                dz[at] = (dz[at] - sums[j] - normalized[at] * products[j]) * (gain[start + j] * scale[start + j]);
            }
    }
}

template <typename T>
void layer_norm_backward(const Layer<T> &layer, int64_t k, T *dz) {
    const int64_t B = layer.n_rows, H = layer.width, n = H * layer.pieces, real = layer.n_units[k];
    const T *gain = layer.gain + k * layer.vector_stride, share = T(1) / (real * layer.pieces);
    T *gain_gradient = layer.gain_gradient + k * layer.vector_stride;
    T *shift_gradient = layer.shift_gradient + k * layer.vector_stride;
    std::fill(gain_gradient, gain_gradient + n, T(0));
    std::fill(shift_gradient, shift_gradient + n, T(0));
    for (int64_t b = 0; b < B; b++) {
        T *row = dz + b * n, mean = 0, product = 0;
        const T *normalized = layer.normalized + (k * B + b) * n;
        for (int64_t piece = 0; piece < n; piece += H)
#pragma omp simd reduction(+ : mean, product)
            for (int64_t j = piece; j < piece + real; j++) {
                shift_gradient[j] += row[j];
                gain_gradient[j] += row[j] * normalized[j];
                row[j] *= gain[j];
                mean += row[j];
                product += row[j] * normalized[j];
            }
        mean *= share;
        product *= share;
        const T scale = layer.scales[k * std::max(B, n) + b];
        for (int64_t piece = 0; piece < n; piece += H)
#pragma omp simd
            for (int64_t j = piece; j < piece + real; j++)
                row[j] = (row[j] - mean - normalized[j] * product) * scale;
    }
}

template <typename T>
void layer_backward(const Layer<T> &layer) {
    const int64_t B = layer.n_rows, H = layer.width, n = H * layer.pieces;
    for (int64_t k = 0; k < layer.n_runs; k++) {
        const T *slopes = layer.slopes + k * B * H, *second = layer.second ? layer.second + k * B * H : nullptr;
        T *signals = layer.signals + k * B * H, *dz = layer.linear_signals + k * B * n;
        if (layer.slope_gradient) {
            T sum = 0;
            if (layer.activation[k] == PRELU)
#pragma omp simd reduction(+ : sum)
                for (int64_t j = 0; j < B * H; j++) sum += signals[j] * second[j];
            layer.slope_gradient[k * layer.vector_stride] = sum;
        }
        if (layer.pieces == 1) {
#pragma omp simd
            for (int64_t j = 0; j < B * H; j++) dz[j] = signals[j] * slopes[j];
        } else {
            for (int64_t b = 0; b < B; b++)
#pragma omp simd
                for (int64_t j = 0; j < H; j++) {
                    dz[b * n + j] = signals[b * H + j] * slopes[b * H + j];
                    dz[b * n + H + j] = signals[b * H + j] * second[b * H + j];
                }
        }
        if (layer.normalization[k] == BATCH_NORM) batch_norm_backward(layer, k, dz);
        if (layer.normalization[k] == LAYER_NORM) layer_norm_backward(layer, k, dz);
        T *bias = layer.bias_gradient + k * layer.vector_stride;
        std::fill(bias, bias + n, T(0));
        if (layer.normalization[k] == BATCH_NORM) continue;  // it has no bias
        for (int64_t b = 0; b < B; b++)
#pragma omp simd
            for (int64_t j = 0; j < n; j++) bias[j] += dz[b * n + j];
    }
}

// One block of parameters, the runs first; see stacked_updates.py for the formula.
template <typename T>
struct Block {
    int64_t n_runs, size, n_columns, is_penalized, has_units;  // (K, size) is (K, rows, n_columns)
    T *values, *gradients, *first, *second;
};

template <typename T>
struct Update {
    int64_t n_runs, n_blocks;
    const Block<T> *blocks;
    const T *coefficients;                          // (7, K), order of COEFFICIENTS
    const T *l1, *max_norm, *clip_norm;             // (K), each may be null
    const int64_t *has_first, *has_second;          // (K)
    T *norms;                                       // (K), the gradients' norms are added
};

template <typename T>
double sum_of_squares(T *gradients, const T *values, int64_t n, T l1) {
    double total = 0;
    for (int64_t start = 0; start < n; start += 1024) {  // sums in T stay short
        const int64_t stop = std::min(n, start + 1024);
        T sum = 0;
        if (l1 != 0)
#pragma omp simd
            for (int64_t j = start; j < stop; j++)
                gradients[j] += l1 * (values[j] > 0 ? T(1) : values[j] < 0 ? T(-1) : T(0));
#pragma omp simd reduction(+ : sum)
        for (int64_t j = start; j < stop; j++) sum += gradients[j] * gradients[j];
        total += sum;
    }
    return total;
}

template <typename T>
void limit_norms(T *values, int64_t n_rows, int64_t n_columns, T max_norm) {
    constexpr int64_t TILE = 64;
    for (int64_t start = 0; start < n_columns; start += TILE) {
        const int64_t m = std::min(TILE, n_columns - start);
        T factor[TILE] = {};
        for (int64_t i = 0; i < n_rows; i++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) {
                const T value = values[i * n_columns + start + j];
                factor[j] += value * value;
            }
        for (int64_t j = 0; j < m; j++)
            factor[j] = std::min(T(1), max_norm / std::max(T(SMALLEST_NORM), std::sqrt(factor[j])));
        for (int64_t i = 0; i < n_rows; i++)
#pragma omp simd
            for (int64_t j = 0; j < m; j++) values[i * n_columns + start + j] *= factor[j];
    }
}

template <typename T>
void update_run(const Update<T> &update, const Block<T> &block, int64_t k, T clip) {
    const int64_t n = block.size, K = update.n_runs;
    const T *c = update.coefficients + k;
    const T first_weight = c[0], second_weight = c[K], ahead = c[2 * K], offset = c[3 * K];
    const T inverse_step = c[4 * K], decay = block.is_penalized ? c[5 * K] : T(1);
    const T weight_decay = block.is_penalized ? c[6 * K] : T(0);
    T *w = block.values + k * n, *m = block.first + k * n, *s = block.second + k * n;
    const T *g = block.gradients + k * n;
    const T step = 1 / inverse_step;
    if (!update.has_first[k] && !update.has_second[k]) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) w[j] -= step * (g[j] * clip + weight_decay * w[j]);
    } else if (!update.has_second[k]) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            m[j] += first_weight * (own - m[j]);
            w[j] -= step * (own + ahead * (m[j] - own));
        }
    } else if (!update.has_first[k]) {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            s[j] += second_weight * (own * own - s[j]);
            w[j] -= step * own / (std::sqrt(s[j]) + offset);
        }
    } else {
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const T own = g[j] * clip + weight_decay * w[j];
            m[j] += first_weight * (own - m[j]);
            s[j] += second_weight * (own * own - s[j]);
            w[j] = w[j] * decay - step * m[j] / (std::sqrt(s[j]) + offset);
        }
    }
}

template <typename T>
void update_all(const Update<T> &update) {
    for (int64_t k = 0; k < update.n_runs; k++) {
        double squares = 0;
        for (int64_t i = 0; i < update.n_blocks; i++) {
            const Block<T> &block = update.blocks[i];
            if (k >= block.n_runs) continue;
            const T l1 = block.is_penalized && update.l1 ? update.l1[k] : T(0);
            squares += sum_of_squares(block.gradients + k * block.size, block.values + k * block.size, block.size, l1);
        }
        const T norm = T(std::sqrt(squares));
        update.norms[k] += norm;
        T clip = 1;
        if (update.clip_norm && !std::isinf(update.clip_norm[k])) {
            clip = update.clip_norm[k] / (norm + T(CLIP_EPSILON));
            if (clip > 1) clip = 1;  // and NaN stays NaN
        }
        for (int64_t i = 0; i < update.n_blocks; i++) {
            const Block<T> &block = update.blocks[i];
            if (k >= block.n_runs) continue;
            update_run(update, block, k, clip);
            if (block.has_units && update.max_norm && !std::isinf(update.max_norm[k]))
                limit_norms(block.values + k * block.size, block.size / block.n_columns, block.n_columns, update.max_norm[k]);
        }
    }
}

// The outputs of a batch of classes, (K, C, B), rows last so that loops run over rows.
template <typename T>
struct Classes {
    int64_t n_runs, n_classes, n_rows, stride;  // `stride`: from a run's losses to the next's
    const T *outputs;
    const int64_t *targets;               // (K, B)
    const T *smoothing, *class_weights;   // (K) and (K, C), each may be null
    T *gradients;                         // (K, C, B) of the mean objective
    T *losses, *errors;                   // (K, B), plain cross-entropy; wrong or not
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

// weight[y] / B * (softmax - (1 - s) onehot - s / C)
template <typename T>
void class_gradients(const Classes<T> &batch) {
    const int64_t C = batch.n_classes, B = batch.n_rows;
    for (int64_t k = 0; k < batch.n_runs; k++) {
        const T s = batch.smoothing ? batch.smoothing[k] : T(0);
        for (int64_t start = 0; start < B; start += ROW_TILE) {
            const int64_t m = std::min(ROW_TILE, B - start);
            const T *outputs = batch.outputs + k * C * B + start;
            T *gradients = batch.gradients + k * C * B + start;
            const int64_t *targets = batch.targets + k * B + start;
            T largest[ROW_TILE], sums[ROW_TILE], weights[ROW_TILE];
            exponential_sums(outputs, C, B, m, largest, sums);
            for (int64_t b = 0; b < m; b++) {
                weights[b] = (batch.class_weights ? batch.class_weights[k * C + targets[b]] : T(1)) / B;
                sums[b] = 1 / sums[b];
            }
            for (int64_t c = 0; c < C; c++)
#pragma omp simd
                for (int64_t b = 0; b < m; b++)
                    gradients[c * B + b] = weights[b] * (exponential(outputs[c * B + b] - largest[b]) * sums[b] - s / C);
            for (int64_t b = 0; b < m; b++) gradients[targets[b] * B + b] -= weights[b] * (1 - s);
        }
    }
}

template <typename T>
void class_scores(const Classes<T> &batch) {
    const int64_t C = batch.n_classes, B = batch.n_rows;
    for (int64_t k = 0; k < batch.n_runs; k++)
        for (int64_t start = 0; start < B; start += ROW_TILE) {
            const int64_t m = std::min(ROW_TILE, B - start);
            const T *outputs = batch.outputs + k * C * B + start;
            const int64_t *targets = batch.targets + k * B + start;
            T largest[ROW_TILE], sums[ROW_TILE];
            exponential_sums(outputs, C, B, m, largest, sums);
            for (int64_t b = 0; b < m; b++) {
                const T own = outputs[targets[b] * B + b];
                bool is_right = own >= largest[b];
                // The prediction is the first of the largest, as argmax has it.
                for (int64_t c = 0; c < targets[b] && is_right; c++) is_right = outputs[c * B + b] < own;
                batch.losses[k * batch.stride + start + b] = std::log(sums[b]) + largest[b] - own;
                batch.errors[k * batch.stride + start + b] = is_right ? T(0) : T(1);
            }
        }
}

}  // namespace

extern "C" {
void class_gradients_float32(const Classes<float> *batch) { class_gradients(*batch); }
void class_gradients_float64(const Classes<double> *batch) { class_gradients(*batch); }
void class_scores_float32(const Classes<float> *batch) { class_scores(*batch); }
void class_scores_float64(const Classes<double> *batch) { class_scores(*batch); }
void layer_forward_float32(const Layer<float> *layer) { layer_forward(*layer); }
void layer_forward_float64(const Layer<double> *layer) { layer_forward(*layer); }
void layer_backward_float32(const Layer<float> *layer) { layer_backward(*layer); }
void layer_backward_float64(const Layer<double> *layer) { layer_backward(*layer); }
void update_float32(const Update<float> *update) { update_all(*update); }
void update_float64(const Update<double> *update) { update_all(*update); }
}
