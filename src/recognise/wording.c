#include "recognise/wording.h"

#include "base/cleanup.h"
#include "lines/section.h"
#include "recognise/bidi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* One character as the net gave it, from left to right. */
struct glyph {
	const struct les_code *code;
	const char *text;                /* the code's, or its mirror image */
	const struct les_ctc_read *read; /* of its first label */
	uint32_t first, last;            /* steps */
	float confidence;
	uint32_t rank; /* place in reading order */
};

/* One line at work. */
struct wording {
	const struct les_speller *speller;
	const struct les_strip *strip;
	struct les_page *page;
	struct les_line *line;
	struct glyph *glyphs;
	uint32_t glyphs_n;
};

/* ---- labels to glyphs ---- */

static void decode(struct wording *w, const uint32_t *labels)
{
	const struct les_strip *strip = w->strip;

	for (uint32_t i = 0; i < strip->reads_n;) {
		const struct les_code *code =
			les_speller_lookup(w->speller, labels + i, strip->reads_n - i);
		float sum = 0;

		if (!code) { /* a label of no code says nothing */
			i++;
			continue;
		}
		for (uint32_t k = 0; k < code->labels_n; k++)
			sum += strip->reads[i + k].probability;
		w->glyphs[w->glyphs_n] =
			(struct glyph){.code = code,
				       .text = code->text,
				       .read = &strip->reads[i],
				       .first = strip->reads[i].first,
				       .last = strip->reads[i + code->labels_n - 1].last,
				       .confidence = sum / (float)code->labels_n,
				       .rank = w->glyphs_n};
		w->glyphs_n++;
		i += code->labels_n;
	}
}

static enum les_kind glyphs_new(struct wording *w, struct les_error *reterr)
{
	const uint32_t n = w->strip->reads_n;
	LES_CLEANUP(les_free_p) uint32_t *labels = malloc((n ? n : 1) * sizeof *labels);

	w->glyphs = malloc((n ? n : 1) * sizeof *w->glyphs);
	if (!labels || !w->glyphs)
		return les_fail(reterr, LES_NOMEM, "no memory for a line's characters");
	for (uint32_t i = 0; i < n; i++)
		labels[i] = w->strip->reads[i].label;
	decode(w, labels);
	return LES_OK;
}

/* ---- into reading order ---- */

static uint32_t code_points(const char *text, uint32_t *out)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	uint32_t n = 0;
	utf8proc_int32_t c;

	while (*at) {
		utf8proc_ssize_t bytes = utf8proc_iterate(at, -1, &c);
		if (bytes < 1)
			break; /* weights are checked: every code is UTF-8 */
		if (out)
			out[n] = (uint32_t)c;
		n++;
		at += bytes;
	}
	return n;
}

/* A bracket of one code point may have become its counterpart. */
static const char *mirrored(struct wording *w, const struct glyph *glyph, uint32_t c)
{
	utf8proc_uint8_t bytes[4];
	uint32_t before;

	if (code_points(glyph->text, NULL) != 1)
		return glyph->text;
	code_points(glyph->text, &before);
	if (before == c)
		return glyph->text;
	const utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)c, bytes);
	return les_arena_strndup(&w->page->arena, (const char *)bytes, (size_t)n);
}

