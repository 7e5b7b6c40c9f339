#ifndef LES_RECOGNISE_NEURAL_H
#define LES_RECOGNISE_NEURAL_H

#include "recognise/engine.h"

/* Handwriting and print by neural nets: kraken's recognition and segmentation models, as canonical
 * weights. It finds the lines itself where the request names a line finder, and is given them
 * otherwise. Pages are read as they are: what imported models expect. */
extern const struct les_engine les_engine_neural;

/* Before the system calls are denied: makes the threads, and whatever oneDNN makes at its first
 * use. errors: NOMEM, UNSUPPORTED. */
enum les_kind les_neural_warm_up(uint32_t threads_n, struct les_error *reterr);

#endif
