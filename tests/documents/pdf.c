#include "tests/documents/documents.h"

#include <stdio.h>
#include <string.h>

void pdf_begin(struct pdf_writer *pdf, struct les_buf *out)
{
	pdf->out = out;
	pdf->n = 0;
	les_buf_puts(out, "%PDF-1.5\n");
}

static void begin_object(struct pdf_writer *pdf)
{
	pdf->offsets[pdf->n++] = pdf->out->len;
	les_buf_printf(pdf->out, "%u 0 obj\n", pdf->n);
}

void pdf_object(struct pdf_writer *pdf, const char *format, ...)
{
	va_list args;

	begin_object(pdf);
	va_start(args, format);
	les_buf_vprintf(pdf->out, format, args);
	va_end(args);
	les_buf_puts(pdf->out, "\nendobj\n");
}

void pdf_stream(struct pdf_writer *pdf, const char *dictionary, const void *bytes, size_t n)
{
	begin_object(pdf);
	les_buf_printf(pdf->out, "<<%s/Length %zu>>\nstream\n", dictionary, n);
	les_buf_put(pdf->out, bytes, n);
	les_buf_puts(pdf->out, "\nendstream\nendobj\n");
}

void pdf_end(struct pdf_writer *pdf)
{
	const size_t table = pdf->out->len;

	les_buf_printf(pdf->out, "xref\n0 %u\n0000000000 65535 f \n", pdf->n + 1);
	for (uint32_t i = 0; i < pdf->n; i++)
		les_buf_printf(pdf->out, "%010zu 00000 n \n", pdf->offsets[i]);
	les_buf_printf(pdf->out, "trailer\n<</Size %u/Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n",
		       pdf->n + 1, table);
}

void document_pdf(struct les_buf *out, const struct pdf_page *page)
{
	static struct pdf_writer pdf;
	char image[160];

	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	pdf_object(&pdf, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<%s%s>>%s>>",
		   page->resources ? page->resources : "",
		   page->jpeg ? "/XObject<</Im0 5 0 R>>" : "", page->page);
	pdf_stream(&pdf, "", page->content, strlen(page->content));
	snprintf(image, sizeof image,
		 "/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB"
		 "/BitsPerComponent 8/Filter/DCTDecode",
		 PICTURE_W_PX, PICTURE_H_PX);
	if (page->jpeg)
		pdf_stream(&pdf, image, page->jpeg->bytes, page->jpeg->len);
	pdf_end(&pdf);
}

void document_pdf_scan(struct les_buf *out, uint32_t rotate_deg)
{
	struct les_buf jpeg = LES_BUF(DOCUMENT_BYTES_MAX);
	char entries[80];
	struct pdf_page page = {
		.page = entries, .content = "q 120 0 0 80 0 0 cm /Im0 Do Q", .jpeg = &jpeg};

	snprintf(entries, sizeof entries, "/MediaBox[0 0 120 80]/Rotate %u", rotate_deg);
	document_jpeg(&jpeg, &(struct jpeg_options){0});
	document_pdf(out, &page);
	les_buf_done(&jpeg);
}
