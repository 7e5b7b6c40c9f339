#include "jobs/pairing.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Better ones first: where an image lies there in several forms, the first counts. */
static const char *const image_endings[] = {".png", ".tif", ".tiff", ".webp",
					    ".jp2", ".jpg", ".jpeg"};
static const char *const form_endings[] = {"", ".bin", ".nrm"};
static const char *const layout_folders[] = {"page", "PAGE", "alto", "ALTO"};

enum sort { OTHER, IMAGE, TEXT, LAYOUT };

/* One entry as pairing sees it: its name without the ending is the first stem_n bytes. */
struct file {
	const char *name;
	size_t stem_n;
	uint32_t entry;
	enum sort sort;
	uint32_t rank; /* of an image's ending */
};

static bool ends_with(const char *name, size_t n, const char *ending)
{
	const size_t k = strlen(ending);

	return n > k && name[n - k - 1] != '/' && strcasecmp(name + n - k, ending) == 0;
}

/* What the systems leave lying about. */
static bool is_junk(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash ? slash + 1 : name;

	return last[0] == '.' || strncmp(name, "__MACOSX/", 9) == 0;
}

static struct file classify(const struct les_entries *entries, uint32_t entry)
{
	struct file f = {.name = entries->at[entry].name, .entry = entry, .sort = OTHER};
	const size_t n = strlen(f.name);

	if (is_junk(f.name))
		return f;
	if (ends_with(f.name, n, ".gt.txt")) {
		f.sort = TEXT;
		f.stem_n = n - 7;
	} else if (ends_with(f.name, n, ".xml")) {
		f.sort = LAYOUT;
		f.stem_n = n - 4;
	}
	for (uint32_t i = 0; i < LES_COUNT(image_endings) && f.sort == OTHER; i++) {
		if (!ends_with(f.name, n, image_endings[i]))
			continue;
		f.sort = IMAGE;
		f.rank = i;
		f.stem_n = n - strlen(image_endings[i]);
	}
	return f;
}

static int compare_bytes(const char *a, size_t a_n, const char *b, size_t b_n)
{
	const int order = memcmp(a, b, a_n < b_n ? a_n : b_n);

	return order ? order : (a_n > b_n) - (a_n < b_n);
}

/* By stem; then images by rank, truths with text first. */
static int compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	const int order = compare_bytes(x->name, x->stem_n, y->name, y->stem_n);

	if (order)
		return order;
	if (x->sort != y->sort)
		return x->sort < y->sort ? -1 : 1;
	return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1)
				  : (x->entry > y->entry) - (x->entry < y->entry);
}

struct files {
	struct file *at;
	uint32_t n;
};

