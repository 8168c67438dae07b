// The order in which a run goes through its rows in a pass: rows sorted by their hashes.
//
// The same order as randomness.shuffle, which sorts by the processor's comparisons. Here the
// hashes are dealt out by eleven of their bits at a time, lowest first: of few rows that takes
// no more than the calls of the other, of many half of its time.

#pragma once

#include <algorithm>
#include <cstdint>

#include "dropout.h"

namespace {

template <typename T>
struct Order {
    int64_t stream, counter, n_rows;  // the counter is the pass, from 1
    const int32_t *offsets;   // (n_rows), what rows add to the pass's key
    const int64_t *own_rows;  // (n_rows), where a run trains on a part of the rows; else null
    int64_t start;            // where the rows begin in the table
    uint64_t *space;          // (2, n_rows)
    int32_t *order;           // (n_rows), rows of the table
};

constexpr int DIGIT_BITS = 11, N_DIGITS = 3;

template <typename T>
void order_rows(const Order<T> &asked) {
    constexpr uint64_t N_VALUES = 1 << DIGIT_BITS;
    const int64_t n = asked.n_rows;
    const uint32_t key = key_at(asked.stream, asked.counter);
    uint64_t *from = asked.space, *to = from + n;  // hash above, row below
    uint32_t places[N_DIGITS][N_VALUES] = {};
    const auto digit = [](uint64_t held, int d) { return held >> (32 + d * DIGIT_BITS) & (N_VALUES - 1); };
#pragma omp simd
    for (int64_t i = 0; i < n; i++)  // the sign's bit turned: hashes are compared as signed numbers
        from[i] = uint64_t(uint32_t(scrambled(key + uint32_t(asked.offsets[i]))) ^ 0x80000000u) << 32 | uint64_t(i);
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < N_DIGITS; d++) places[d][digit(from[i], d)]++;
    for (int d = 0; d < N_DIGITS; d++) {
        uint32_t sum = 0;
        for (uint32_t &place : places[d]) {
            const uint32_t count = place;
            place = sum;
            sum += count;
        }
        for (int64_t i = 0; i < n; i++) to[places[d][digit(from[i], d)]++] = from[i];
        std::swap(from, to);
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = int64_t(uint32_t(from[i]));
        asked.order[i] = int32_t(asked.start + (asked.own_rows ? asked.own_rows[row] : row));
    }
}

}  // namespace
