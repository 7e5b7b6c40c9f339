#include "export/format.h"

/* A line a line, a blank line between regions, a form feed between pages. Words that are flagged
 * illegible are replaced by the mark, since plain text has no other place to say so. */

static void put_word(const struct les_export *export, const struct les_word *word, bool first,
		     struct les_buf *out)
{
	const char *mark = export->about->illegible_text;
	bool replaced = word->flags & LES_WORD_ILLEGIBLE && mark && mark[0];

	if (!first)
		les_buf_puts(out, " ");
	les_buf_puts(out, replaced ? mark : word->text);
}

static bool has_illegible(const struct les_line *line)
{
	for (uint32_t i = 0; i < line->words_n; i++)
		if (line->words[i].flags & LES_WORD_ILLEGIBLE)
			return true;
	return false;
}

static void put_line(const struct les_export *export, const struct les_line *line,
		     struct les_buf *out)
{
	if (!has_illegible(line)) {
		les_buf_puts(out, line->text);
	} else {
		for (uint32_t i = 0; i < line->words_n; i++)
			put_word(export, &line->words[i], i == 0, out);
	}
	les_buf_puts(out, "\n");
}

static enum les_kind page_error(const struct les_export *export, uint32_t number,
				const struct les_error *error, struct les_buf *out)
{
	(void)number;
	(void)error;
	if (export->pages_n)
		les_buf_puts(out, "\f");
	return LES_OK;
}

static enum les_kind page(const struct les_export *export, const struct les_page *p,
			  const char *image_name, struct les_buf *out)
{
	(void)image_name;
	if (export->pages_n)
		les_buf_puts(out, "\f");
	for (uint32_t i = 0; i < p->lines_n; i++) {
		if (i && p->lines[i].region != p->lines[i - 1].region)
			les_buf_puts(out, "\n");
		put_line(export, &p->lines[i], out);
	}
	return LES_OK;
}

const struct les_format_ops les_format_txt = {.page = page, .page_error = page_error};
