#ifndef LES_BENCH_LIMIT_H
#define LES_BENCH_LIMIT_H

#include "nn/vgsl.h"

/* The limit: oneDNN's bare primitives for a net's shapes (convolutions with their activation,
 * pools, LSTMs, linear layers), each in its own layout and run one after the other, with nothing
 * between them. Images run one by one, as that is the best way found: a batch makes convolutions no
 * faster. LSTMs over lines one row high run over the whole batch; others 16 lines at a time. */
struct limit;

/* For n images of h × w[i], each at exactly its width, for the threads of the calling thread.
 * Aborts where it cannot be made. */
struct limit *limit_new(const struct les_graph *graph, enum les_type type, uint32_t threads_n,
			uint32_t h, const uint32_t *w, uint32_t n);
void limit_run(struct limit *limit);
void limit_free(struct limit *limit);

#endif
