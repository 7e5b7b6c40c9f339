#include "jobs/models.h"

#include "base/cleanup.h"
#include "ipc/weights.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const les_tessdata_folders[] = {
	"/usr/share/tesseract-ocr/5/tessdata",
	"/usr/share/tessdata",
	NULL,
};

static bool name_valid(const char *name, size_t n)
{
	if (n == 0 || n > LES_MODEL_NAME_BYTES_MAX || name[0] == '/' || name[n - 1] == '/')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i];
		bool plain =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!plain && c != '_' && c != '-' && c != '/')
			return false; /* no dots: ".." cannot be written */
	}
	return true;
}

/* What makes a file the same file: its hash is computed once. */
struct remembered {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	char sha256[65];
};

static pthread_mutex_t remembered_lock = PTHREAD_MUTEX_INITIALIZER;
static struct remembered remembered[LES_RECOGNISER_MODELS_MAX];
static uint32_t remembered_n;

static bool recall(const struct stat *st, char out[65])
{
	bool found = false;

	pthread_mutex_lock(&remembered_lock);
	for (uint32_t i = 0; i < LES_COUNT(remembered) && i < remembered_n && !found; i++) {
		const struct remembered *r = &remembered[i];
		found = r->device == st->st_dev && r->inode == st->st_ino &&
			r->size == st->st_size && r->changed.tv_sec == st->st_ctim.tv_sec &&
			r->changed.tv_nsec == st->st_ctim.tv_nsec;
		if (found)
			memcpy(out, r->sha256, sizeof r->sha256);
	}
	pthread_mutex_unlock(&remembered_lock);
	return found;
}

static void remember(const struct stat *st, const char sha256[65])
{
	pthread_mutex_lock(&remembered_lock);
	struct remembered *r = &remembered[remembered_n++ % LES_COUNT(remembered)];
	*r = (struct remembered){st->st_dev, st->st_ino, st->st_size, st->st_ctim, {0}};
	memcpy(r->sha256, sha256, sizeof r->sha256);
	pthread_mutex_unlock(&remembered_lock);
}

enum les_kind les_model_hash(int fd, char out[65], struct les_error *reterr)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return les_fail(reterr, LES_IO, "cannot size a model");
	if (recall(&st, out))
		return LES_OK;
	const size_t n = (size_t)st.st_size;
	void *bytes = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return les_fail_errno(reterr, "cannot map a model of %zu bytes", n);
	les_sha256_hex(bytes, n, out);
	munmap(bytes, n);
	remember(&st, out);
	return LES_OK;
}

/* Debian 12 keeps script/Fraktur as Fraktur.traineddata: a name below script/ is tried without it.
 */
static int open_in(const char *folder, const char *name)
{
	char path[4096];
	const char *bare = strncmp(name, "script/", 7) == 0 ? name + 7 : name;

	snprintf(path, sizeof path, "%s/%s.traineddata", folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && bare != name) {
		snprintf(path, sizeof path, "%s/%s.traineddata", folder, bare);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

static enum les_kind open_one(const char *const *folders, struct les_model *model,
			      struct les_error *reterr)
{
	struct stat st;

	model->fd = -1;
	for (const char *const *folder = folders; *folder && model->fd < 0; folder++) {
		model->fd = open_in(*folder, model->name);
		if (model->fd < 0 && errno != ENOENT && errno != ENOTDIR)
			return les_fail_errno(reterr, "cannot open the model of \"%s\" in %s",
					      model->name, *folder);
	}
	if (model->fd < 0)
		return les_fail(
			reterr, LES_NOTFOUND,
			"no model for the language \"%s\": there is no %s.traineddata in %s",
			model->name, model->name, folders[0] ? folders[0] : "any folder");
	if (fstat(model->fd, &st) != 0)
		return les_fail_errno(reterr, "cannot size the model of \"%s\"", model->name);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > LES_TESSDATA_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "the model of \"%s\" has %lld bytes",
				model->name, (long long)st.st_size);
	return les_model_hash(model->fd, model->sha256, reterr);
}

enum les_kind les_models_open(const char *const *folders, const char *language,
			      struct les_models *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_models_done) struct les_models models = {.n = 0};

	for (const char *p = language;;) {
		size_t n = strcspn(p, "+");

		if (!name_valid(p, n))
			return les_fail(reterr, LES_ARG,
					"\"%.60s\" is not a language or several like deu+frk",
					language);
		if (models.n == LES_COUNT(models.at))
			return les_fail(reterr, LES_LIMIT, "more than %u languages", models.n);
		struct les_model *model = &models.at[models.n++];
		memcpy(model->name, p, n);
		model->name[n] = 0;
		model->ref.use = LES_MODEL_TESSDATA;
		memcpy(model->ref.id, model->name, n + 1);
		enum les_kind kind = open_one(folders, model, reterr);
		if (kind != LES_OK)
			return kind;
		if (!p[n])
			break;
		p += n + 1;
	}
	*ret = models;
	models.n = 0;
	return LES_OK;
}

