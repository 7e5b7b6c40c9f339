#ifndef LES_NN_NET_H
#define LES_NN_NET_H

#include "base/cleanup.h"
#include "base/error.h"
#include "nn/vgsl.h"
#include "types/weights.h"

/* A net that runs.
 *
 *   les_net_new(&weights, LES_PRECISION_AUTO, &net, &error)
 *   les_stream_new(net, 1, &stream, &error)              one for each thread that reads
 *   les_stream_warm(stream, 0, 600, &error)                before READY: code, memory, pages
 *   les_stream_run(stream, images, n, maps, &error)      as often as wanted
 *
 * The net is never written to after it is made, but for weights it packs under a lock: any number
 * of streams may use it at once. A stream belongs to one thread at a time; it starts no thread
 * itself unless it was made with more than one (oneDNN's, which then are there from
 * les_stream_warm() on).
 *
 * Works after confinement: anonymous mmap, mprotect with exec (oneDNN's code), madvise HUGEPAGE,
 * no files. DNNL_JIT_PROFILE=0 must be set when the process starts, else oneDNN looks for
 * libraries.
 */

enum les_precision {
	LES_PRECISION_AUTO, /* bf16 where the processor is fast at it, else f32 */
	LES_PRECISION_F32,
	LES_PRECISION_BF16, /* where the processor has AVX512; slow where it has no more than that
			     */
};

struct les_net;
struct les_stream;

/* weights are borrowed and must outlive the net. UNSUPPORTED, FORMAT or LIMIT as les_vgsl_parse();
 * FORMAT where a tensor is missing or has other sides than the spec says, with the layer's name;
 * UNSUPPORTED for bf16 on a processor that has none. */
enum les_kind les_net_new(const struct les_weights *weights, enum les_precision precision,
			  struct les_net **ret, struct les_error *reterr);
void les_net_free(struct les_net *net);
LES_DEFINE_CLEANUP(struct les_net, les_net_free)

/* Lent. What it reads: graph->in_c channels, graph->in_h rows (0: any); what it gives: out_c. */
const struct les_graph *les_net_graph(const struct les_net *net);

/* LES_F32 or LES_BF16. */
enum les_type les_net_type(const struct les_net *net);

enum les_kind les_stream_new(struct les_net *net, uint32_t threads_n, struct les_stream **ret,
			     struct les_error *reterr);
void les_stream_free(struct les_stream *stream);
LES_DEFINE_CLEANUP(struct les_stream, les_stream_free)

/* One image, as les_line_tensor() and its like make it: f32 [C][H][W], C being the net's. */
struct les_net_image {
	const float *at;
	uint32_t h, w;
};

/* Scores before softmax or sigmoid: (channel c, row y, column x) is
 * at[y · row_stride + x · column_stride + c]. A recogniser has one row, and a column a time step.
 * w and h 0 (at NULL) where the image was too small for the net. */
struct les_net_map {
	const float *at;
	uint32_t c, h, w;
	size_t row_stride, column_stride;
};

/* Runs n images (1..LES_BATCH_MAX), each of its own width, and of its own height where the net has
 * no recurrent layer over whole batches; each result is what the image alone gives. maps[n] lend
 * the stream's memory until its next run. A recogniser's images of like width cost least. LIMIT
 * where the activations would be too large, ARG for a height other than the net's. */
enum les_kind les_stream_run(struct les_stream *stream, const struct les_net_image *images,
			     uint32_t n, struct les_net_map *maps, struct les_error *reterr);

/* Runs an empty image of that width (and the net's height, or h where the net has any). */
enum les_kind les_stream_warm(struct les_stream *stream, uint32_t h, uint32_t w,
			      struct les_error *reterr);

/* Gives the memory for activations back, and keeps the plans: between a line finder's page and the
 * lines that it found. What maps lent is gone. */
void les_stream_trim(struct les_stream *stream);

/* Bytes that a stream holds for activations: what `lesart doctor` and tests ask. */
size_t les_stream_bytes(const struct les_stream *stream);

#endif