static int compare_ranks(const void *a, const void *b)
{
	const struct glyph *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Glyphs follow the first of their code points. */
static enum les_kind sort_glyphs(struct wording *w, const uint32_t *text, const uint32_t *owners,
				 const uint32_t *order, uint32_t n, struct les_error *reterr)
{
	for (uint32_t i = 0; i < w->glyphs_n; i++)
		w->glyphs[i].rank = UINT32_MAX;
	for (uint32_t i = 0; i < n; i++) {
		struct glyph *glyph = &w->glyphs[owners[order[i]]];
		if (glyph->rank == UINT32_MAX)
			glyph->rank = i;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct glyph *glyph = &w->glyphs[owners[i]];
		glyph->text = mirrored(w, glyph, text[i]);
		if (!glyph->text)
			return les_fail(reterr, LES_NOMEM, "no memory for a line's text");
	}
	qsort(w->glyphs, w->glyphs_n, sizeof *w->glyphs, compare_ranks);
	return LES_OK;
}

static enum les_kind to_reading_order(struct wording *w, struct les_error *reterr)
{
	uint32_t n = 0, at = 0;
	bool is_rtl;

	for (uint32_t i = 0; i < w->glyphs_n; i++)
		n += code_points(w->glyphs[i].text, NULL);
	LES_CLEANUP(les_free_p) uint32_t *memory = malloc((3 * (size_t)n + 1) * sizeof *memory);
	if (!memory)
		return les_fail(reterr, LES_NOMEM, "no memory for a line's text");
	uint32_t *text = memory, *owners = memory + n, *order = memory + 2 * (size_t)n;
	for (uint32_t i = 0; i < w->glyphs_n; i++) {
		const uint32_t count = code_points(w->glyphs[i].text, text + at);
		for (uint32_t k = 0; k < count; k++)
			owners[at++] = i;
	}
	enum les_kind kind = les_bidi_logical(text, n, order, &is_rtl, reterr);
	if (kind == LES_OK && is_rtl && w->line->direction == LES_LEFT_TO_RIGHT)
		w->line->direction = LES_RIGHT_TO_LEFT;
	return kind == LES_OK ? sort_glyphs(w, text, owners, order, n, reterr) : kind;
}

/* ---- places on the page ---- */

static double within(double v, double low, double high)
{
	return fmin(fmax(v, low), high);
}

/* Whether a section lacks height at an end: a cut missed the polygon, or met it in one point. */
static bool is_collapsed(const struct les_point c[LES_SECTION_POINTS_MAX], unsigned n)
{
	return n < LES_SECTION_POINTS_MAX || (c[0].x_px == c[1].x_px && c[0].y_px == c[1].y_px) ||
	       (c[2].x_px == c[3].x_px && c[2].y_px == c[3].y_px);
}

/* kraken's corners; but where a baseline's end lies at the polygon's edge or beyond it, its cut
 * misses, and a word would have no height. Then the cuts move inwards until they meet the polygon;
 * a character at an end moves as a whole. */
static unsigned section_of(const struct les_line *line, double length_px, double from, double to,
			   struct les_point out[LES_SECTION_POINTS_MAX])
{
	enum { INSET_PX_MAX = 16 };
	unsigned n = les_line_section(&line->baseline, &line->polygon, from, to, out);

	for (int inset = 1; inset <= INSET_PX_MAX && is_collapsed(out, n); inset *= 2) {
		struct les_point moved[LES_SECTION_POINTS_MAX];
		const double end = fmax(length_px - inset, inset);
		const unsigned moved_n =
			les_line_section(&line->baseline, &line->polygon, within(from, inset, end),
					 within(to, inset, end), moved);

		if (is_collapsed(moved, moved_n))
			continue;
		memcpy(out, moved, sizeof moved);
		n = moved_n;
	}
	return n;
}

/* The corners of what lies between two steps; returns how many. */
static unsigned corners_of(const struct wording *w, uint32_t first, uint32_t last,
			   struct les_point out[LES_SECTION_POINTS_MAX])
{
	const struct les_strip *strip = w->strip;
	const double from = les_strip_column(strip, first), to = les_strip_column(strip, last);

	if (!strip->is_box)
		return section_of(w->line, strip->line_w_px, from, to, out);
	const struct les_box *b = &strip->box;
	const float x0 = (float)b->x0_px, x1 = (float)b->x1_px;
	const float y0 = (float)b->y0_px, y1 = (float)b->y1_px;
	const float a = (float)from, z = (float)to;
	const struct les_point across[] = {{x0 + a, y0}, {x0 + a, y1}, {x0 + z, y1}, {x0 + z, y0}};
	const struct les_point down[] = {{x0, y0 + a}, {x1, y0 + a}, {x1, y0 + z}, {x0, y0 + z}};

	memcpy(out, strip->is_vertical ? down : across, sizeof across);
	return LES_COUNT(across);
}

/* Corners may lie outside the line where its polygon is strange: they are brought back. */
static unsigned place(const struct wording *w, uint32_t first, uint32_t last,
		      struct les_point out[LES_SECTION_POINTS_MAX])
{
	const unsigned n = corners_of(w, first, last, out);
	const struct les_box limit =
		w->strip->is_box ? w->strip->box : les_points_box(&w->line->polygon);

	for (unsigned i = 0; i < n; i++)
		out[i] = (struct les_point){
			(float)within((double)out[i].x_px, limit.x0_px, limit.x1_px),
			(float)within((double)out[i].y_px, limit.y0_px, limit.y1_px)};
	return n;
}

/* ---- words and characters ---- */

static bool is_space(const char *text)
{
	utf8proc_int32_t c;

	if (utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &c) < 1)
		return true;
	return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS || c == '\t';
}

