#include "jobs/corpus.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/memfd.h"
#include "ipc/record.h"
#include "jobs/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

LES_DEFINE_CLEANUP(struct les_page, les_page_free)

enum { ENTRY_MS = LES_PAGE_SECONDS_DEFAULT * 1000 };

/* ---- a decoder for a source ---- */

static void worker_end(struct les_feed *feed, struct les_error *reterr)
{
	if (feed->worker)
		les_worker_end(LES_TAKE(feed->worker), reterr);
}

/* Opens the source in the feed's decoder and takes its list where one is wanted. */
static enum les_kind begin(struct les_feed *feed, const struct les_corpus_source *source,
			   struct les_entries *entries, struct les_error *reterr)
{
	const struct les_source_open open = {source->archive, LES_PAGE_PX_MAX};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	struct les_payload payload;

	les_source_open_encode(&body, &open);
	enum les_kind kind = les_worker_send(feed->worker, LES_MESSAGE_SOURCE, &body, &source->fd,
					     source->archive ? 1 : 0, reterr);
	if (kind == LES_OK)
		kind = les_worker_receive(feed->worker, les_clock_ms() + ENTRY_MS, &message,
					  reterr);
	if (kind == LES_OK)
		kind = les_payload_parse(&message, &payload, reterr);
	if (kind == LES_OK)
		kind = les_view_open_sealed(message.fds[0], payload.bytes, &view, reterr);
	if (kind == LES_OK && entries)
		kind = les_entries_parse(view.bytes, view.n, entries, reterr);
	return kind;
}

static enum les_kind worker_for(struct les_feed *feed, uint32_t source, struct les_error *reterr)
{
	if (feed->worker && feed->source == source && les_worker_usable(feed->worker))
		return LES_OK;
	worker_end(feed, NULL);
	enum les_kind kind = les_pool_take_decoder(feed->pool, les_clock_ms() + LES_WORKER_START_MS,
						   &feed->worker, reterr);
	if (kind == LES_OK)
		kind = begin(feed, &feed->corpus->sources[source], NULL, reterr);
	if (kind != LES_OK)
		worker_end(feed, kind == LES_PEER ? reterr : NULL);
	feed->source = source;
	return kind;
}

void les_feed_done(struct les_feed *feed)
{
	worker_end(feed, NULL);
}

/* ---- listing ---- */

static enum les_kind list_archive(struct les_pool *pool, struct les_corpus_source *source,
				  struct les_error *reterr)
{
	struct les_feed feed = {.pool = pool};
	enum les_kind kind = les_pool_take_decoder(pool, les_clock_ms() + LES_WORKER_START_MS,
						   &feed.worker, reterr);

	if (kind == LES_OK)
		kind = begin(&feed, source, &source->entries, reterr);
	worker_end(&feed, kind == LES_PEER ? reterr : NULL);
	return kind;
}

static enum les_kind source_open(struct les_pool *pool, const char *path,
				 struct les_corpus_source *source, struct les_error *reterr)
{
	struct stat st;
	enum les_kind kind;

	*source = (struct les_corpus_source){.path = strdup(path), .entries = LES_ENTRIES};
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (!source->path)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	if (source->fd < 0 && errno == ENOENT)
		return les_fail(reterr, LES_NOTFOUND, "there is no %.200s", path);
	if (source->fd < 0 || fstat(source->fd, &st) != 0)
		return les_fail_errno(reterr, "cannot open %.200s", path);
	if (S_ISDIR(st.st_mode)) {
		kind = les_folder_list(source->fd, &source->entries, reterr);
	} else if (S_ISREG(st.st_mode)) {
		source->archive = true;
		kind = list_archive(pool, source, reterr);
	} else {
		return les_fail(reterr, LES_ARG, "%.200s is neither a folder nor a ZIP", path);
	}
	return kind == LES_OK ? les_pairing_run(&source->entries, &source->pairing, reterr) : kind;
}

