/* ZIP through libzip, from memory. The only file that knows libzip. */
#include "decode/archive.h"

#include "base/cursor.h"
#include "decode/zipdir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

struct les_archive {
	zip_t *zip;
	struct les_zip_item *items;
	uint32_t items_n;
	struct les_error *refusals; /* one for each item; OK where it may be read */
};

/* Both readings of the directory must be the same: where two programs see different things in one
 * archive, one of them is being deceived. */
static bool reads_alike(const struct les_archive *archive, uint32_t index)
{
	const struct les_zip_item *item = &archive->items[index];
	zip_stat_t stat;

	if (memchr(item->name, 0, item->name_bytes))
		return true; /* libzip has no word for it, and it is refused anyway */
	const char *name = zip_get_name(archive->zip, index, ZIP_FL_ENC_RAW);
	if (zip_stat_index(archive->zip, index, 0, &stat) != 0 || !name ||
	    strlen(name) != item->name_bytes || memcmp(name, item->name, item->name_bytes) != 0)
		return false;
	return stat.size == item->unpacked_bytes &&
	       /* of encrypted ones libzip leaves out the header */
	       (stat.encryption_method != ZIP_EM_NONE || stat.comp_size == item->packed_bytes);
}

static enum les_kind compare_readings(const struct les_archive *archive, struct les_error *reterr)
{
	const zip_int64_t n = zip_get_num_entries(archive->zip, 0);

	if (n != (zip_int64_t)archive->items_n)
		return les_fail(reterr, LES_FORMAT,
				"the ZIP's directory can be read in more than one way");
	for (uint32_t i = 0; i < archive->items_n; i++)
		if (!reads_alike(archive, i))
			return les_fail(reterr, LES_FORMAT,
					"the ZIP's entry %u can be read in more than one way",
					i + 1);
	return LES_OK;
}

static enum les_kind zip_open_bytes(const uint8_t *bytes, size_t n, zip_t **ret,
				    struct les_error *reterr)
{
	zip_error_t error;

	zip_error_init(&error);
	zip_source_t *source = zip_source_buffer_create(bytes, n, 0, &error);
	*ret = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
	enum les_kind kind =
		*ret ? LES_OK
		     : les_fail(reterr,
				zip_error_code_zip(&error) == ZIP_ER_MEMORY ? LES_NOMEM
									    : LES_FORMAT,
				"the ZIP cannot be read: %s", zip_error_strerror(&error));
	if (!*ret && source)
		zip_source_free(source);
	zip_error_fini(&error);
	return kind;
}

enum les_kind les_archive_open(const uint8_t *bytes, size_t n, struct les_archive **ret,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_archive_close_p) struct les_archive *archive = calloc(1, sizeof *archive);

	if (!archive)
		return les_fail(reterr, LES_NOMEM, "no memory for a ZIP");
	enum les_kind kind =
		les_zip_directory(bytes, n, &archive->items, &archive->items_n, reterr);
	if (kind == LES_OK)
		kind = zip_open_bytes(bytes, n, &archive->zip, reterr);
	if (kind == LES_OK)
		kind = compare_readings(archive, reterr);
	if (kind != LES_OK)
		return kind;
	archive->refusals = calloc((size_t)archive->items_n + 1, sizeof *archive->refusals);
	if (!archive->refusals)
		return les_fail(reterr, LES_NOMEM, "no memory for a ZIP");
	*ret = LES_TAKE(archive);
	return LES_OK;
}

void les_archive_close(struct les_archive *archive)
{
	if (!archive)
		return;
	if (archive->zip)
		zip_discard(archive->zip);
	free(archive->items);
	free(archive->refusals);
	free(archive);
}

/* ---- what may be read ---- */

static bool is_folder(const struct les_zip_item *item)
{
	return item->name_bytes && item->name[item->name_bytes - 1] == '/';
}