static void alternatives_fill(struct wording *w, const struct glyph *glyph, struct les_char *c)
{
	const struct les_ctc_read *read = glyph->read;
	struct les_alternative *at;

	if (glyph->code->labels_n != 1 || read->others_n == 0)
		return;
	at = les_arena_alloc(&w->page->arena, read->others_n, sizeof *at);
	for (uint32_t i = 0; at && i < read->others_n; i++) {
		const struct les_code *code =
			les_speller_lookup(w->speller, &read->others[i].label, 1);
		if (code)
			at[c->alternatives_n++] =
				(struct les_alternative){code->text, read->others[i].probability};
	}
	c->alternatives = at;
}

static void char_fill(struct wording *w, const struct glyph *glyph, struct les_char *c)
{
	struct les_point corners[LES_SECTION_POINTS_MAX];
	const struct les_points points = {corners, place(w, glyph->first, glyph->last, corners)};

	*c = (struct les_char){.text = glyph->text,
			       .box = les_points_box(&points),
			       .confidence = glyph->confidence};
	alternatives_fill(w, glyph, c);
}

static enum les_kind word_place(struct wording *w, const struct glyph *glyphs, uint32_t n,
				struct les_word *word, struct les_error *reterr)
{
	struct les_point corners[LES_SECTION_POINTS_MAX];
	uint32_t first = UINT32_MAX, last = 0;

	for (uint32_t i = 0; i < n; i++) {
		first = glyphs[i].first < first ? glyphs[i].first : first;
		last = glyphs[i].last > last ? glyphs[i].last : last;
	}
	const struct les_points points = {corners, place(w, first, last, corners)};
	word->box = les_points_box(&points);
	if (points.n < 3)
		return LES_OK;
	word->polygon.at = les_arena_alloc(&w->page->arena, points.n, sizeof corners[0]);
	if (!word->polygon.at)
		return les_fail(reterr, LES_NOMEM, "no memory for a word");
	word->polygon.n = points.n;
	memcpy(word->polygon.at, corners, points.n * sizeof corners[0]);
	return LES_OK;
}

static const char *join(struct wording *w, const struct glyph *glyphs, uint32_t n)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < n; i++)
		bytes += strlen(glyphs[i].text);
	char *text = bytes <= LES_LINE_TEXT_BYTES_MAX
			     ? les_arena_alloc(&w->page->arena, bytes + 1, 1)
			     : NULL;
	char *at = text;
	for (uint32_t i = 0; text && i < n; i++)
		at = stpcpy(at, glyphs[i].text);
	return text;
}

/* One word of n glyphs, its characters after those of the words before. */
static enum les_kind word_add(struct wording *w, const struct glyph *glyphs, uint32_t n,
			      struct les_error *reterr)
{
	struct les_line *line = w->line;
	struct les_word *word = &line->words[line->words_n];
	double sum = 0;

	*word = (struct les_word){
		.text = join(w, glyphs, n), .chars_from = line->chars_n, .chars_n = n};
	if (!word->text)
		return les_fail(reterr, LES_LIMIT, "a word has more text than fits");
	for (uint32_t i = 0; i < n; i++) {
		char_fill(w, &glyphs[i], &line->chars[line->chars_n++]);
		sum += (double)glyphs[i].confidence;
	}
	word->confidence = (float)(sum / n);
	line->words_n++;
	return word_place(w, glyphs, n, word, reterr);
}

static enum les_kind words_fill(struct wording *w, struct les_error *reterr)
{
	struct les_line *line = w->line;
	enum les_kind kind = LES_OK;

