/* Canonical files of weights, and what their specs say of a net. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "ipc/weights.h"
#include "nn/vgsl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(64 << 20);
	static struct les_graph graph;
	struct les_weights weights;
	/* as a mapping is: at a multiple of 64 */
	uint8_t *aligned = aligned_alloc(64, (n + 64) / 64 * 64);

	if (!aligned)
		return 0;
	memcpy(aligned, bytes, n);
	if (les_weights_parse(aligned, n, &arena, &weights, NULL) == LES_OK) {
		les_weights_verify(aligned, n, &weights, NULL);
		les_vgsl_parse(weights.spec, &graph, NULL);
	}
	free(aligned);
	return 0;
}