/* Unix modes of what is neither file nor folder; archives of other systems have none. */
static bool is_special(const struct les_archive *archive, uint32_t index)
{
	zip_uint8_t system;
	zip_uint32_t attributes;

	if (zip_file_get_external_attributes(archive->zip, index, 0, &system, &attributes) != 0 ||
	    system != ZIP_OPSYS_UNIX)
		return false;
	const mode_t type = (attributes >> 16) & S_IFMT;
	return type != 0 && type != S_IFREG && type != S_IFDIR;
}

static enum les_kind check_packing(const struct les_archive *archive, uint32_t index,
				   struct les_error *reterr)
{
	const struct les_zip_item *item = &archive->items[index];
	zip_stat_t stat;

	if (is_special(archive, index))
		return les_fail(reterr, LES_FORBIDDEN, "it is a link or a special file");
	if (zip_stat_index(archive->zip, index, 0, &stat) != 0)
		return les_fail(reterr, LES_FORMAT, "the ZIP does not describe it");
	if (stat.encryption_method != ZIP_EM_NONE)
		return les_fail(reterr, LES_ENCRYPTED, "it is encrypted");
	if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
		return les_fail(reterr, LES_UNSUPPORTED,
				"it is packed by method %u, not by deflate", stat.comp_method);
	if (item->unpacked_bytes > LES_ENTRY_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "it unpacks to %llu bytes, more than %llu",
				(unsigned long long)item->unpacked_bytes, LES_ENTRY_BYTES_MAX);
	if (item->unpacked_bytes > LES_ENTRY_RATIO_FROM_BYTES &&
	    item->unpacked_bytes / LES_ENTRY_RATIO_MAX > item->packed_bytes)
		return les_fail(reterr, LES_LIMIT,
				"it unpacks to more than %u times its size: a bomb",
				LES_ENTRY_RATIO_MAX);
	return LES_OK;
}

static enum les_kind check_item(const struct les_archive *archive, uint32_t index,
				uint64_t *unpacked_bytes, struct les_error *reterr)
{
	const struct les_zip_item *item = &archive->items[index];
	enum les_kind kind;

	if (is_folder(item))
		return les_fail(reterr, LES_UNSUPPORTED, "a folder");
	if (memchr(item->name, 0, item->name_bytes))
		return les_fail(reterr, LES_FORBIDDEN, "its name has a NUL inside");
	for (uint16_t i = 0; i < item->name_bytes; i++) /* libzip makes pictures of them */
		if (item->name[i] < 0x20 || item->name[i] == 0x7f)
			return les_fail(reterr, LES_FORBIDDEN, "its name has control characters");
	const char *name = zip_get_name(archive->zip, index, ZIP_FL_ENC_GUESS);
	if (!name)
		return les_fail(reterr, LES_FORBIDDEN, "its name cannot be read");
	kind = les_entry_name_check(name, strlen(name), reterr);
	if (kind == LES_OK)
		kind = check_packing(archive, index, reterr);
	if (kind != LES_OK)
		return kind;
	*unpacked_bytes += item->unpacked_bytes;
	if (*unpacked_bytes > LES_ARCHIVE_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "the ZIP unpacks to more than %llu bytes",
				LES_ARCHIVE_BYTES_MAX);
	return LES_OK;
}

static int compare_names(const void *a, const void *b, void *context)
{
	const struct les_entries *entries = context;
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const int order = strcmp(entries->at[x].name, entries->at[y].name);

	return order ? order : (x > y) - (x < y);
}

