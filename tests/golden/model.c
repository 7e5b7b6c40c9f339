#include "model.h"

#include "data.h"
#include "decode/model.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

void golden_model(const char *name, struct les_arena *arena, struct les_weights *ret)
{
	struct les_error error = {0};
	FILE *file = fopen(golden_path(name), "rbe");

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	const long n = ftell(file);
	assert_true(n > 0);
	rewind(file);
	uint8_t *bytes = malloc((size_t)n);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)n, file), (size_t)n);
	fclose(file);
	if (les_model_file_parse(bytes, (size_t)n, "", arena, ret, &error) != LES_OK)
		fail_msg("%s: %s", name, error.message);
	free(bytes);
}
