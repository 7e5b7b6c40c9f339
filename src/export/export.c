#include "export/export.h"

#include "export/format.h"
#include "export/xml.h"

#include <string.h>

static const struct les_export_format_info infos[LES_EXPORT_N] = {
	[LES_EXPORT_TXT] = {"txt", "txt", "text/plain; charset=utf-8", false, false},
	[LES_EXPORT_JSON] = {"json", "json", "application/json", false, false},
	[LES_EXPORT_PAGE] = {"page", "xml", "application/xml", true, true},
	[LES_EXPORT_ALTO] = {"alto", "xml", "application/xml", true, false},
	[LES_EXPORT_HOCR] = {"hocr", "hocr", "text/html; charset=utf-8", true, false},
};

static const struct les_format_ops *const formats[LES_EXPORT_N] = {
	[LES_EXPORT_TXT] = &les_format_txt,   [LES_EXPORT_JSON] = &les_format_json,
	[LES_EXPORT_PAGE] = &les_format_page, [LES_EXPORT_ALTO] = &les_format_alto,
	[LES_EXPORT_HOCR] = &les_format_hocr,
};

const struct les_export_format_info *les_export_info(enum les_export_format format)
{
	return &infos[format];
}

bool les_export_from_name(const char *name, enum les_export_format *ret)
{
	for (int i = 0; i < LES_EXPORT_N; i++) {
		if (strcmp(infos[i].name, name) != 0)
			continue;
		*ret = (enum les_export_format)i;
		return true;
	}
	return false;
}

static enum les_kind finish(enum les_kind kind, const struct les_buf *out, struct les_error *reterr)
{
	if (kind == LES_OK && !out->failed)
		return LES_OK;
	return les_fail(reterr, LES_NOMEM, "no memory for the result, or it is too large");
}

enum les_kind les_export_begin(struct les_export *export, enum les_export_format format,
			       const struct les_export_about *about, struct les_buf *out,
			       struct les_error *reterr)
{
	*export = (struct les_export){.format = format, .about = about};
	if (infos[format].one_page_only && about->pages_n > 1)
		return les_fail(
			reterr, LES_ARG,
			"a PAGE file holds one page, and the document gives %u: choose one page, "
			"or another format",
			about->pages_n);
	if (format >= LES_EXPORT_PAGE && !(export->xml = les_xml_new()))
		return les_fail(reterr, LES_NOMEM, "no memory for the result");
	if (!formats[format]->begin)
		return LES_OK;
	return finish(formats[format]->begin(export, out), out, reterr);
}

enum les_kind les_export_page(struct les_export *export, const struct les_page *page,
			      const char *image_name, struct les_buf *out, struct les_error *reterr)
{
	const char *name = image_name ? image_name : export->about->file_name;
	enum les_kind kind = formats[export->format]->page(export, page, name, out);

	export->pages_n++;
	return finish(kind, out, reterr);
}

enum les_kind les_export_page_error(struct les_export *export, uint32_t number,
				    const struct les_error *error, struct les_buf *out,
				    struct les_error *reterr)
{
	const struct les_format_ops *ops = formats[export->format];
	enum les_kind kind = ops->page_error ? ops->page_error(export, number, error, out) : LES_OK;

	export->pages_n++;
	return finish(kind, out, reterr);
}

enum les_kind les_export_end(struct les_export *export, const struct les_export_totals *totals,
			     struct les_buf *out, struct les_error *reterr)
{
	const struct les_format_ops *ops = formats[export->format];
	enum les_kind kind = ops->end ? ops->end(export, totals, out) : LES_OK;

	les_export_done(export);
	return finish(kind, out, reterr);
}

void les_export_done(struct les_export *export)
{
	les_xml_free(export->xml);
	export->xml = NULL;
}
