/* ZIPs byte by byte: libzip would not write most of these. */
#include "tests/documents/documents.h"

#include <string.h>
#include <zlib.h>

enum { MAX_ITEMS = 1 << 18 };

static size_t name_bytes(const struct zip_item *item)
{
	return item->name_n ? item->name_n : strlen(item->name);
}

/* Raw deflate. */
static void pack(struct les_buf *out, const void *bytes, size_t n)
{
	uint8_t packed[1 << 16];
	z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n};

	deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
	do {
		z.next_out = packed;
		z.avail_out = sizeof packed;
		deflate(&z, Z_FINISH);
		les_buf_put(out, packed, sizeof packed - z.avail_out);
	} while (z.avail_out == 0);
	deflateEnd(&z);
}

struct written {
	uint32_t at, packed;
};

/* What both headers have in common, from the version needed to the lengths. */
static void put_common(struct les_buf *out, const struct zip_item *item, uint32_t packed,
		       size_t name_n, size_t extra_n)
{
	const uint32_t crc = (uint32_t)crc32(0, item->bytes, (uInt)item->n);

	les_buf_u16(out, 20);
	les_buf_u16(out, item->flags);
	les_buf_u16(out, item->method ? item->method : item->deflated ? 8 : 0);
	les_buf_u32(out, 0x58210000); /* some day */
	les_buf_u32(out, item->bad_crc ? ~crc : crc);
	les_buf_u32(out, item->says_packed ? item->says_packed : packed);
	les_buf_u32(out, item->says_unpacked ? item->says_unpacked : (uint32_t)item->n);
	les_buf_u16(out, (uint16_t)name_n);
	les_buf_u16(out, (uint16_t)extra_n);
}

static struct written put_local(struct les_buf *out, const struct zip_item *item)
{
	struct les_buf packed = LES_BUF(DOCUMENT_BYTES_MAX);
	struct written w = {.at = (uint32_t)out->len};

	if (item->deflated)
		pack(&packed, item->bytes, item->n);
	else
		les_buf_put(&packed, item->bytes, item->n);
	w.packed = (uint32_t)packed.len;
	les_buf_u32(out, 0x04034b50);
	put_common(out, item, w.packed, name_bytes(item), 0);
	les_buf_put(out, item->name, name_bytes(item));
	if (item->local_name_differs)
		out->bytes[out->len - 1] ^= 1;
	les_buf_put(out, packed.bytes, packed.len);
	les_buf_done(&packed);
	return w;
}

static void put_central(struct les_buf *out, const struct zip_item *item, const struct written *w)
{
	struct zip_item shown = *item;

	if (item->zip64_lie)
		shown.says_packed = shown.says_unpacked = 0xffffffff;
	les_buf_u32(out, 0x02014b50);
	les_buf_u16(out, 3 << 8 | 20);
	put_common(out, &shown, w->packed, name_bytes(item), item->zip64_lie ? 20 : 0);
	les_buf_u16(out, 0);
	les_buf_u16(out, 0);
	les_buf_u16(out, 0);
	les_buf_u32(out, item->unix_mode << 16);
	les_buf_u32(out, w->at);
	les_buf_put(out, item->name, name_bytes(item));
	if (item->zip64_lie) {
		les_buf_u16(out, 1);
		les_buf_u16(out, 16);
		les_buf_u64(out, 1ull << 62);
		les_buf_u64(out, 1ull << 62);
	}
}

void document_zip(struct les_buf *out, const struct zip_item *items, size_t n,
		  const struct zip_end *end)
{
	static struct written written[MAX_ITEMS];

	les_buf_puts(out, end && end->before ? end->before : "");
	for (size_t i = 0; i < n; i++)
		written[i] = items[i].shares_with ? written[items[i].shares_with - 1]
						  : put_local(out, &items[i]);
	const uint32_t directory = (uint32_t)out->len;
	for (size_t i = 0; i < n; i++)
		put_central(out, &items[i], &written[i]);
	const uint32_t directory_bytes = (uint32_t)out->len - directory;
	const uint32_t says_n = (uint32_t)n + (end ? end->more_entries : 0);
	const bool big = says_n >= 0xffff;
	if (big) {
		const uint64_t at = out->len;
		les_buf_u32(out, 0x06064b50);
		les_buf_u64(out, 44);
		les_buf_u16(out, 45);
		les_buf_u16(out, 45);
		les_buf_u32(out, 0);
		les_buf_u32(out, 0);
		les_buf_u64(out, says_n);
		les_buf_u64(out, says_n);
		les_buf_u64(out, directory_bytes);
		les_buf_u64(out, directory);
		les_buf_u32(out, 0x07064b50);
		les_buf_u32(out, 0);
		les_buf_u64(out, at);
		les_buf_u32(out, 1);
	}
	les_buf_u32(out, 0x06054b50);
	les_buf_u16(out, 0);
	les_buf_u16(out, 0);
	les_buf_u16(out, big ? 0xffff : (uint16_t)says_n);
	les_buf_u16(out, big ? 0xffff : (uint16_t)says_n);
	les_buf_u32(out, directory_bytes);
	les_buf_u32(out, directory + (end ? end->directory_shift : 0));
	les_buf_u16(out, 0);
}
