#ifndef LES_JOBS_CORPUS_H
#define LES_JOBS_CORPUS_H

#include "base/error.h"
#include "jobs/pairing.h"
#include "jobs/pool.h"
#include "types/page.h"

#include <stdbool.h>
#include <stdint.h>

/* Ground truth where it lies, in folders and ZIPs: what is there, paired, and a way to get at it
 * through the decoders' sandbox. Nothing is parsed here but names. */
struct les_corpus_source {
	char *path;
	int fd; /* of the folder or the ZIP */
	bool archive;
	struct les_entries entries;
	struct les_pairing pairing;
};

/* One image with its transcription. */
struct les_corpus_document {
	uint32_t source;
	struct les_pair pair;
};

struct les_corpus {
	struct les_corpus_source *sources;
	uint32_t sources_n;
	struct les_corpus_document *documents; /* by source, then name */
	uint32_t documents_n;
};

/* Opens and lists folders and ZIPs. In a folder, files up to LES_ENTRY_DEPTH_MAX folders deep;
 * links that lead out of it are refused. A ZIP's list is its decoder's. *ret: les_corpus_close().
 * errors: NOTFOUND, IO, LIMIT, NOMEM; what the decoder says of a ZIP; words name the path. */
enum les_kind les_corpus_open(struct les_pool *pool, const char *const *paths, uint32_t paths_n,
			      struct les_corpus *ret, struct les_error *reterr);
void les_corpus_close(struct les_corpus *corpus);

/* Reads documents, one at a time: holds a decoder, which serves one source. An entry that ends its
 * decoder costs that entry alone. {0} with pool and corpus set. One thread each. */
struct les_feed {
	struct les_pool *pool;
	const struct les_corpus *corpus;
	struct les_worker *worker; /* NULL between sources and after a crash */
	uint32_t source;           /* that the worker has open */
	uint32_t crashes_n;
};
void les_feed_done(struct les_feed *feed);

/* The document's transcription: a layout, or one line without geometry. Where the layout names its
 * image itself, *document learns it. *ret: les_page_free(). errors: any of the decoder's, NOTFOUND
 * (no image). */
enum les_kind les_feed_truth(struct les_feed *feed, struct les_corpus_document *document,
			     struct les_page **ret, struct les_error *reterr);

/* The image's upright size, from its header. errors: any of the decoder's. */
enum les_kind les_feed_size(struct les_feed *feed, const struct les_corpus_document *document,
			    uint32_t *ret_w_px, uint32_t *ret_h_px, struct les_error *reterr);

/* The image's pixels, sealed. *ret_fd is the caller's. errors: any of the decoder's. */
enum les_kind les_feed_pixels(struct les_feed *feed, const struct les_corpus_document *document,
			      struct les_page_info *ret, int *ret_fd, struct les_error *reterr);

/* Names to be shown; lent. */
const char *les_corpus_truth_name(const struct les_corpus *corpus,
				  const struct les_corpus_document *document);
const char *les_corpus_image_name(const struct les_corpus *corpus,
				  const struct les_corpus_document *document);

#endif
