#include "base/version.h"
#include "export/format.h"

#include <math.h>
#include <stdlib.h>

/* docs/schemas/result.schema.json describes what is written here. */

const char *les_document_kind_name(enum les_document_kind kind)
{
	static const char *const names[LES_DOCUMENT_KIND_N] = {
		[LES_DOCUMENT_PDF] = "pdf",   [LES_DOCUMENT_TIFF] = "tiff",
		[LES_DOCUMENT_JPEG] = "jpeg", [LES_DOCUMENT_PNG] = "png",
		[LES_DOCUMENT_WEBP] = "webp", [LES_DOCUMENT_JP2] = "jp2",
		[LES_DOCUMENT_XML] = "xml",
	};

	return kind > 0 && kind < LES_DOCUMENT_KIND_N ? names[kind] : "unknown";
}

/* Appends to a buffer, for json_dump_callback(). */
static int append(const char *bytes, size_t n, void *context)
{
	les_buf_put(context, bytes, n);
	return 0;
}

void les_json_append(struct les_buf *out, json_t *value)
{
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9);

	if (!value || json_dump_callback(value, append, out, flags) != 0)
		out->failed = true;
	json_decref(value);
}

/* Probabilities to four places, positions to two: more digits would claim what nobody measured. */
static json_t *real(double v, double places)
{
	return json_real(round(v * places) / places);
}

static json_t *probability(float p)
{
	return real((double)p, 1e4);
}

static json_t *box(const struct les_box *b)
{
	return json_pack("[i,i,i,i]", b->x0_px, b->y0_px, b->x1_px, b->y1_px);
}

static json_t *points(const struct les_points *p)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < p->n; i++)
		json_array_append_new(array, json_pack("[o,o]", real((double)p->at[i].x_px, 1e2),
						       real((double)p->at[i].y_px, 1e2)));
	return array;
}

static const char *source_name(enum les_source source)
{
	switch (source) {
	case LES_SOURCE_NATIVE:
		return "native";
	case LES_SOURCE_RENDERED:
		return "rendered";
	default:
		return "image";
	}
}

json_t *les_json_page_head(const struct les_page_info *info)
{
	const struct les_affine *m = &info->to_stored;
	json_t *head =
		json_pack("{s:i, s:i, s:i, s:o, s:s, s:i, s:b, s:b, s:i}", "number",
			  (int)info->number, "width", (int)info->w_px, "height", (int)info->h_px,
			  "dpi", info->dpi > 0 ? real((double)info->dpi, 1e2) : json_null(),
			  "source", source_name(info->source), "rotation", (int)info->rotation_deg,
			  "mirrored", info->mirrored, "damaged", info->damaged, "fontsSubstituted",
			  (int)info->fonts_substituted);
	json_t *affine = json_array();
	const float values[6] = {m->a, m->b, m->c, m->d, m->e, m->f};

	for (size_t i = 0; i < 6; i++)
		json_array_append_new(affine, real((double)values[i], 1e6));
	json_object_set_new(head, "stored",
			    json_pack("{s:i, s:i, s:o}", "width", (int)info->stored_w_px, "height",
				      (int)info->stored_h_px, "transform", affine));
	if (info->source != LES_SOURCE_IMAGE) {
		json_t *pdf_box = json_array();
		for (size_t i = 0; i < 4; i++)
			json_array_append_new(pdf_box, real((double)info->box_pt[i], 1e3));
		json_object_set_new(head, "pdfBox", pdf_box);
	}
	return head;
}

json_t *les_json_regions(const struct les_page *page)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < page->regions_n; i++) {
		const struct les_region *r = &page->regions[i];
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:o, s:o}", "id", r->id, "kind",
						les_region_kind_name(r->kind), "box", box(&r->box),
						"polygon", points(&r->polygon)));
	}
	return array;
}

static json_t *alternatives(const struct les_alternative *at, uint32_t n, double places)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:o}", "text", at[i].text, "confidence",
						real((double)at[i].confidence, places)));
	return array;
}

static json_t *character(const struct les_char *c)
{
	json_t *o = json_pack("{s:s, s:o, s:o}", "text", c->text, "box", box(&c->box), "confidence",
			      probability(c->confidence));

	if (c->alternatives_n)
		json_object_set_new(o, "alternatives",
				    alternatives(c->alternatives, c->alternatives_n, 1e4));
	return o;
}

