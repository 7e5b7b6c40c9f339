#ifndef LES_EXPORT_FORMAT_H
#define LES_EXPORT_FORMAT_H

#include "export/export.h"

/* What one format does at each moment; export.c holds the table. NULL: nothing. */
struct les_format_ops {
	enum les_kind (*begin)(const struct les_export *export, struct les_buf *out);
	enum les_kind (*page)(const struct les_export *export, const struct les_page *page,
			      const char *image_name, struct les_buf *out);
	enum les_kind (*page_error)(const struct les_export *export, uint32_t number,
				    const struct les_error *error, struct les_buf *out);
	enum les_kind (*end)(const struct les_export *export,
			     const struct les_export_totals *totals, struct les_buf *out);
};

extern const struct les_format_ops les_format_txt, les_format_json, les_format_page,
	les_format_alto, les_format_hocr;

#endif
