/* A recogniser that does as its page says (see decode.c): r crashes, H is silent, s takes half a
 * second, l says very much; any page gives lines of its letter. */
#include "confine/confine.h"
#include "recognise/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOW_US = 500000, LONG_LINES_N = 4000, LONG_TEXT_BYTES = 4000 };

static enum les_kind model(const struct les_model_ref *ref, const uint8_t *bytes, size_t n,
			   struct les_error *reterr)
{
	(void)ref;
	(void)bytes;
	(void)n;
	(void)reterr;
	return LES_OK;
}

static enum les_kind read_page(const struct les_read *request, const struct les_image *image,
			       struct les_page *page, struct les_read_done *done,
			       struct les_error *reterr)
{
	const char letter = (char)image->px[0];
	const uint32_t lines_n = letter == 'l' ? LONG_LINES_N : 1;
	const size_t n = letter == 'l' ? LONG_TEXT_BYTES : 1;
	char *text = les_arena_alloc(&page->arena, (uint32_t)n + 1, 1);

	(void)request;
	(void)done;
	if (letter == 'r')
		abort();
	while (letter == 'H')
		pause();
	if (letter == 's')
		usleep(SLOW_US);
	page->lines = les_arena_alloc(&page->arena, lines_n, sizeof *page->lines);
	if (!text || !page->lines)
		return les_fail(reterr, LES_NOMEM, "no memory");
	memset(text, letter, n);
	for (uint32_t i = 0; i < lines_n; i++)
		page->lines[i] = (struct les_line){.id = "",
						   .text = text,
						   .language = "",
						   .script = "",
						   .box = {0, 0, 1, 1},
						   .region = -1,
						   .confidence = 1};
	page->lines_n = lines_n;
	return LES_OK;
}

int main(void)
{
	static const struct les_engine engine = {.model = model, .read = read_page};
	struct les_session session = {LES_ROLE_TESSERACT, LES_STATE_STARTING};

	return les_recogniser_serve(&engine, &session, LES_CHANNEL_FD, 0);
}
