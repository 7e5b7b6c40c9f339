#ifndef LES_MODELS_NET_H
#define LES_MODELS_NET_H

#include "base/arena.h"
#include "base/error.h"
#include "ipc/memfd.h"
#include "types/weights.h"

/* A canonical file (ipc/weights.h), mapped read-only. */
struct les_net_file {
	struct les_view view; /* the whole file */
	struct les_arena arena;
	struct les_weights weights; /* points into view and arena */
};

/* Maps what fd holds; fd stays the caller's. verify: also the hash, and that every value is finite,
 * which reads all of it. *ret: les_net_file_done(). errors: FORMAT, UNSUPPORTED, LIMIT, IO, NOMEM.
 */
enum les_kind les_net_file_open(int fd, bool verify, struct les_net_file *ret,
				struct les_error *reterr);
void les_net_file_done(struct les_net_file *net);

/* How many values all its tensors have. */
uint64_t les_net_parameters(const struct les_weights *weights);

#endif
