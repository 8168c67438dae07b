// Vector versions of exp, log, tanh, erf, cos and sin.
//
// Loops are written for the compiler's vectorizer: `omp simd` lets it use glibc's libmvec and
// reorder sums, without the rules of -ffast-math that would assume numbers to be finite.

#pragma once

#include <math.h>

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
float logf(float) noexcept;
#pragma omp declare simd notinbranch
double log(double) noexcept;
#pragma omp declare simd notinbranch
float log1pf(float) noexcept;
#pragma omp declare simd notinbranch
double log1p(double) noexcept;
#pragma omp declare simd notinbranch
float tanhf(float) noexcept;
#pragma omp declare simd notinbranch
double tanh(double) noexcept;
#pragma omp declare simd notinbranch
float cosf(float) noexcept;
#pragma omp declare simd notinbranch
double cos(double) noexcept;
#pragma omp declare simd notinbranch
float sinf(float) noexcept;
#pragma omp declare simd notinbranch
double sin(double) noexcept;
#pragma omp declare simd notinbranch
float erff(float) noexcept;
#pragma omp declare simd notinbranch
double erf(double) noexcept;
}
#endif

namespace {

constexpr double TWO_PI = 6.283185307179586;

// The C library's names: std::exp and its like are not recognized by the vectorizer.
inline float exponential(float x) { return ::expf(x); }
inline double exponential(double x) { return ::exp(x); }
inline float exponential_less_1(float x) { return ::expm1f(x); }
inline double exponential_less_1(double x) { return ::expm1(x); }
inline float logarithm(float x) { return ::logf(x); }
inline double logarithm(double x) { return ::log(x); }
inline float logarithm_of_1_more(float x) { return ::log1pf(x); }
inline double logarithm_of_1_more(double x) { return ::log1p(x); }
inline float hyperbolic_tangent(float x) { return ::tanhf(x); }
inline double hyperbolic_tangent(double x) { return ::tanh(x); }
inline float cosine(float x) { return ::cosf(x); }
inline double cosine(double x) { return ::cos(x); }
inline float sine(float x) { return ::sinf(x); }
inline double sine(double x) { return ::sin(x); }
inline float error_function(float x) { return ::erff(x); }
inline double error_function(double x) { return ::erf(x); }

}  // namespace
