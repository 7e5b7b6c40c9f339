#ifndef LES_RECOGNISE_ENGINE_H
#define LES_RECOGNISE_ENGINE_H

#include "base/error.h"
#include "ipc/message.h"
#include "types/image.h"
#include "types/page.h"

/* What a recogniser's process asks of its engine. Two kinds of engine fit it: one that finds lines
 * itself, and one that is given lines; which modes an engine has it says by its errors. One worker
 * binary holds one engine. */
struct les_engine {
	/* A model as mapped bytes, which stay for the life of the process. errors: LIMIT, FORMAT,
	 * UNSUPPORTED (a use this engine has none for).
	 */
	enum les_kind (*model)(const struct les_model_ref *model, const uint8_t *bytes, size_t n,
			       struct les_error *reterr);

	/* Reads one page. image: the page's pixels, borrowed. page->info is filled; for
	 * LES_READ_LINES page->lines holds the given lines (ids, baselines, polygons, boxes), to be
	 * filled with text in their order. Else regions and lines are the engine's to make, in
	 * reading order, in page->arena, in pixels of the page. *done takes the times. errors:
	 * NOTFOUND (a language without a model), UNSUPPORTED (the mode), NOMEM, LIMIT. */
	enum les_kind (*read)(const struct les_read *request, const struct les_image *image,
			      struct les_page *page, struct les_read_done *done,
			      struct les_error *reterr);
};

/* The life of a recogniser: says READY, then takes models and pages until the channel closes.
 * Called confined. Returns the process's exit code. */
int les_recogniser_serve(const struct les_engine *engine, struct les_session *session, int channel,
			 uint32_t landlock_abi);

extern const struct les_engine les_engine_tesseract;

#endif
