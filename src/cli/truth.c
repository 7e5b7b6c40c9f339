#include "cli/truth.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const image_endings[] = {".webp", ".png", ".jpg", ".jpeg", ".tif",
					    ".tiff", ".jp2", ".JPG", ".TIF"};

static bool ends_with(const char *s, const char *ending)
{
	size_t n = strlen(s), k = strlen(ending);

	return n > k && strcmp(s + n - k, ending) == 0;
}

/* stem + ending if such a file is there. *ret stays NULL otherwise. */
static enum les_kind beside(const char *stem, const char *ending, char **ret,
			    struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *path = NULL;

	if (asprintf(&path, "%s%s", stem, ending) < 0)
		return les_fail(reterr, LES_NOMEM, "no memory for a path");
	if (access(path, R_OK) == 0)
		*ret = LES_TAKE(path);
	return LES_OK;
}

static void truth_done(struct les_truth *truth)
{
	free(truth->image);
	free(truth->layout);
	free(truth->text);
}

static enum les_kind add(struct les_truths *truths, const char *stem, struct les_error *reterr)
{
	struct les_truth truth = {0};
	enum les_kind kind = beside(stem, ".gt.txt", &truth.text, reterr);

	if (kind == LES_OK)
		kind = beside(stem, ".xml", &truth.layout, reterr);
	for (size_t i = 0; i < LES_COUNT(image_endings) && kind == LES_OK && !truth.image; i++)
		kind = beside(stem, image_endings[i], &truth.image, reterr);
	if (kind == LES_OK && !truth.image)
		kind = les_fail(reterr, LES_NOTFOUND, "there is no image beside %.180s", stem);
	if (kind == LES_OK && !truth.text && !truth.layout)
		kind = les_fail(reterr, LES_NOTFOUND,
				"there is neither .gt.txt nor .xml beside %.150s", stem);
	if (kind == LES_OK && truths->n == LES_TRUTHS_MAX)
		kind = les_fail(reterr, LES_LIMIT, "more than %d files", LES_TRUTHS_MAX);
	if (kind == LES_OK && truths->n == truths->capacity) {
		uint32_t more = truths->capacity ? 2 * truths->capacity : 64;
		struct les_truth *at = realloc(truths->at, more * sizeof *at);
		if (at) {
			truths->at = at;
			truths->capacity = more;
		} else {
			kind = les_fail(reterr, LES_NOMEM, "no memory for a list of files");
		}
	}
	if (kind != LES_OK) {
		truth_done(&truth);
		return kind;
	}
	truths->at[truths->n++] = truth;
	return LES_OK;
}

/* "a/b.gt.txt", "a/b.xml", "a/b.webp" → "a/b"; false for other names. */
static bool stem_of(const char *path, bool images_too, char **ret)
{
	static const char *const truths[] = {".gt.txt", ".xml"};
	const char *ending = NULL;

	for (size_t i = 0; i < LES_COUNT(truths) && !ending; i++)
		ending = ends_with(path, truths[i]) ? truths[i] : NULL;
	for (size_t i = 0; i < LES_COUNT(image_endings) && !ending && images_too; i++)
		ending = ends_with(path, image_endings[i]) ? image_endings[i] : NULL;
	if (ending)
		*ret = strndup(path, strlen(path) - strlen(ending));
	return ending && *ret;
}

static int compare_images(const void *a, const void *b)
{
	return strcmp(((const struct les_truth *)a)->image, ((const struct les_truth *)b)->image);
}

static enum les_kind add_folder(struct les_truths *truths, const char *folder,
				struct les_error *reterr)
{
	enum les_kind kind = LES_OK;
	DIR *dir = opendir(folder);

	if (!dir)
		return les_fail_errno(reterr, "cannot open %s", folder);
	for (const struct dirent *entry; kind == LES_OK && (entry = readdir(dir));) {
		LES_CLEANUP(les_free_p) char *stem = NULL;
		LES_CLEANUP(les_free_p) char *path = NULL;
		if (!stem_of(entry->d_name, false, &stem))
			continue;
		if (asprintf(&path, "%s/%s", folder, stem) < 0)
			kind = les_fail(reterr, LES_NOMEM, "no memory for a path");
		else
			kind = add(truths, path, reterr);
	}
	closedir(dir);
	return kind;
}

enum les_kind les_truths_find(const char *path, struct les_truths *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_truths_done) struct les_truths truths = {0};
	LES_CLEANUP(les_free_p) char *stem = NULL;
	struct stat st;
	enum les_kind kind;

	if (stat(path, &st) != 0)
		return les_fail(reterr, LES_NOTFOUND, "there is no %.200s", path);
	if (S_ISDIR(st.st_mode))
		kind = add_folder(&truths, path, reterr);
	else if (stem_of(path, true, &stem))
		kind = add(&truths, stem, reterr);
	else
		kind = les_fail(reterr, LES_ARG, "%.200s is no image and no ground truth", path);
	if (kind != LES_OK)
		return kind;
	if (truths.n == 0)
		return les_fail(reterr, LES_NOTFOUND, "no image with ground truth in %.200s", path);
	qsort(truths.at, truths.n, sizeof *truths.at, compare_images);
	/* an image with both kinds of truth was found twice */
	uint32_t kept = 1;
	for (uint32_t i = 1; i < truths.n; i++) {
		if (strcmp(truths.at[i].image, truths.at[kept - 1].image) == 0)
			truth_done(&truths.at[i]);
		else
			truths.at[kept++] = truths.at[i];
	}
	truths.n = kept;
	*ret = truths;
	truths = (struct les_truths){0};
	return LES_OK;
}

void les_truths_done(struct les_truths *truths)
{
	for (uint32_t i = 0; i < truths->n; i++)
		truth_done(&truths->at[i]);
	free(truths->at);
	*truths = (struct les_truths){0};
}
