#include "decode/zipdir.h"

#include "base/cleanup.h"
#include "base/cursor.h"
#include "types/limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	END_SIGNATURE = 0x06054b50,
	END_BYTES = 22,
	END64_SIGNATURE = 0x06064b50,
	LOCATOR_SIGNATURE = 0x07064b50,
	LOCATOR_BYTES = 20,
	ITEM_SIGNATURE = 0x02014b50,
	ITEM_BYTES_MIN = 46,
	LOCAL_SIGNATURE = 0x04034b50,
	LOCAL_BYTES = 30,
	EXTRA_ZIP64 = 1,
	FLAG_SIZES_FOLLOW = 8,
	COMMENT_BYTES_MAX = 0xffff,
};

static const uint32_t saturated = 0xffffffffu;

struct archive {
	const uint8_t *bytes;
	size_t n;
	uint64_t end_at; /* of the first of the records that end the file */
	uint64_t directory_at, directory_bytes, entries_n;
};

static struct les_rd at(const struct archive *a, uint64_t offset)
{
	struct les_rd r = les_rd(a->bytes, a->n);

	les_rd_take(&r, offset <= a->n ? (size_t)offset : a->n + 1);
	return r;
}

/* The end record: the last one whose comment reaches exactly to the end of the file. */
static bool find_end(struct archive *a, struct les_rd *ret)
{
	for (size_t comment = 0; comment <= COMMENT_BYTES_MAX; comment++) {
		if (a->n < END_BYTES + comment)
			return false;
		struct les_rd r = at(a, a->n - END_BYTES - comment);
		struct les_rd tail = r;
		if (les_rd_u32(&tail) != END_SIGNATURE)
			continue;
		les_rd_take(&tail, END_BYTES - 4 - 2);
		if (les_rd_u16(&tail) != comment)
			continue;
		a->end_at = a->n - END_BYTES - comment;
		*ret = r;
		return true;
	}
	return false;
}

/* ZIP64's end record, through the locator that stands before the other. */
static bool read_end64(struct archive *a)
{
	if (a->end_at < LOCATOR_BYTES)
		return false;
	struct les_rd r = at(a, a->end_at - LOCATOR_BYTES);
	bool ok = les_rd_u32(&r) == LOCATOR_SIGNATURE;
	const uint32_t part = les_rd_u32(&r);
	const uint64_t end64_at = les_rd_u64(&r);
	ok = ok && part == 0 && les_rd_u32(&r) <= 1 && end64_at < a->end_at;
	if (!ok)
		return false;
	r = at(a, end64_at);
	ok = les_rd_u32(&r) == END64_SIGNATURE;
	les_rd_take(&r, 8 + 2 + 2);
	const uint32_t this_part = les_rd_u32(&r), first_part = les_rd_u32(&r);
	const uint64_t here_n = les_rd_u64(&r);
	a->entries_n = les_rd_u64(&r);
	a->directory_bytes = les_rd_u64(&r);
	a->directory_at = les_rd_u64(&r);
	a->end_at = end64_at;
	return ok && !r.bad && this_part == 0 && first_part == 0 && here_n == a->entries_n;
}

static enum les_kind find_directory(struct archive *a, struct les_error *reterr)
{
	struct les_rd r;

	if (!find_end(a, &r))
		return les_fail(reterr, LES_FORMAT,
				"the ZIP has no directory: it is cut short, or none");
	les_rd_take(&r, 4);
	const uint16_t part = les_rd_u16(&r), first_part = les_rd_u16(&r);
	const uint16_t here_n = les_rd_u16(&r);
	a->entries_n = les_rd_u16(&r);
	a->directory_bytes = les_rd_u32(&r);
	a->directory_at = les_rd_u32(&r);
	bool ok = part == 0 && first_part == 0 && here_n == a->entries_n;
	if (a->entries_n == 0xffff || a->directory_bytes == saturated ||
	    a->directory_at == saturated)
		ok = read_end64(a);
	if (!ok || a->directory_at > a->end_at || a->directory_bytes > a->end_at - a->directory_at)
		return les_fail(reterr, LES_FORMAT,
				"the ZIP's directory does not lie where its end says");
	if (a->entries_n > LES_ENTRIES_MAX)
		return les_fail(reterr, LES_LIMIT, "the ZIP has %llu entries, more than %u",
				(unsigned long long)a->entries_n, LES_ENTRIES_MAX);
	if (a->entries_n * ITEM_BYTES_MIN > a->directory_bytes)
		return les_fail(reterr, LES_FORMAT,
				"the ZIP's directory is too small for %llu entries",
				(unsigned long long)a->entries_n);
	return LES_OK;
}

/* Takes the 64-bit values of those of the three fields that are saturated, in their order. */
static bool read_extra(struct les_rd *r, size_t extra_bytes, uint64_t *fields[3])
{
	struct les_rd extra = les_rd(les_rd_take(r, extra_bytes), extra_bytes);
	bool wanted = false;

	for (size_t i = 0; i < 3; i++)
		wanted = wanted || *fields[i] == saturated;
	if (r->bad || !wanted)
		return !r->bad;
	while (les_rd_left(&extra) >= 4) {
		const uint16_t id = les_rd_u16(&extra), n = les_rd_u16(&extra);
		struct les_rd field = les_rd(les_rd_take(&extra, n), n);
		if (extra.bad || id != EXTRA_ZIP64)
			continue;
		for (size_t i = 0; i < 3; i++)
			if (*fields[i] == saturated)
				*fields[i] = les_rd_u64(&field);
		return !field.bad;
	}
	return false;
}