static enum les_kind collect(struct les_corpus *corpus, struct les_error *reterr)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < corpus->sources_n; i++)
		n += corpus->sources[i].pairing.n;
	if (n > LES_DOCUMENTS_MAX)
		return les_fail(reterr, LES_LIMIT, "%llu images with transcriptions, more than %u",
				(unsigned long long)n, LES_DOCUMENTS_MAX);
	corpus->documents = calloc(n + 1, sizeof *corpus->documents);
	if (!corpus->documents)
		return les_fail(reterr, LES_NOMEM, "no memory for a list of documents");
	for (uint32_t i = 0; i < corpus->sources_n; i++)
		for (uint32_t k = 0; k < corpus->sources[i].pairing.n; k++)
			corpus->documents[corpus->documents_n++] =
				(struct les_corpus_document){i, corpus->sources[i].pairing.at[k]};
	return LES_OK;
}

enum les_kind les_corpus_open(struct les_pool *pool, const char *const *paths, uint32_t paths_n,
			      struct les_corpus *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_corpus_close)
	struct les_corpus corpus = {.sources = calloc(paths_n + 1ul, sizeof *corpus.sources)};
	struct les_error error;
	enum les_kind kind = LES_OK;

	if (!corpus.sources)
		return les_fail(reterr, LES_NOMEM, "no memory for ground truth");
	for (uint32_t i = 0; i < paths_n && kind == LES_OK; i++) {
		kind = source_open(pool, paths[i], &corpus.sources[corpus.sources_n++], &error);
		if (kind != LES_OK)
			les_fail(reterr, kind, "%.*s: %.150s", 80, paths[i], error.message);
	}
	if (kind == LES_OK)
		kind = collect(&corpus, reterr);
	if (kind != LES_OK)
		return kind;
	*ret = corpus;
	corpus = (struct les_corpus){0};
	return LES_OK;
}

void les_corpus_close(struct les_corpus *corpus)
{
	for (uint32_t i = 0; i < corpus->sources_n; i++) {
		struct les_corpus_source *source = &corpus->sources[i];
		free(source->path);
		les_fd_close(&source->fd);
		les_entries_done(&source->entries);
		les_pairing_done(&source->pairing);
	}
	free(corpus->sources);
	free(corpus->documents);
	*corpus = (struct les_corpus){0};
}

/* ---- reading ---- */

/* One entry through the decoder; the answer is in *message. */
static enum les_kind exchange(struct les_feed *feed, const struct les_corpus_source *source,
			      uint32_t entry, enum les_entry_want want, struct les_message *message,
			      struct les_error *reterr)
{
	const struct les_entry_ask ask = {want, source->archive ? entry : 0};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int fd = -1;
	enum les_kind kind = LES_OK;

	if (!source->archive)
		kind = les_folder_open(source->fd, source->entries.at[entry].name, &fd, reterr);
	les_entry_ask_encode(&body, &ask);
	if (kind == LES_OK)
		kind = les_worker_send(feed->worker, LES_MESSAGE_ENTRY, &body, &fd, fd >= 0 ? 1 : 0,
				       reterr);
	if (kind == LES_OK)
		kind = les_worker_receive(feed->worker, les_clock_ms() + ENTRY_MS, message, reterr);
	return kind;
}

/* As exchange(); a decoder that died over the entry is replaced at the next one. */
static enum les_kind ask(struct les_feed *feed, uint32_t source, uint32_t entry,
			 enum les_entry_want want, struct les_message *message,
			 struct les_error *reterr)
{
	if (feed->crashes_n >= LES_SOURCE_CRASHES_MAX)
		return les_fail(reterr, LES_PEER,
				"this ground truth ended its decoder %u times; no more is read",
				feed->crashes_n);
	enum les_kind kind = worker_for(feed, source, reterr);
	if (kind != LES_OK)
		return kind;
	kind = exchange(feed, &feed->corpus->sources[source], entry, want, message, reterr);
	if (kind != LES_OK && !les_worker_usable(feed->worker)) {
		feed->crashes_n++;
		worker_end(feed, kind == LES_PEER ? reterr : NULL);
	}
	return kind;
}

