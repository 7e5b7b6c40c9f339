/* Foreign model files: .safetensors and .mlmodel. */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "decode/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	LES_CLEANUP(les_arena_done) struct les_arena arena = LES_ARENA(64 << 20);
	struct les_weights weights;

	les_model_file_parse(bytes, n, "", &arena, &weights, NULL);
	return 0;
}
