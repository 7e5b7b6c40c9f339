#ifndef LES_NN_VECTOR_H
#define LES_NN_VECTOR_H

#include <stdint.h>
#include <string.h>

/* A function whose loops are compiled for the processor's widest vectors, too, and chosen when the
 * program is loaded: by what the processor can, not by its name. Not with sanitizers, whose
 * run-time is not there yet at that moment. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(LES_UNCONFINED) &&           \
	!defined(__clang__)
#define LES_VECTOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define LES_VECTOR
#endif

/* bf16: the upper half of an f32. Rounds to nearest even; NaN stays one. */
static inline float les_bf16_float(uint16_t v)
{
	const uint32_t bits = (uint32_t)v << 16;
	float f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

static inline uint16_t les_bf16_of(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof bits);
	if ((bits & 0x7fffffffu) > 0x7f800000u)
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/* e^x to 2 units in the last place for x in [-87, 88], clamped beyond; loops of it vectorise. */
static inline float les_fast_exp(float x)
{
	const float log2e = 1.44269504f, high = 0.693359375f, low = -2.12194440e-4f;
	x = x < -87 ? -87 : x > 88 ? 88 : x;
	const float shifted = x * log2e + 12582912.0f; /* 1.5 · 2^23: rounds to a whole number */
	const float n = shifted - 12582912.0f;
	const float r = x - n * high - n * low;
	float p = 1.9875691500e-4f;
	p = p * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	p = p * r * r + r + 1;
	int32_t power;
	memcpy(&power, &shifted, sizeof power);
	power = (int32_t)((uint32_t)power << 23) + 0x3f800000;
	float two;
	memcpy(&two, &power, sizeof two);
	return p * two;
}

/* ln x to 2 units in the last place for x in [2^-126, 2^127]: Cephes' logf; loops of it vectorise.
 */
static inline float les_fast_log(float x)
{
	const float high = 0.693359375f, low = -2.12194440e-4f;
	uint32_t bits;
	float rest; /* from √½ on */
	memcpy(&bits, &x, sizeof bits);
	const int32_t power = (int32_t)(bits - 0x3f3504f3) >> 23;
	bits -= (uint32_t)power << 23;
	memcpy(&rest, &bits, sizeof rest);
	const float r = rest - 1, n = (float)power;
	float p = 7.0376836292e-2f;
	p = p * r - 1.1514610310e-1f;
	p = p * r + 1.1676998740e-1f;
	p = p * r - 1.2420140846e-1f;
	p = p * r + 1.4249322787e-1f;
	p = p * r - 1.6668057665e-1f;
	p = p * r + 2.0000714765e-1f;
	p = p * r - 2.4999993993e-1f;
	p = p * r + 3.3333331174e-1f;
	p = p * r * r * r + n * low - 0.5f * r * r;
	p = p + r + n * high;
	return x == x ? p : x;
}

static inline float les_fast_sigmoid(float x)
{
	return 1 / (1 + les_fast_exp(-x));
}

static inline float les_fast_tanh(float x)
{
	const float near = x < -0.625f ? -0.625f : x > 0.625f ? 0.625f : x, s = near * near;
	float p = -5.70498872745e-3f; /* Cephes' tanhf for small x */
	p = p * s + 2.06390887954e-2f;
	p = p * s - 5.37397155531e-2f;
	p = p * s + 1.33314422036e-1f;
	p = p * s - 3.33332819422e-1f;
	p = p * s * near + near;
	return near == x ? p : 2 / (1 + les_fast_exp(-2 * x)) - 1;
}

#endif
