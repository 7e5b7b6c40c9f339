/* Specs of nets. */
#include "fuzz/fuzz.h"

#include "nn/vgsl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct les_graph graph;
	static struct les_extent extents[LES_LAYERS_MAX];
	char *spec = strndup((const char *)bytes, n);

	if (spec && les_vgsl_parse(spec, &graph, NULL) == LES_OK) {
		FUZZ_HOLDS(graph.layers_n >= 1 && graph.layers_n <= LES_LAYERS_MAX);
		les_graph_extents(&graph, 120, 1000, extents, NULL);
	}
	free(spec);
	return 0;
}