/* Of several entries of one name the first counts: libraries differ in which they take. */
static enum les_kind refuse_doubles(struct les_archive *archive, struct les_entries *entries,
				    struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) uint32_t *order = calloc((size_t)entries->n + 1, sizeof *order);
	uint32_t n = 0;

	if (!order)
		return les_fail(reterr, LES_NOMEM, "no memory for a list of entries");
	for (uint32_t i = 0; i < entries->n; i++)
		if (entries->at[i].refused == LES_OK)
			order[n++] = i;
	qsort_r(order, n, sizeof *order, compare_names, entries);
	for (uint32_t i = 1; i < n; i++) {
		struct les_entry *e = &entries->at[order[i]];
		if (strcmp(entries->at[order[i - 1]].name, e->name) != 0)
			continue;
		e->why = "its name stands in the ZIP more than once";
		e->refused = les_fail(&archive->refusals[order[i]], LES_FORBIDDEN, "%s", e->why);
	}
	return LES_OK;
}

enum les_kind les_archive_list(struct les_archive *archive, struct les_entries *entries,
			       struct les_error *reterr)
{
	uint64_t unpacked_bytes = 0;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < archive->items_n && kind == LES_OK; i++) {
		const struct les_zip_item *item = &archive->items[i];
		struct les_error *why = &archive->refusals[i];
		const char *name = zip_get_name(archive->zip, i, ZIP_FL_ENC_GUESS);
		const bool as_stored = !name || memchr(item->name, 0, item->name_bytes);
		why->kind = check_item(archive, i, &unpacked_bytes, why);
		kind = les_entries_add(entries, as_stored ? (const char *)item->name : name,
				       as_stored ? item->name_bytes : strlen(name),
				       item->unpacked_bytes, why->kind == LES_OK ? NULL : why,
				       reterr);
	}
	return kind == LES_OK ? refuse_doubles(archive, entries, reterr) : kind;
}

/* ---- reading ---- */

static enum les_kind unpack(zip_file_t *file, uint8_t *bytes, uint64_t n, struct les_error *reterr)
{
	uint64_t have = 0;
	uint8_t beyond;

	while (have < n) {
		const zip_int64_t got = zip_fread(file, bytes + have, n - have);
		if (got < 0)
			return les_fail(reterr, LES_FORMAT, "it is damaged: %s",
					zip_file_strerror(file));
		if (got == 0)
			return les_fail(reterr, LES_FORMAT, "it is shorter than the ZIP says");
		have += (uint64_t)got;
	}
	/* the end must follow: only there libzip compares size and CRC */
	const zip_int64_t more = zip_fread(file, &beyond, 1);
	if (more > 0)
		return les_fail(reterr, LES_FORMAT, "it is longer than the ZIP says");
	if (more < 0)
		return les_fail(reterr, LES_FORMAT, "it is damaged: %s", zip_file_strerror(file));
	return LES_OK;
}

enum les_kind les_archive_read(struct les_archive *archive, uint32_t index, uint64_t bytes_max,
			       uint8_t **ret, size_t *ret_n, struct les_error *reterr)
{
	if (index >= archive->items_n)
		return les_fail(reterr, LES_ARG, "the ZIP has no entry %u", index);
	const struct les_error *refusal = &archive->refusals[index];
	if (refusal->kind != LES_OK)
		return les_fail(reterr, refusal->kind, "%s", refusal->message);
	const uint64_t n = archive->items[index].unpacked_bytes;
	if (n > bytes_max)
		return les_fail(reterr, LES_LIMIT, "it has %llu bytes, more than %llu",
				(unsigned long long)n, (unsigned long long)bytes_max);
	LES_CLEANUP(les_free_p) uint8_t *bytes = malloc(n + 1);
	if (!bytes)
		return les_fail(reterr, LES_NOMEM, "no memory for %llu bytes",
				(unsigned long long)n);
	zip_file_t *file = zip_fopen_index(archive->zip, index, 0);
	if (!file)
		return les_fail(reterr, LES_FORMAT, "it cannot be unpacked: %s",
				zip_strerror(archive->zip));
	enum les_kind kind = unpack(file, bytes, n, reterr);
	zip_fclose(file);
	if (kind != LES_OK)
		return kind;
	*ret = LES_TAKE(bytes);
	*ret_n = (size_t)n;
	return LES_OK;
}