static json_t *word(const struct les_line *line, const struct les_word *w)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:b}", "text", w->text, "box", box(&w->box),
			      "confidence", probability(w->confidence), "illegible",
			      (w->flags & LES_WORD_ILLEGIBLE) != 0);

	if (w->polygon.n)
		json_object_set_new(o, "polygon", points(&w->polygon));
	if (w->chars_n) {
		json_t *chars = json_array();
		for (uint32_t i = 0; i < w->chars_n; i++)
			json_array_append_new(chars, character(&line->chars[w->chars_from + i]));
		json_object_set_new(o, "characters", chars);
	}
	return o;
}

json_t *les_json_line(const struct les_page *page, uint32_t index)
{
	static const char *const directions[] = {"ltr", "rtl", "ttb", "btt"};
	const struct les_line *line = &page->lines[index];
	json_t *words = json_array();

	for (uint32_t i = 0; i < line->words_n; i++)
		json_array_append_new(words, word(line, &line->words[i]));
	json_t *o = json_pack(
		"{s:s, s:i, s:s, s:o, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o}", "id", line->id,
		"order", (int)index + 1, "text", line->text, "confidence",
		probability(line->confidence), "direction", directions[line->direction], "language",
		line->language[0] ? line->language : NULL, "script",
		line->script[0] ? line->script : NULL, "box", box(&line->box), "baseline",
		points(&line->baseline), "polygon", points(&line->polygon), "words", words);
	json_object_set_new(o, "region",
			    line->region >= 0 ? json_string(page->regions[line->region].id)
					      : json_null());
	if (line->readings_n) /* of a whole line even the best may have one in a thousand */
		json_object_set_new(o, "readings",
				    alternatives(line->readings, line->readings_n, 1e6));
	return o;
}

json_t *les_json_models(const struct les_export_model *models, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array, json_pack("{s:s, s:s}", "name", models[i].name,
						       "sha256", models[i].sha256));
	return array;
}

json_t *les_json_error(const struct les_error *error)
{
	return json_pack("{s:s, s:s}", "kind", les_kind_info(error->kind)->name, "message",
			 error->message);
}

static enum les_kind begin(const struct les_export *export, struct les_buf *out)
{
	const struct les_export_about *about = export->about;
	json_t *head = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "schema", LES_RESULT_SCHEMA, "lesart",
		LES_VERSION, "created", about->created, "file", about->file_name, "kind",
		les_document_kind_name(about->kind), "engine", about->engine, "models",
		les_json_models(about->models, about->models_n), "precision", about->precision);

	les_json_append(out, head);
	if (out->failed || out->len == 0)
		return LES_NOMEM;
	out->len--; /* the closing brace: the pages follow inside */
	les_buf_puts(out, ",\"pages\":[");
	return LES_OK;
}

static void separate(const struct les_export *export, struct les_buf *out)
{
	les_buf_puts(out, export->pages_n ? ",\n" : "\n");
}

static enum les_kind page(const struct les_export *export, const struct les_page *p,
			  const char *image_name, struct les_buf *out)
{
	json_t *o = les_json_page_head(&p->info);
	json_t *lines = json_array();

	for (uint32_t i = 0; i < p->lines_n; i++)
		json_array_append_new(lines, les_json_line(p, i));
	json_object_set_new(o, "image", json_string(image_name));
	json_object_set_new(o, "confidence", probability(les_page_confidence(p)));
	json_object_set_new(o, "regions", les_json_regions(p));
	json_object_set_new(o, "lines", lines);
	separate(export, out);
	les_json_append(out, o);
	return LES_OK;
}

static enum les_kind page_error(const struct les_export *export, uint32_t number,
				const struct les_error *error, struct les_buf *out)
{
	separate(export, out);
	les_json_append(out, json_pack("{s:i, s:o}", "number", (int)number, "error",
				       les_json_error(error)));
	return LES_OK;
}

static enum les_kind end(const struct les_export *export, const struct les_export_totals *totals,
			 struct les_buf *out)
{
	(void)export;
	les_buf_puts(out, "\n],\"totals\":");
	les_json_append(out,
			json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "pages",
				  (int)totals->pages_n, "pagesFailed", (int)totals->pages_failed_n,
				  "lines", (int)totals->lines_n, "words", (int)totals->words_n,
				  "illegible", (int)totals->illegible_n, "confidence",
				  real(totals->confidence, 1e4), "seconds",
				  real(totals->seconds, 1e3)));
	les_buf_puts(out, "}\n");
	return LES_OK;
}

const struct les_format_ops les_format_json = {begin, page, page_error, end};
