#ifndef LES_TESTS_GOLDEN_MODEL_H
#define LES_TESTS_GOLDEN_MODEL_H

#include "base/arena.h"
#include "types/weights.h"

/* A model file in the golden folder, read by our own parsers; fails the running test where that
 * cannot be done. Everything lies in the arena. */
void golden_model(const char *name, struct les_arena *arena, struct les_weights *ret);

#endif