	line->words = les_arena_alloc(&w->page->arena, w->glyphs_n, sizeof *line->words);
	line->chars = les_arena_alloc(&w->page->arena, w->glyphs_n, sizeof *line->chars);
	line->text = join(w, w->glyphs, w->glyphs_n);
	if (!line->words || !line->chars || !line->text || w->glyphs_n > LES_LINE_CHARS_MAX)
		return les_fail(reterr, LES_LIMIT, "a line has more text than fits");
	for (uint32_t i = 0, k; i < w->glyphs_n && kind == LES_OK; i = k) {
		k = i + 1;
		if (is_space(w->glyphs[i].text))
			continue;
		while (k < w->glyphs_n && !is_space(w->glyphs[k].text))
			k++;
		if (line->words_n == LES_LINE_WORDS_MAX)
			return les_fail(reterr, LES_LIMIT, "a line has more words than fit");
		kind = word_add(w, &w->glyphs[i], k - i, reterr);
	}
	return kind;
}

/* ---- readings of the whole line ---- */

/* The text of a run of labels, in reading order; NULL where there is no memory. */
static const char *spell(struct wording *w, const uint32_t *labels, uint32_t n)
{
	w->glyphs = malloc((n ? n : 1) * sizeof *w->glyphs);
	w->glyphs_n = 0;
	if (!w->glyphs)
		return NULL;
	for (uint32_t i = 0; i < n;) {
		const struct les_code *code = les_speller_lookup(w->speller, labels + i, n - i);

		if (code) {
			w->glyphs[w->glyphs_n] = (struct glyph){
				.code = code, .text = code->text, .rank = w->glyphs_n};
			w->glyphs_n++;
		}
		i += code ? code->labels_n : 1;
	}
	return to_reading_order(w, NULL) == LES_OK ? join(w, w->glyphs, w->glyphs_n) : NULL;
}

/* Labels that say nothing can make two readings of one text: their probabilities add up. */
static void add_reading(struct les_line *line, const char *text, float probability)
{
	uint32_t at = 0;

	while (at < line->readings_n && strcmp(line->readings[at].text, text) != 0)
		at++;
	if (at == line->readings_n)
		line->readings[line->readings_n++] = (struct les_alternative){text, 0};
	line->readings[at].confidence = fminf(line->readings[at].confidence + probability, 1);
	for (; at && line->readings[at].confidence > line->readings[at - 1].confidence; at--) {
		const struct les_alternative up = line->readings[at];
		line->readings[at] = line->readings[at - 1];
		line->readings[at - 1] = up;
	}
}

static enum les_kind readings_fill(const struct wording *of, struct les_error *reterr)
{
	const struct les_strip *strip = of->strip;
	struct les_line *line = of->line;
	const enum les_direction direction = line->direction; /* the line's own text decides it */

	line->readings_n = 0;
	line->readings =
		les_arena_alloc(&of->page->arena, strip->readings_n, sizeof *line->readings);
	for (uint32_t i = 0; line->readings && i < strip->readings_n; i++) {
		const struct les_ctc_reading *reading = &strip->readings[i];
		struct wording w = {
			.speller = of->speller, .strip = strip, .page = of->page, .line = line};
		const char *text = spell(&w, reading->labels, reading->labels_n);

		free(w.glyphs);
		if (!text)
			return les_fail(reterr, LES_LIMIT, "no room for a line's readings");
		add_reading(line, text, expf(reading->log_probability));
	}
	line->direction = direction;
	return line->readings ? LES_OK
			      : les_fail(reterr, LES_LIMIT, "no room for a line's readings");
}

enum les_kind les_wording_fill(const struct les_speller *speller, const struct les_strip *strip,
			       struct les_page *page, struct les_line *line,
			       struct les_error *reterr)
{
	struct wording w = {.speller = speller, .strip = strip, .page = page, .line = line};
	double sum = 0;

	line->text = "";
	line->words_n = line->chars_n = 0;
	line->confidence = 0;
	enum les_kind kind = glyphs_new(&w, reterr);
	if (kind == LES_OK)
		kind = to_reading_order(&w, reterr);
	if (kind == LES_OK)
		kind = words_fill(&w, reterr);
	if (kind == LES_OK && strip->readings_n)
		kind = readings_fill(&w, reterr);
	for (uint32_t i = 0; i < line->chars_n; i++)
		sum += (double)line->chars[i].confidence;
	if (kind == LES_OK && line->chars_n)
		line->confidence = (float)(sum / line->chars_n);
	free(w.glyphs);
	return kind;
}
