#ifndef LES_NN_FAST_H
#define LES_NN_FAST_H

/* How loops over values are written once for both types. Inside nn/ alone. */

#include "nn/ops.h"

#define LES_INLINE static inline __attribute__((always_inline))

LES_INLINE float les_get(enum les_type type, const void *at, size_t i)
{
	return type == LES_BF16 ? les_bf16_float(((const uint16_t *)at)[i])
				: ((const float *)at)[i];
}

LES_INLINE void les_put(enum les_type type, void *at, size_t i, float value)
{
	if (type == LES_BF16)
		((uint16_t *)at)[i] = les_bf16_of(value);
	else
		((float *)at)[i] = value;
}

/* Runs a body once for each type, as a constant, so that each becomes a loop of its own. */
#define LES_FOR_TYPE(of, body, ...)                                                                \
	do {                                                                                       \
		if ((of) == LES_BF16)                                                              \
			body(LES_BF16, __VA_ARGS__);                                               \
		else                                                                               \
			body(LES_F32, __VA_ARGS__);                                                \
	} while (0)

#endif
