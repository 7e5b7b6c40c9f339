#include "tests/malformed/corpus.h"

#include "base/cleanup.h"
#include "tests/test.h"

#include <string.h>

void cut_at(struct les_buf *out, unsigned variant, unsigned variants)
{
	out->len = out->len * (variant + 1) / (variants + 1);
}

void flip_bits(struct les_buf *out, unsigned seed, unsigned n)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;

	for (unsigned i = 0; i < n; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64 */
		out->bytes[(x >> 3) % out->len] ^= (uint8_t)(1u << (x & 7));
	}
}

uint8_t *place_of(struct les_buf *out, const void *bytes, size_t n)
{
	uint8_t *at = memmem(out->bytes, out->len, bytes, n);

	assert_non_null(at);
	return at;
}

void malformed_each(void (*each)(void *context, const struct malformed *row, unsigned variant,
				 const struct les_buf *bytes),
		    void *context)
{
	const struct {
		const struct malformed *rows;
		size_t n;
	} tables[] = {
		{malformed_pdfs, malformed_pdfs_n},
		{malformed_images, malformed_images_n},
		{malformed_tiffs, malformed_tiffs_n},
		{malformed_others, malformed_others_n},
	};

	for (size_t t = 0; t < LES_COUNT(tables); t++) {
		for (size_t i = 0; i < tables[t].n; i++) {
			const struct malformed *row = &tables[t].rows[i];
			for (unsigned v = 0; v < (row->variants ? row->variants : 1); v++) {
				LES_CLEANUP(les_buf_done)
				struct les_buf bytes = LES_BUF(DOCUMENT_BYTES_MAX);
				row->build(&bytes, v);
				assert_false(bytes.failed);
				each(context, row, v, &bytes);
			}
		}
	}
}
