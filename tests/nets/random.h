#ifndef LES_TESTS_NETS_RANDOM_H
#define LES_TESTS_NETS_RANDOM_H

#include "base/arena.h"
#include "types/weights.h"

/* A net of that spec with random weights, named as kraken names them, the same for the same seed.
 * LSTMs, convolutions and linear layers lie within ±1/√inputs, norms near 1 and 0. Everything lies
 * in the arena; aborts where there is no memory or the spec is none. */
void random_net(const char *spec, enum les_net_kind kind, uint64_t seed, struct les_arena *arena,
		struct les_weights *ret);

/* A number in [-1, 1); advances the state (splitmix64). */
float random_value(uint64_t *state);

#endif