void les_models_done(struct les_models *models)
{
	for (uint32_t i = 0; i < models->n; i++)
		les_fd_close(&models->at[i].fd);
	models->n = 0;
}

static const char model_ending[] = ".traineddata";

/* "deu" of "deu.traineddata", unless no engine reads with it. */
static bool language_of(const char *file, char *out, size_t n)
{
	const size_t ending_n = sizeof model_ending - 1, file_n = strlen(file);

	if (file_n <= ending_n || strcmp(file + file_n - ending_n, model_ending) != 0)
		return false;
	snprintf(out, n, "%.*s", (int)(file_n - ending_n), file);
	return name_valid(out, strlen(out)) && strcmp(out, "osd") != 0 && strcmp(out, "equ") != 0;
}

/* How many models of one folder could be read; *ret_unreadable counts the others. */
static uint32_t find_in(const char *folder, const char *prefix,
			void (*found)(void *context, const char *language), void *context,
			uint32_t *ret_unreadable)
{
	char name[LES_MODEL_NAME_BYTES_MAX + 1], language[2 * LES_MODEL_NAME_BYTES_MAX];
	DIR *entries = opendir(folder);
	uint32_t n = 0;

	for (const struct dirent *entry; entries && (entry = readdir(entries));) {
		if (!language_of(entry->d_name, name, sizeof name))
			continue;
		if (faccessat(dirfd(entries), entry->d_name, R_OK, 0) != 0) {
			++*ret_unreadable;
			continue;
		}
		snprintf(language, sizeof language, "%s%s", prefix, name);
		found(context, language);
		n++;
	}
	if (entries)
		closedir(entries);
	return n;
}

void les_languages_find(const char *const *folders,
			void (*found)(void *context, const char *language), void *context,
			char *reason, size_t reason_n)
{
	uint32_t n = 0, unreadable_n = 0;
	char scripts[4096];

	for (const char *const *folder = folders; *folder; folder++) {
		n += find_in(*folder, "", found, context, &unreadable_n);
		snprintf(scripts, sizeof scripts, "%s/script", *folder);
		n += find_in(scripts, "script/", found, context, &unreadable_n);
	}
	if (n)
		snprintf(reason, reason_n, "%s", "");
	else if (unreadable_n)
		snprintf(reason, reason_n,
			 "no model of any language can be read: %u in %s are not "
			 "readable for uid %u",
			 unreadable_n, folders[0], getuid());
	else
		snprintf(reason, reason_n, "there is no model of any language in %s",
			 folders[0] ? folders[0] : "any folder");
}

enum les_kind les_language_for_script(const char *script, const char **ret,
				      struct les_error *reterr)
{
	static const struct {
		const char *script, *language; /* NULL: no engine reads it yet */
	} rows[] = {
		{"auto", "deu"},   {"typescript", "deu"}, {"fraktur", "frk"},
		{"kurrent", NULL}, {"latin", NULL},
	};

	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		if (strcmp(rows[i].script, script) != 0)
			continue;
		if (!rows[i].language)
			return les_fail(reterr, LES_UNAVAILABLE,
					"script \"%s\" is handwriting and needs the neural reader, "
					"which this version does not have",
					script);
		*ret = rows[i].language;
		return LES_OK;
	}
	return les_fail(reterr, LES_ARG,
			"script \"%.40s\" is none of auto, kurrent, latin, fraktur, typescript",
			script);
}
