#ifndef LES_TESTS_MALFORMED_CORPUS_H
#define LES_TESTS_MALFORMED_CORPUS_H

#include "base/buf.h"
#include "base/error.h"
#include "tests/documents/documents.h"

#include <stdbool.h>

/* Broken and hostile documents, each with what must come of it. Where a damage may or may not be
 * noticed, or a library's versions differ, several kinds are right; a crash never is. */
#define K(kind) (1u << -(kind))
enum {
	IS_OK = K(LES_OK),
	IS_FORMAT = K(LES_FORMAT),
	IS_UNSUPPORTED = K(LES_UNSUPPORTED),
	IS_ENCRYPTED = K(LES_ENCRYPTED),
	IS_LIMIT = K(LES_LIMIT),
	IS_DEADLINE = K(LES_DEADLINE),
	IS_NOMEM = K(LES_NOMEM),
	IS_PEER = K(LES_PEER),
	DAMAGED = IS_OK | IS_FORMAT,
	FLIPPED = DAMAGED | IS_UNSUPPORTED | IS_ENCRYPTED | IS_LIMIT,
};

struct malformed {
	const char *name;
	void (*build)(struct les_buf *out, unsigned variant);
	unsigned variants;     /* how many documents this row makes; 0 is 1 */
	unsigned want;         /* IS_… */
	unsigned pages_failed; /* pages of a readable document that are lost */
	bool slow;             /* works until its deadline: not for the command line */
};

extern const struct malformed malformed_pdfs[], malformed_images[], malformed_tiffs[],
	malformed_others[];
extern const size_t malformed_pdfs_n, malformed_images_n, malformed_tiffs_n, malformed_others_n;

/* Calls `each` for every document of every table. */
void malformed_each(void (*each)(void *context, const struct malformed *row, unsigned variant,
				 const struct les_buf *bytes),
		    void *context);

/* Damages: cut to (variant + 1) / (variants + 1) of its length; bits flipped, seeded. */
void cut_at(struct les_buf *out, unsigned variant, unsigned variants);
void flip_bits(struct les_buf *out, unsigned seed, unsigned n);

/* Where `bytes` stands in the document; the test fails where it does not. */
uint8_t *place_of(struct les_buf *out, const void *bytes, size_t n);

enum { CUTS = 7, FLIPS = 6 };

#endif
