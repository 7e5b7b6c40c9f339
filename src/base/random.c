#include "base/random.h"

#include <math.h>

static const uint64_t STEP = 0x9e3779b97f4a7c15u;

struct les_random les_random(uint64_t seed, uint64_t stream, uint64_t substream)
{
	uint64_t key = les_random_mix(seed + STEP);

	key = les_random_mix(key ^ (stream + 2 * STEP));
	key = les_random_mix(key ^ (substream + 3 * STEP));
	return (struct les_random){key, 0};
}

uint64_t les_random_u64(struct les_random *random)
{
	return les_random_mix(random->key + STEP * ++random->counter);
}

float les_random_unit(struct les_random *random)
{
	return (float)(les_random_u64(random) >> 40) * 0x1p-24f;
}

float les_random_between(struct les_random *random, float low, float high)
{
	return low + (high - low) * les_random_unit(random);
}

uint32_t les_random_below(struct les_random *random, uint32_t n)
{
	return (uint32_t)((les_random_u64(random) >> 32) * n >> 32);
}

float les_random_normal(struct les_random *random)
{
	const float u = 1 - les_random_unit(random), v = les_random_unit(random);

	return sqrtf(-2 * logf(u)) * cosf(6.2831853f * v);
}