/* The best image of that stem, or NULL. */
static const struct file *image_of(const struct files *files, const char *stem, size_t n)
{
	uint32_t low = 0, high = files->n;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const struct file *f = &files->at[middle];
		if (compare_bytes(f->name, f->stem_n, stem, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < files->n; low++) {
		const struct file *f = &files->at[low];
		if (compare_bytes(f->name, f->stem_n, stem, n) != 0)
			return NULL;
		if (f->sort == IMAGE)
			return f;
	}
	return NULL;
}

/* "doc/page/0001" → "doc/0001", where the folder is one that only holds layouts. */
static bool beside_folder(const struct file *f, char out[LES_ENTRY_NAME_BYTES_MAX + 1],
			  size_t *ret_n)
{
	const char *base = memrchr(f->name, '/', f->stem_n);
	const char *folder = base ? memrchr(f->name, '/', (size_t)(base - f->name)) : NULL;

	if (!base || f->stem_n > LES_ENTRY_NAME_BYTES_MAX)
		return false;
	folder = folder ? folder + 1 : f->name;
	const size_t folder_n = (size_t)(base - folder), above_n = (size_t)(folder - f->name);
	const size_t base_n = f->stem_n - (size_t)(base + 1 - f->name);
	for (size_t i = 0; i < LES_COUNT(layout_folders); i++) {
		if (strlen(layout_folders[i]) != folder_n ||
		    memcmp(layout_folders[i], folder, folder_n) != 0)
			continue;
		memcpy(out, f->name, above_n);
		memcpy(out + above_n, base + 1, base_n);
		*ret_n = above_n + base_n;
		return true;
	}
	return false;
}

static const struct file *image_for(const struct files *files, const struct file *truth)
{
	char stem[LES_ENTRY_NAME_BYTES_MAX + 8];
	const struct file *found = NULL;
	size_t n;

	if (truth->stem_n > LES_ENTRY_NAME_BYTES_MAX)
		return NULL;
	memcpy(stem, truth->name, truth->stem_n);
	for (size_t i = 0; i < LES_COUNT(form_endings) && !found; i++) {
		const size_t k = strlen(form_endings[i]);
		memcpy(stem + truth->stem_n, form_endings[i], k);
		found = image_of(files, stem, truth->stem_n + k);
	}
	if (!found && truth->sort == LAYOUT && beside_folder(truth, stem, &n))
		found = image_of(files, stem, n);
	return found;
}

static void pair_one(const struct files *files, uint32_t i, struct les_pairing *pairing)
{
	const struct file *truth = &files->at[i];
	const struct file *image = image_for(files, truth);

	if (!image && truth->sort == TEXT) {
		pairing->paired[truth->entry] = LES_PAIRED_LONELY_TEXT;
		return;
	}
	if (image && pairing->paired[image->entry] == LES_PAIRED_USED) {
		pairing->paired[truth->entry] = LES_PAIRED_SECOND_TRUTH;
		return;
	}
	if (image)
		pairing->paired[image->entry] = LES_PAIRED_USED;
	pairing->paired[truth->entry] = LES_PAIRED_USED;
	pairing->at[pairing->n++] = (struct les_pair){
		truth->entry, image ? image->entry : LES_PAIRING_NONE, truth->sort == LAYOUT};
}

/* Of an image that has no truth: whether another form of it has. */
static enum les_paired lonely(const struct files *files, uint32_t i,
			      const struct les_pairing *pairing)
{
	const struct file *f = &files->at[i], *best = image_of(files, f->name, f->stem_n);

	return best && best != f && pairing->paired[best->entry] == LES_PAIRED_USED
		       ? LES_PAIRED_SECOND_IMAGE
		       : LES_PAIRED_LONELY_IMAGE;
}

static int compare_names(const void *a, const void *b, void *context)
{
	const struct les_entries *entries = context;

	return strcmp(entries->at[*(const uint32_t *)a].name,
		      entries->at[*(const uint32_t *)b].name);
}

enum les_kind les_pairing_run(const struct les_entries *entries, struct les_pairing *ret,
			      struct les_error *reterr)
{
	const size_t n = entries->n;
	LES_CLEANUP(les_free_p) struct file *at = calloc(n + 1, sizeof *at);
	LES_CLEANUP(les_pairing_done)
	struct les_pairing pairing = {.at = calloc(n + 1, sizeof *pairing.at),
				      .paired = calloc(n + 1, 1),
				      .by_name = calloc(n + 1, sizeof *pairing.by_name)};
	struct files files = {.at = at};

	if (!at || !pairing.at || !pairing.paired || !pairing.by_name)
		return les_fail(reterr, LES_NOMEM, "no memory to pair files");
	for (uint32_t i = 0; i < entries->n; i++) {
		if (entries->at[i].refused != LES_OK)
			continue;
		at[files.n] = classify(entries, i);
		pairing.paired[i] = LES_PAIRED_OTHER;
		pairing.by_name[pairing.by_name_n++] = i;
		files.n += at[files.n].sort != OTHER;
	}
	qsort(at, files.n, sizeof *at, compare_files);
	qsort_r(pairing.by_name, pairing.by_name_n, sizeof *pairing.by_name, compare_names,
		(void *)(uintptr_t)entries);
	for (uint32_t i = 0; i < files.n; i++)
		if (at[i].sort != IMAGE)
			pair_one(&files, i, &pairing);
	for (uint32_t i = 0; i < files.n; i++)
		if (at[i].sort == IMAGE && pairing.paired[at[i].entry] == LES_PAIRED_OTHER)
			pairing.paired[at[i].entry] = (uint8_t)lonely(&files, i, &pairing);
	*ret = pairing;
	pairing = (struct les_pairing){0};
	return LES_OK;
}

void les_pairing_done(struct les_pairing *pairing)
{
	free(pairing->at);
	free(pairing->paired);
	free(pairing->by_name);
	*pairing = (struct les_pairing){0};
}

/* The entry of exactly that name, given in two parts. */
static uint32_t entry_named(const struct les_pairing *pairing, const struct les_entries *entries,
			    const char *folder, size_t folder_n, const char *last)
{
	const size_t last_n = strlen(last);
	char name[LES_ENTRY_NAME_BYTES_MAX + 1];
	uint32_t low = 0, high = pairing->by_name_n;

	if (folder_n + last_n > LES_ENTRY_NAME_BYTES_MAX)
		return LES_PAIRING_NONE;
	memcpy(name, folder, folder_n);
	memcpy(name + folder_n, last, last_n + 1);
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const int order = strcmp(entries->at[pairing->by_name[middle]].name, name);
		if (order == 0)
			return pairing->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return LES_PAIRING_NONE;
}

uint32_t les_pairing_find_named(const struct les_pairing *pairing,
				const struct les_entries *entries, uint32_t truth,
				const char *image_name)
{
	const char *name = entries->at[truth].name, *slash = strrchr(image_name, '/');
	const char *last = slash ? slash + 1 : image_name;
	const char *folder = strrchr(name, '/');
	size_t folder_n = folder ? (size_t)(folder + 1 - name) : 0;
	uint32_t found = entry_named(pairing, entries, name, folder_n, last);

	if (found == LES_PAIRING_NONE && folder_n) {
		folder = memrchr(name, '/', folder_n - 1);
		folder_n = folder ? (size_t)(folder + 1 - name) : 0;
		found = entry_named(pairing, entries, name, folder_n, last);
	}
	return found == truth ? LES_PAIRING_NONE : found;
}
