#include "types/weights.h"

#include <string.h>

const struct les_tensor *les_weights_lookup(const struct les_weights *weights, const char *name)
{
	for (uint32_t i = 0; i < weights->tensors_n; i++)
		if (strcmp(weights->tensors[i].name, name) == 0)
			return &weights->tensors[i];
	return NULL;
}

size_t les_tensor_values(const struct les_tensor *tensor)
{
	size_t n = 1;

	for (uint32_t i = 0; i < tensor->rank && i < LES_TENSOR_RANK_MAX; i++)
		if (__builtin_mul_overflow(n, (size_t)tensor->dims[i], &n))
			return 0;
	return n;
}
