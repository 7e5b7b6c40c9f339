#ifndef LES_NN_WIDE_H
#define LES_NN_WIDE_H

/* Sixteen channels at a time, f32 or bf16, for loops over pixels of few channels: left to the
 * compiler, each would be prepared for as if it were long. Inside LES_VECTOR functions. */

#include "nn/fast.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LES_WIDE = 16 };
typedef float les_wide __attribute__((vector_size(4 * LES_WIDE)));
typedef uint32_t les_wide_bits __attribute__((vector_size(4 * LES_WIDE)));
typedef uint16_t les_wide_halves __attribute__((vector_size(2 * LES_WIDE)));
typedef uint8_t les_wide_bytes __attribute__((vector_size(LES_WIDE)));

/* Copies the first n of sixteen, each of some bytes, in pieces of a power of two. */
LES_INLINE void les_wide_copy(void *to, const void *from, size_t each, uint32_t n)
{
	char *out = to;
	const char *in = from;

	if (n >= LES_WIDE) {
		memcpy(out, in, LES_WIDE * each);
		return;
	}
	if (n & 8) {
		memcpy(out, in, 8 * each);
		out += 8 * each;
		in += 8 * each;
	}
	if (n & 4) {
		memcpy(out, in, 4 * each);
		out += 4 * each;
		in += 4 * each;
	}
	for (uint32_t i = 0; i < (n & 3); i++)
		memcpy(out + i * each, in + i * each, each);
}

/* The n values from place i on, zeros beyond them. */
LES_INLINE les_wide les_wide_get(enum les_type type, const void *at, size_t i, uint32_t n)
{
	les_wide_halves halves = {0};
	les_wide v = {0};

	if (type == LES_F32) {
		les_wide_copy(&v, (const float *)at + i, sizeof(float), n);
		return v;
	}
	les_wide_copy(&halves, (const uint16_t *)at + i, sizeof(uint16_t), n);
	return (les_wide)(__builtin_convertvector(halves, les_wide_bits) << 16);
}

LES_INLINE les_wide_bits les_wide_get_bytes(const uint8_t *at, uint32_t n)
{
	les_wide_bytes bytes = {0};

	les_wide_copy(&bytes, at, 1, n);
	return __builtin_convertvector(bytes, les_wide_bits);
}

LES_INLINE void les_wide_put_bytes(uint8_t *at, uint32_t n, les_wide_bits v)
{
	const les_wide_bytes bytes = __builtin_convertvector(v, les_wide_bytes);

	les_wide_copy(at, &bytes, 1, n);
}

/* a where mask is all ones, b where it is 0. */
LES_INLINE les_wide_bits les_wide_pick(les_wide_bits mask, les_wide_bits a, les_wide_bits b)
{
	return (a & mask) | (b & ~mask);
}

/* As les_bf16_of() rounds, but still as floats. */
LES_INLINE les_wide les_wide_round(enum les_type type, les_wide v)
{
	const les_wide_bits bits = (les_wide_bits)v, number = (les_wide_bits)(v == v);
	const les_wide_bits rounded = bits + 0x7fff + (bits >> 16 & 1);

	return type == LES_F32 ? v : (les_wide)les_wide_pick(number, rounded, bits | 0x400000);
}

/* Writes what les_wide_round() gave, or what was read from the same type. */
LES_INLINE void les_wide_put_rounded(enum les_type type, void *at, size_t i, uint32_t n, les_wide v)
{
	const les_wide_halves halves =
		__builtin_convertvector((les_wide_bits)v >> 16, les_wide_halves);

	if (type == LES_F32)
		les_wide_copy((float *)at + i, &v, sizeof(float), n);
	else
		les_wide_copy((uint16_t *)at + i, &halves, sizeof(uint16_t), n);
}

LES_INLINE void les_wide_put(enum les_type type, void *at, size_t i, uint32_t n, les_wide v)
{
	les_wide_put_rounded(type, at, i, n, les_wide_round(type, v));
}

#endif