static bool read_item(struct les_rd *r, struct les_zip_item *item)
{
	bool ok = les_rd_u32(r) == ITEM_SIGNATURE;

	les_rd_take(r, 2 + 2 + 2 + 2 + 2 + 2 + 4);
	item->packed_bytes = les_rd_u32(r);
	item->unpacked_bytes = les_rd_u32(r);
	item->name_bytes = les_rd_u16(r);
	const uint16_t extra_bytes = les_rd_u16(r), comment_bytes = les_rd_u16(r);
	ok = ok && les_rd_u16(r) == 0; /* the part it lies in */
	les_rd_take(r, 2 + 4);
	item->from = les_rd_u32(r);
	item->name = les_rd_take(r, item->name_bytes);
	uint64_t *fields[] = {&item->unpacked_bytes, &item->packed_bytes, &item->from};
	ok = ok && !r->bad && read_extra(r, extra_bytes, fields);
	les_rd_take(r, comment_bytes);
	return ok && !r->bad;
}

/* A size in a local header: the directory's, or left open for what follows the bytes (flag), or for
 * ZIP64's field. */
static bool is_size(uint32_t local, uint64_t directory, bool open)
{
	return local == directory || (open && local == 0) || local == saturated;
}

/* The local header: its name and sizes must be the directory's, and the packed bytes lie before
 * that. */
static bool check_local(const struct archive *a, struct les_zip_item *item)
{
	struct les_rd r = at(a, item->from);
	bool ok = les_rd_u32(&r) == LOCAL_SIGNATURE;

	les_rd_take(&r, 2);
	const bool open = les_rd_u16(&r) & FLAG_SIZES_FOLLOW;
	les_rd_take(&r, 2 + 2 + 2 + 4);
	ok = is_size(les_rd_u32(&r), item->packed_bytes, open) && ok;
	ok = is_size(les_rd_u32(&r), item->unpacked_bytes, open) && ok;
	const uint16_t name_bytes = les_rd_u16(&r), extra_bytes = les_rd_u16(&r);
	const uint8_t *name = les_rd_take(&r, name_bytes);
	const uint64_t header_bytes = (uint64_t)LOCAL_BYTES + name_bytes + extra_bytes;
	if (!ok || r.bad || name_bytes != item->name_bytes ||
	    memcmp(name, item->name, name_bytes) != 0)
		return false;
	if (item->from > a->directory_at || header_bytes > a->directory_at - item->from ||
	    item->packed_bytes > a->directory_at - item->from - header_bytes)
		return false;
	item->to = item->from + header_bytes + item->packed_bytes;
	return true;
}

static int compare_places(const void *a, const void *b)
{
	const struct les_zip_item *x = *(const struct les_zip_item *const *)a;
	const struct les_zip_item *y = *(const struct les_zip_item *const *)b;

	return (x->from > y->from) - (x->from < y->from);
}

/* How much of a name an error quotes. */
static int shown_bytes(const struct les_zip_item *item)
{
	return item->name_bytes < 80 ? item->name_bytes : 80;
}

static enum les_kind check_overlaps(const struct les_zip_item *items, uint32_t n,
				    struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) const struct les_zip_item **sorted = calloc(n + 1, sizeof *sorted);

	if (!sorted)
		return les_fail(reterr, LES_NOMEM, "no memory for a ZIP's directory");
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &items[i];
	qsort(sorted, n, sizeof *sorted, compare_places);
	for (uint32_t i = 1; i < n; i++)
		if (sorted[i]->from < sorted[i - 1]->to)
			return les_fail(reterr, LES_FORMAT,
					"the ZIP's entries %.*s and %.*s share bytes",
					shown_bytes(sorted[i - 1]), sorted[i - 1]->name,
					shown_bytes(sorted[i]), sorted[i]->name);
	return LES_OK;
}

enum les_kind les_zip_directory(const uint8_t *bytes, size_t n, struct les_zip_item **ret,
				uint32_t *ret_n, struct les_error *reterr)
{
	struct archive a = {.bytes = bytes, .n = n};
	enum les_kind kind = find_directory(&a, reterr);

	if (kind != LES_OK)
		return kind;
	const uint32_t entries_n = (uint32_t)a.entries_n;
	LES_CLEANUP(les_free_p)
	struct les_zip_item *items = calloc((size_t)entries_n + 1, sizeof *items);
	if (!items)
		return les_fail(reterr, LES_NOMEM, "no memory for a ZIP's directory");
	struct les_rd r = les_rd(bytes + a.directory_at, (size_t)a.directory_bytes);
	for (uint32_t i = 0; i < entries_n; i++) {
		if (!read_item(&r, &items[i]))
			return les_fail(reterr, LES_FORMAT,
					"the ZIP's directory is damaged at entry %u", i + 1);
		if (!check_local(&a, &items[i]))
			return les_fail(reterr, LES_FORMAT,
					"the ZIP's entry %u (%.*s) is not where its directory says",
					i + 1, shown_bytes(&items[i]), items[i].name);
	}
	if (!les_rd_done(&r))
		return les_fail(reterr, LES_FORMAT,
				"the ZIP's directory has more entries than "
				"its end says");
	kind = check_overlaps(items, entries_n, reterr);
	if (kind != LES_OK)
		return kind;
	*ret = LES_TAKE(items);
	*ret_n = entries_n;
	return LES_OK;
}
