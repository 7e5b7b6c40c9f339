#ifndef LES_RECOGNISE_NETS_H
#define LES_RECOGNISE_NETS_H

#include "base/team.h"
#include "ipc/message.h"
#include "nn/net.h"

/* The nets that a lesart-read has been given, and the streams that run them: for each member of the
 * team one of a single thread, and one of all threads for whole pages. Streams are made when they
 * are first asked for and stay. */
struct les_loaded_net;

/* Reads canonical weights, which stay where they are: bytes must outlive the process's reading.
 * The same id again changes nothing. errors: FORMAT, UNSUPPORTED, LIMIT, NOMEM. */
enum les_kind les_nets_add(const char *id, const uint8_t *bytes, size_t n,
			   struct les_error *reterr);

/* Lends it, in that precision. errors: NOTFOUND (no such id, or a net of another kind), NOMEM;
 * UNSUPPORTED (a recogniser that gives several rows, with the layer's name). */
enum les_kind les_nets_lookup(const char *id, enum les_net_kind kind, enum les_precision precision,
			      struct les_loaded_net **ret, struct les_error *reterr);

const struct les_weights *les_loaded_weights(const struct les_loaded_net *net);
const struct les_graph *les_loaded_graph(const struct les_loaded_net *net);

/* Makes what les_loaded_member() lends: call before the team runs. errors: NOMEM. */
enum les_kind les_loaded_prepare(struct les_loaded_net *net, uint32_t members_n,
				 struct les_error *reterr);

/* The stream of one member of the team; of all threads. Lent. */
struct les_stream *les_loaded_member(struct les_loaded_net *net, uint32_t member);
enum les_kind les_loaded_whole(struct les_loaded_net *net, uint32_t threads_n,
			       struct les_stream **ret, struct les_error *reterr);

/* Before confinement: runs a small net on all threads, so that they and the generator of code are
 * there. errors: NOMEM, UNSUPPORTED. */
enum les_kind les_nets_warm_up(uint32_t threads_n, struct les_error *reterr);

#endif
