// Vectors of numbers that the compiler keeps in registers, and sums over their lanes.

#pragma once

#include <cstdint>

namespace {

template <typename T, int BYTES>
struct Vector {
    typedef T type __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));
    static constexpr int64_t LANES = BYTES / sizeof(T);
};

constexpr int64_t PADDING = 8;  // widths are padded to multiples, as `padded` in stacked/blocks.py

template <typename T>
using Eight = typename Vector<T, PADDING * sizeof(T)>::type;

template <typename T>
inline Eight<T> &eight(T *numbers) {
    return *(Eight<T> *)numbers;
}
template <typename T>
inline const Eight<T> &eight(const T *numbers) {
    return *(const Eight<T> *)numbers;
}

template <typename T>
inline T sum(Eight<T> x) {
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

}  // namespace
