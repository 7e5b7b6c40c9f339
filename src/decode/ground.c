#include "decode/ground.h"

#include "base/cleanup.h"
#include "base/cursor.h"
#include "decode/archive.h"
#include "decode/decoder.h"
#include "decode/layout.h"
#include "decode/sniff.h"
#include "decode/turn.h"

#include <stdlib.h>
#include <string.h>

void les_ground_done(struct les_ground *ground)
{
	les_archive_close(ground->archive);
	les_view_close(&ground->view);
	*ground = (struct les_ground){0};
}

enum les_kind les_ground_begin(struct les_ground *ground, const struct les_source_open *open,
			       int fd, struct les_entries *entries, struct les_error *reterr)
{
	ground->page_px_max = open->page_px_max;
	if (!open->archive)
		return LES_OK;
	enum les_kind kind = les_view_open(fd, LES_FILE_BYTES_MAX, &ground->view, reterr);
	if (kind == LES_OK)
		kind = les_archive_open(ground->view.bytes, ground->view.n, &ground->archive,
					reterr);
	if (kind == LES_OK)
		kind = les_archive_list(ground->archive, entries, reterr);
	return kind;
}

/* One entry's bytes: mapped where they are a file's, unpacked where they are a ZIP's. */
struct content {
	struct les_view view;
	uint8_t *heap;
	const uint8_t *bytes;
	size_t n;
};

static void content_done(struct content *content)
{
	les_view_close(&content->view);
	free(content->heap);
}

static enum les_kind content_open(struct les_ground *ground, uint32_t index, int fd,
				  uint64_t bytes_max, struct content *ret, struct les_error *reterr)
{
	enum les_kind kind;

	if ((fd < 0) != (ground->archive != NULL))
		return les_fail(reterr, LES_ARG, "an entry comes from the ZIP or as a file");
	if (fd >= 0) {
		kind = les_view_open(fd, bytes_max, &ret->view, reterr);
		ret->bytes = ret->view.bytes;
		ret->n = ret->view.n;
		return kind;
	}
	kind = les_archive_read(ground->archive, index, bytes_max, &ret->heap, &ret->n, reterr);
	ret->bytes = ret->heap;
	if (kind == LES_OK && ret->n == 0)
		kind = les_fail(reterr, LES_FORMAT, "the file is empty");
	return kind;
}

static enum les_kind decode(const struct les_ground *ground, const struct content *content,
			    struct les_page_info *ret, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(les_decoder_close_p) struct les_decoder *decoder = NULL;
	const struct les_open open = {.want = LES_OPEN_DOCUMENT,
				      .pages_max = LES_PAGES_MAX,
				      .page_px_max = ground->page_px_max,
				      .render_dpi = LES_RENDER_DPI_DEFAULT};
	enum les_kind kind = les_decoder_open(content->bytes, content->n, &open, &decoder, reterr);

	if (kind != LES_OK)
		return kind;
	const struct les_document document = les_decoder_document(decoder);
	if (document.kind == LES_DOCUMENT_PDF)
		return les_fail(reterr, LES_UNSUPPORTED, "a PDF is not ground truth's image");
	if (document.pages_n != 1)
		return les_fail(reterr, LES_UNSUPPORTED, "it has %u pages, not one",
				document.pages_n);
	return les_decoder_page(decoder, 1, ret, ret_fd, reterr);
}

enum les_kind les_ground_pixels(struct les_ground *ground, const struct les_entry_ask *ask, int fd,
				struct les_page_info *ret, int *ret_fd, struct les_error *reterr)
{
	LES_CLEANUP(content_done) struct content content = {0};
	enum les_kind kind =
		content_open(ground, ask->index, fd, LES_ENTRY_BYTES_MAX, &content, reterr);

	return kind == LES_OK ? decode(ground, &content, ret, ret_fd, reterr) : kind;
}

/* From the header alone where it says; a TIFF has to be decoded. */
static enum les_kind take_size(struct les_ground *ground, const struct content *content,
			       struct les_page *page, struct les_error *reterr)
{
	LES_CLEANUP(les_fd_close) int fd = -1;
	struct les_sniff sniff;
	enum les_kind kind = les_sniff(content->bytes, content->n, &sniff, reterr);

	if (kind != LES_OK)
		return kind;
	if (sniff.w_px && sniff.h_px && sniff.w_px <= LES_PAGE_SIDE_MAX &&
	    sniff.h_px <= LES_PAGE_SIDE_MAX) {
		les_turn_size(les_turn_from_orientation(sniff.orientation), sniff.w_px, sniff.h_px,
			      &page->info.w_px, &page->info.h_px);
		return LES_OK;
	}
	return decode(ground, content, &page->info, &fd, reterr);
}

/* Of the first character; 0 where there is none. */
static size_t character_bytes(const char *text, size_t n)
{
	for (size_t k = 1; k <= 4 && k <= n; k++)
		if (les_utf8_valid(text, k))
			return k;
	return 0;
}

/* A byte order mark goes, the rest must be UTF-8. */
static enum les_kind take_text(const struct content *content, struct les_page *page,
			       struct les_error *reterr)
{
	const char *text = (const char *)content->bytes;
	size_t n = content->n;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	if (!les_utf8_valid(text, n)) {
		size_t sound = 0;
		for (size_t k = 1; k; sound += k)
			k = character_bytes(text + sound, n - sound);
		return les_fail(reterr, LES_FORMAT, "it is not UTF-8 (after byte %zu)", sound);
	}
	page->lines = les_arena_alloc(&page->arena, 1, sizeof *page->lines);
	const char *copy = les_arena_strndup(&page->arena, text, n);
	if (!page->lines || !copy)
		return les_fail(reterr, LES_NOMEM, "no memory for a text");
	page->lines_n = 1;
	page->lines[0] = (struct les_line){
		.id = "", .text = copy, .language = "", .script = "", .region = -1};
	return LES_OK;
}

enum les_kind les_ground_layout(struct les_ground *ground, const struct les_entry_ask *ask, int fd,
				struct les_page *page, struct les_error *reterr)
{
	LES_CLEANUP(content_done) struct content content = {0};
	const uint64_t bytes_max = ask->want == LES_ENTRY_TEXT     ? LES_GROUND_TEXT_BYTES_MAX
				   : ask->want == LES_ENTRY_LAYOUT ? LES_XML_BYTES_MAX
								   : LES_ENTRY_BYTES_MAX;
	enum les_kind kind = content_open(ground, ask->index, fd, bytes_max, &content, reterr);

	if (kind != LES_OK)
		return kind;
	if (ask->want == LES_ENTRY_SIZE)
		return take_size(ground, &content, page, reterr);
	if (ask->want == LES_ENTRY_TEXT)
		return take_text(&content, page, reterr);
	return les_layout_parse(content.bytes, content.n, page, reterr);
}
