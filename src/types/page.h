#ifndef LES_TYPES_PAGE_H
#define LES_TYPES_PAGE_H

#include "base/arena.h"
#include "types/geometry.h"
#include "types/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* How the pixels of a page came about. The numbers travel between processes. */
enum les_source {
	LES_SOURCE_IMAGE = 1,    /* an image file */
	LES_SOURCE_NATIVE = 2,   /* a PDF page that is one scan, at the scan's own resolution */
	LES_SOURCE_RENDERED = 3, /* a PDF page drawn */
};

/* The document's kind, found from its bytes. The numbers travel between processes. */
enum les_document_kind {
	LES_DOCUMENT_PDF = 1,
	LES_DOCUMENT_TIFF,
	LES_DOCUMENT_JPEG,
	LES_DOCUMENT_PNG,
	LES_DOCUMENT_WEBP,
	LES_DOCUMENT_JP2,
	LES_DOCUMENT_XML, /* PAGE or ALTO: a layout, no pixels */
	LES_DOCUMENT_KIND_N,
};

/* What is known of a page once it is decoded. */
struct les_page_info {
	uint32_t number; /* in the document, from 1 */
	uint32_t w_px, h_px;
	uint32_t stride_bytes;
	uint32_t channels; /* 1 or 3 */
	float dpi;         /* 0 where the file does not say */
	enum les_source source;
	uint32_t rotation_deg; /* clockwise turn applied to the stored image: 0, 90, 180, 270 */
	bool mirrored;         /* the stored image was mirrored left-right before the turn (EXIF) */
	uint32_t stored_w_px, stored_h_px;
	float box_pt[4];             /* PDF: the crop box x0 y0 x1 y1 in points, else zeros */
	struct les_affine to_stored; /* page pixels → pixels of the stored image */
	uint32_t fonts_substituted;  /* PDF: fonts not embedded that were drawn with another */
	bool damaged; /* pixels are missing or doubtful; the page was read all the same */
};

/* Flags of a word. */
enum { LES_WORD_ILLEGIBLE = 1u << 0 };

enum les_direction { /* of the text in a line; the numbers travel */
		     LES_LEFT_TO_RIGHT = 0,
		     LES_RIGHT_TO_LEFT = 1,
		     LES_TOP_TO_BOTTOM = 2,
		     LES_BOTTOM_TO_TOP = 3,
};

enum les_region_kind { /* the numbers travel */
		       LES_REGION_TEXT = 0,
		       LES_REGION_IMAGE = 1,
		       LES_REGION_TABLE = 2,
		       LES_REGION_SEPARATOR = 3,
		       LES_REGION_OTHER = 4,
		       LES_REGION_KIND_N,
};

struct les_alternative {
	const char *text;
	float confidence;
};

/* One character (a grapheme as the engine gives it). */
struct les_char {
	const char *text;
	struct les_box box;
	float confidence; /* [0,1] */
	struct les_alternative *alternatives;
	uint32_t alternatives_n;
};

struct les_word {
	const char *text;
	struct les_box box;
	struct les_points polygon; /* n 0: the box is all there is */
	float confidence;          /* [0,1] */
	uint32_t flags;            /* LES_WORD_… */
	uint32_t chars_from,
		chars_n; /* into the line's chars; chars_n 0 where the engine has none */
};

/* One line. Empty text with a baseline is a line found but not read. */
struct les_line {
	const char *id; /* "" until the page is numbered, or the id of a given layout */
	struct les_points baseline;
	struct les_points polygon;
	struct les_box box;
	const char *text;
	enum les_direction direction;
	const char *language; /* "deu", "" where unknown */
	const char *script;   /* "latin", "fraktur", "kurrent", "typescript", "" */
	float confidence;     /* [0,1]: mean of its characters; 0 where nothing was read */
	int32_t region;       /* index into the page's regions, -1 for none */
	struct les_word *words;
	uint32_t words_n;
	struct les_char *chars;
	uint32_t chars_n;
	/* where they were asked for: the whole line, most probable first; text and its probability
	 */
	struct les_alternative *readings;
	uint32_t readings_n;
};

struct les_region {
	const char *id;
	enum les_region_kind kind;
	struct les_box box;
	struct les_points polygon;
};

/* A page's layout and text. Lines stand in reading order. All memory is the arena's.
 * Lives on the heap: les_page_new(), les_page_free(). */
struct les_page {
	struct les_arena arena;
	struct les_page_info info;
	struct les_region *regions;
	uint32_t regions_n;
	struct les_line *lines;
	uint32_t lines_n;
	const char *image_name; /* a given layout: the image it names, else NULL */
};

/* NULL where memory ran out. */
struct les_page *les_page_new(void);
void les_page_free(struct les_page *page);

/* Helpers over the types; defined for every input, incl. empty ones. */
const char *les_region_kind_name(enum les_region_kind kind); /* "text", "image" … */
struct les_box les_points_box(const struct les_points *points);
bool les_box_is_empty(const struct les_box *box);
struct les_point les_affine_apply(const struct les_affine *m, struct les_point p);

/* Mean confidence of the lines weighted by their characters' bytes, 0 for a page without text. */
float les_page_confidence(const struct les_page *page);

#endif
