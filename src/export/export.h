#ifndef LES_EXPORT_EXPORT_H
#define LES_EXPORT_EXPORT_H

#include "base/buf.h"
#include "base/error.h"
#include "types/page.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Pages to files: txt, JSON, PAGE XML 2019-07-15, ALTO 4.3, hOCR. An export is written in pieces,
 * one page at a time, so that a document of 850 pages needs no more memory than one of 3. */
enum les_export_format {
	LES_EXPORT_TXT,
	LES_EXPORT_JSON,
	LES_EXPORT_PAGE,
	LES_EXPORT_ALTO,
	LES_EXPORT_HOCR,
	LES_EXPORT_N,
};

struct les_export_format_info {
	const char *name;       /* "txt": what --format and ?format= take */
	const char *ending;     /* of the file, without the dot */
	const char *media_type; /* of an HTTP answer */
	bool file_per_page;     /* a document of several pages gives NAME-0001.ENDING … */
	bool one_page_only;     /* a file cannot hold several pages */
};

const struct les_export_format_info *les_export_info(enum les_export_format format);
bool les_export_from_name(const char *name, enum les_export_format *ret);

struct les_export_model {
	const char *name, *sha256;
};

/* What is known before the first page. Everything is borrowed for the whole export. */
struct les_export_about {
	const char *file_name; /* the document's, without folders; "" if it has none */
	enum les_document_kind kind;
	uint32_t pages_n; /* that will follow, failed ones included */
	const char *engine;
	const struct les_export_model *models;
	uint32_t models_n;
	const char *precision;      /* "int8" for Tesseract's integer models; "" unknown */
	const char *illegible_text; /* txt: stands for a word that is flagged */
	const char *created;        /* UTC, "2026-11-24T15:02:32Z" */
};

struct les_export_totals {
	uint32_t pages_n, pages_failed_n, lines_n, words_n, illegible_n;
	double seconds, confidence;
};

struct les_export {
	enum les_export_format format;
	const struct les_export_about *about;
	uint32_t pages_n;    /* written so far */
	struct les_xml *xml; /* the XML formats: the writer, open between pages */
};

/* Frees what an export holds, finished or not. */
void les_export_done(struct les_export *export);

/* Each appends to *out, which the caller flushes and resets between calls; out->failed tells of a
 * cap or of memory. begin: ARG where several pages are to go into a PAGE file. */
enum les_kind les_export_begin(struct les_export *export, enum les_export_format format,
			       const struct les_export_about *about, struct les_buf *out,
			       struct les_error *reterr);
/* image_name: what PAGE and ALTO call the page's image; NULL: the document's name. errors: NOMEM.
 */
enum les_kind les_export_page(struct les_export *export, const struct les_page *page,
			      const char *image_name, struct les_buf *out,
			      struct les_error *reterr);
/* A page that failed: JSON says why, txt leaves it empty, the XML formats leave it out. */
enum les_kind les_export_page_error(struct les_export *export, uint32_t number,
				    const struct les_error *error, struct les_buf *out,
				    struct les_error *reterr);
enum les_kind les_export_end(struct les_export *export, const struct les_export_totals *totals,
			     struct les_buf *out, struct les_error *reterr);

/* Brings a page as a recogniser gave it into the form that is exported: text in NFC and free of
 * control characters, ids for regions and lines that have none ("r1", "l1"; given ids stay where
 * they are valid XML names and not taken). errors: NOMEM. */
enum les_kind les_page_normalise(struct les_page *page, struct les_error *reterr);

/* The JSON of pages and lines, one source for files and for streamed events; docs/schemas/
 * describes them. New references; NULL where memory ran out. */
json_t *les_json_page_head(const struct les_page_info *info);
json_t *les_json_regions(const struct les_page *page);
json_t *les_json_line(const struct les_page *page, uint32_t index);
json_t *les_json_models(const struct les_export_model *models, uint32_t n);
json_t *les_json_error(const struct les_error *error);
const char *les_document_kind_name(enum les_document_kind kind);

/* Appends a value compactly; takes the reference. A NULL value sets out->failed. */
void les_json_append(struct les_buf *out, json_t *value);

#define LES_RESULT_SCHEMA "lesart.result/1"
#define LES_EVENT_SCHEMA "lesart.event/1"

#endif