static enum les_kind ask_records(struct les_feed *feed, uint32_t source, uint32_t entry,
				 enum les_entry_want want, struct les_page **ret,
				 struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	LES_CLEANUP(les_page_free_p) struct les_page *page = les_page_new();
	struct les_payload payload;

	if (!page)
		return les_fail(reterr, LES_NOMEM, "no memory for a page");
	enum les_kind kind = ask(feed, source, entry, want, &message, reterr);
	if (kind != LES_OK)
		return kind;
	kind = message.type == LES_MESSAGE_LAYOUT
		       ? les_payload_parse(&message, &payload, reterr)
		       : les_fail(reterr, LES_PEER, "the decoder answered something else");
	if (kind == LES_OK)
		kind = les_view_open_sealed(message.fds[0], payload.bytes, &view, reterr);
	if (kind == LES_OK)
		kind = les_records_parse(view.bytes, view.n, page, reterr);
	if (kind != LES_OK) {
		worker_end(feed, NULL); /* its word does not count any more */
		return kind;
	}
	*ret = LES_TAKE(page);
	return LES_OK;
}

enum les_kind les_feed_truth(struct les_feed *feed, struct les_corpus_document *document,
			     struct les_page **ret, struct les_error *reterr)
{
	const struct les_corpus_source *source = &feed->corpus->sources[document->source];
	struct les_pair *pair = &document->pair;
	LES_CLEANUP(les_page_free_p) struct les_page *page = NULL;
	enum les_kind kind =
		ask_records(feed, document->source, pair->truth,
			    pair->layout ? LES_ENTRY_LAYOUT : LES_ENTRY_TEXT, &page, reterr);

	if (kind != LES_OK)
		return kind;
	if (pair->image == LES_PAIRING_NONE) {
		const char *name = page->image_name ? page->image_name : "";
		if (les_entry_name_check(name, strlen(name), NULL) != LES_OK)
			return les_fail(reterr, LES_NOTFOUND,
					"its image is not there, and it names none");
		pair->image = les_pairing_find_named(&source->pairing, &source->entries,
						     pair->truth, name);
		if (pair->image == LES_PAIRING_NONE)
			return les_fail(reterr, LES_NOTFOUND, "its image \"%.100s\" is not there",
					name);
	}
	*ret = LES_TAKE(page);
	return LES_OK;
}

enum les_kind les_feed_size(struct les_feed *feed, const struct les_corpus_document *document,
			    uint32_t *ret_w_px, uint32_t *ret_h_px, struct les_error *reterr)
{
	LES_CLEANUP(les_page_free_p) struct les_page *page = NULL;
	enum les_kind kind = ask_records(feed, document->source, document->pair.image,
					 LES_ENTRY_SIZE, &page, reterr);

	if (kind != LES_OK)
		return kind;
	*ret_w_px = page->info.w_px;
	*ret_h_px = page->info.h_px;
	return LES_OK;
}

enum les_kind les_feed_pixels(struct les_feed *feed, const struct les_corpus_document *document,
			      struct les_page_info *ret, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	enum les_kind kind = ask(feed, document->source, document->pair.image, LES_ENTRY_PIXELS,
				 &message, reterr);

	if (kind != LES_OK)
		return kind;
	kind = message.type == LES_MESSAGE_PAGE
		       ? les_page_info_parse(&message, ret, reterr)
		       : les_fail(reterr, LES_PEER, "the decoder answered something else");
	if (kind == LES_OK)
		kind = les_memfd_check(message.fds[0], (uint64_t)ret->stride_bytes * ret->h_px,
				       reterr);
	if (kind != LES_OK) {
		worker_end(feed, NULL);
		return kind;
	}
	*ret_fd = LES_TAKE_FD(message.fds[0]);
	return LES_OK;
}

const char *les_corpus_truth_name(const struct les_corpus *corpus,
				  const struct les_corpus_document *document)
{
	return corpus->sources[document->source].entries.at[document->pair.truth].name;
}

const char *les_corpus_image_name(const struct les_corpus *corpus,
				  const struct les_corpus_document *document)
{
	return document->pair.image == LES_PAIRING_NONE
		       ? ""
		       : corpus->sources[document->source].entries.at[document->pair.image].name;
}
