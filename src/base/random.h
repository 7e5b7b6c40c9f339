#ifndef LES_BASE_RANDOM_H
#define LES_BASE_RANDOM_H

#include <stdint.h>

/* Random numbers that depend on nothing but a key and a counter: the same line of the same epoch
 * is drawn alike, whichever thread comes to it and whatever was drawn before.
 *
 *   struct les_random r = les_random(seed, epoch, line);
 *   float x = les_random_unit(&r);
 *
 * SplitMix64's finaliser over key and counter (Steele, Lea, Flood 2014). Not for secrets. */
struct les_random {
	uint64_t key, counter;
};

struct les_random les_random(uint64_t seed, uint64_t stream, uint64_t substream);
uint64_t les_random_u64(struct les_random *random);

/* Uniform in [0, 1), [low, high), and over 0 .. n - 1 (n > 0). */
float les_random_unit(struct les_random *random);
float les_random_between(struct les_random *random, float low, float high);
uint32_t les_random_below(struct les_random *random, uint32_t n);

/* Mean 0, deviation 1 (Box and Muller). */
float les_random_normal(struct les_random *random);

/* The number at a place, without a state: for masks that are needed twice. */
static inline uint64_t les_random_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

#endif
