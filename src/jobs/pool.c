#include "jobs/pool.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ROUNDS_MAX: a taker gives up when so many rounds of starts have failed while it waited. One may
 * be chance: a worker that somebody killed before it was ready. */
enum { SPARE_MAX = LES_THREADS_MAX, PAUSE_AFTER_FAILURE_MS = 1000, ROUNDS_MAX = 2 };

/* Workers of one kind that wait at READY, and who waits for one. */
struct shelf {
	enum les_role role;
	struct les_recogniser *ready[SPARE_MAX]; /* decoders use the same wrapper */
	uint32_t ready_n;
	uint32_t waiting_n;  /* takers */
	uint32_t busy_n;     /* taken and still counted against the maximum */
	uint32_t started_n;  /* since the beginning */
	uint32_t failures_n; /* rounds of starts in which one failed: see ROUNDS_MAX */
	struct les_ready latest;
};

struct les_pool {
	struct les_pool_config config;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool stop;
	struct shelf shelves[LES_ROLE_N]; /* [LES_ROLE_MAIN] stays empty */
	struct les_error error;
};

static struct les_spawn spawn_for(const struct les_pool *pool, enum les_role role)
{
	struct les_spawn spawn = {.binary_dir = pool->config.binary_dir,
				  .allow_weak_sandbox = pool->config.allow_weak_sandbox};

	if (role == LES_ROLE_DECODE) {
		spawn.address_bytes = LES_DECODE_BASE_BYTES + LES_FILE_BYTES_MAX +
				      LES_DECODE_BYTES_PER_PX * LES_PAGE_PX_MAX;
		spawn.cpu_seconds = LES_DECODE_CPU_SECONDS;
		spawn.file_bytes = LES_DECODE_OUT_BYTES_MAX > LES_WEIGHTS_BYTES_MAX
					   ? LES_DECODE_OUT_BYTES_MAX
					   : LES_WEIGHTS_BYTES_MAX;
		return spawn;
	}
	spawn.cpu_seconds = LES_RECOGNISER_CPU_SECONDS;
	spawn.file_bytes = LES_PICTURE_BYTES_MAX;
	if (role == LES_ROLE_TESSERACT) {
		spawn.address_bytes =
			LES_TESSERACT_BASE_BYTES + LES_TESSERACT_BYTES_PER_PX * LES_PAGE_PX_MAX;
	} else {
		spawn.address_bytes = LES_READ_BASE_BYTES + LES_READ_BYTES_PER_PX * LES_PAGE_PX_MAX;
		/* a lesart-train from here only cuts lines, and there are several */
		spawn.threads = role == LES_ROLE_TRAIN ? 0 : pool->config.threads;
	}
	return spawn;
}

static void wrapper_end(struct les_recogniser *wrapper)
{
	if (!wrapper)
		return;
	if (wrapper->worker)
		les_worker_end(wrapper->worker, NULL);
	free(wrapper);
}

/* How many of a kind are to be started now. Called locked. */
static uint32_t lacking(const struct les_pool *pool, const struct shelf *shelf)
{
	const struct les_pool_stock *stock = &pool->config.stock[shelf->role];
	uint32_t alive = shelf->ready_n + shelf->busy_n, want = shelf->waiting_n, room = SPARE_MAX;

	if (shelf->role == LES_ROLE_DECODE) {
		want += stock->spare;
	} else {
		uint32_t least = stock->spare > shelf->busy_n ? stock->spare - shelf->busy_n : 0;
		want = want > least ? want : least;
		room = stock->max > alive ? stock->max - alive : 0;
	}
	uint32_t lack = want > shelf->ready_n ? want - shelf->ready_n : 0;
	return lack < room ? lack : room;
}

/* A worker on its way to READY. */
struct starting {
	struct shelf *shelf;
	struct les_recogniser *wrapper;
	enum les_kind kind;
	struct les_error error;
};

static void start(const struct les_pool *pool, struct starting *s)
{
	struct les_spawn spawn = spawn_for(pool, s->shelf->role);

	s->wrapper = calloc(1, sizeof *s->wrapper);
	if (s->wrapper)
		s->wrapper->role = s->shelf->role;
	s->kind = s->wrapper
			  ? les_worker_start(s->shelf->role, &spawn, &s->wrapper->worker, &s->error)
			  : les_fail(&s->error, LES_NOMEM, "no memory for a worker");
}

static void await(const struct les_pool *pool, struct starting *s, int64_t deadline_ms)
{
	struct les_spawn spawn = spawn_for(pool, s->shelf->role);

	if (s->kind == LES_OK)
		s->kind = les_worker_wait_ready(s->wrapper->worker, &spawn, deadline_ms, &s->error);
	if (s->kind != LES_OK) {
		wrapper_end(s->wrapper);
		s->wrapper = NULL;
	}
}

/* Puts a started worker on its shelf, or its failure on record. Called locked. */
static void shelve(struct les_pool *pool, struct starting *s)
{
	struct shelf *shelf = s->shelf;

	if (s->kind == LES_OK && shelf->ready_n < SPARE_MAX) {
		shelf->latest = s->wrapper->worker->ready;
		shelf->started_n++;
		shelf->ready[shelf->ready_n++] = LES_TAKE(s->wrapper);
		pool->error.kind = LES_OK;
	} else if (s->kind != LES_OK) {
		pool->error = s->error;
	}
	wrapper_end(s->wrapper);
	pthread_cond_broadcast(&pool->changed);
}

static bool is_awaited(const struct les_pool *pool)
{
	bool awaited = false;

	for (int role = 0; role < LES_ROLE_N; role++)
		awaited = awaited || pool->shelves[role].waiting_n;
	return awaited;
}

/* Waits until something changes. After a failure nobody's waiting hastens the next try for a while,
 * so that a worker that cannot start does not burn a core. Called locked. */
static void rest(struct les_pool *pool, bool failed)
{
	struct timespec until;

	if (!failed) {
		pthread_cond_wait(&pool->changed, &pool->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PAUSE_AFTER_FAILURE_MS / 1000;
	while (!pool->stop && !is_awaited(pool))
		if (pthread_cond_timedwait(&pool->changed, &pool->lock, &until) == ETIMEDOUT)
			break;
}

/* Starts so many of each role, all at once so that their starts overlap; returns false if one
 * failed. Called locked; unlocks while it works. */
static bool start_lacking(struct les_pool *pool, const uint32_t lacking_n[LES_ROLE_N])
{
	struct starting starting[LES_ROLE_N * SPARE_MAX] = {0};
	uint32_t n = 0;
	bool ok = true;

	pthread_mutex_unlock(&pool->lock);
	for (int role = 0; role < LES_ROLE_N; role++)
		for (uint32_t i = 0; i < lacking_n[role]; i++) {
			starting[n].shelf = &pool->shelves[role];
			start(pool, &starting[n++]);
		}
	int64_t deadline_ms = les_clock_ms() + LES_WORKER_START_MS;
	for (uint32_t i = 0; i < n; i++) {
		await(pool, &starting[i], deadline_ms);
		pthread_mutex_lock(&pool->lock);
		ok = ok && starting[i].kind == LES_OK;
		shelve(pool, &starting[i]);
		pthread_mutex_unlock(&pool->lock);
	}
	pthread_mutex_lock(&pool->lock);
	for (uint32_t i = 0; i < n; i++) /* those of a role stand together */
		if (starting[i].kind != LES_OK) {
			starting[i].shelf->failures_n++;
			while (i + 1 < n && starting[i + 1].shelf == starting[i].shelf)
				i++;
		}
	pthread_cond_broadcast(&pool->changed);
	return ok;
}

static void *keep_shelves_full(void *context)
{
	struct les_pool *pool = context;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		uint32_t lacking_n[LES_ROLE_N] = {0}, all = 0;

		for (int role = LES_ROLE_DECODE; role < LES_ROLE_N; role++)
			all += lacking_n[role] = lacking(pool, &pool->shelves[role]);
		if (all == 0)
			rest(pool, false);
		else if (!start_lacking(pool, lacking_n))
			rest(pool, true);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static bool config_valid(const struct les_pool_config *config)
{
	for (int role = LES_ROLE_DECODE; role < LES_ROLE_N; role++) {
		const struct les_pool_stock *stock = &config->stock[role];

		if (stock->max > LES_THREADS_MAX || stock->spare > LES_THREADS_MAX ||
		    (role != LES_ROLE_DECODE && stock->spare > stock->max))
			return false;
	}
	return config->threads >= 1 && config->threads <= LES_THREADS_MAX;
}

enum les_kind les_pool_new(const struct les_pool_config *config, struct les_pool **ret,
			   struct les_error *reterr)
{
	pthread_condattr_t attr;

	if (!config_valid(config))
		return les_fail(reterr, LES_ARG, "threads: 1 to %u", LES_THREADS_MAX);
	struct les_pool *pool = calloc(1, sizeof *pool);
	if (!pool)
		return les_fail(reterr, LES_NOMEM, "no memory for the workers' pool");
	pool->config = *config;
	for (int role = 0; role < LES_ROLE_N; role++)
		pool->shelves[role].role = (enum les_role)role;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&pool->thread, NULL, keep_shelves_full, pool) != 0) {
		free(pool);
		return les_fail(reterr, LES_NOMEM, "cannot start the pool's thread");
	}
	*ret = pool;
	return LES_OK;
}

void les_pool_free(struct les_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	pthread_join(pool->thread, NULL);
	for (int role = 0; role < LES_ROLE_N; role++) {
		struct shelf *shelf = &pool->shelves[role];
		while (shelf->ready_n)
			wrapper_end(shelf->ready[--shelf->ready_n]);
	}
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* A spare worker that died while it waited says so by its channel. */
static bool is_alive(const struct les_recogniser *wrapper)
{
	struct pollfd p = {.fd = wrapper->worker->channel, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* The next living one from the shelf, or NULL. Called locked. */
static struct les_recogniser *pick(struct shelf *shelf)
{
	while (shelf->ready_n) {
		struct les_recogniser *wrapper = shelf->ready[--shelf->ready_n];

		if (is_alive(wrapper))
			return wrapper;
		wrapper_end(wrapper);
	}
	return NULL;
}

static bool wait_until(struct les_pool *pool, int64_t deadline_ms)
{
	struct timespec until = {.tv_sec = deadline_ms / 1000,
				 .tv_nsec = (deadline_ms % 1000) * 1000000};

	return pthread_cond_timedwait(&pool->changed, &pool->lock, &until) != ETIMEDOUT;
}

static enum les_kind take(struct les_pool *pool, struct shelf *shelf, int64_t deadline_ms,
			  struct les_recogniser **ret, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;
	struct les_recogniser *picked;

	pthread_mutex_lock(&pool->lock);
	uint32_t failures_n = shelf->failures_n;
	shelf->waiting_n++;
	pthread_cond_broadcast(&pool->changed);
	while (!(picked = pick(shelf))) {
		if (deadline_ms == 0)
			kind = les_fail(reterr, LES_BUSY, "no worker is free");
		else if (shelf->failures_n - failures_n >= ROUNDS_MAX) {
			kind = pool->error.kind != LES_OK ? pool->error.kind : LES_PEER;
			if (reterr)
				*reterr = pool->error;
		} else if (!wait_until(pool, deadline_ms))
			kind = les_fail(reterr, LES_DEADLINE, "no worker was free in time");
		if (kind != LES_OK)
			break;
	}
	shelf->waiting_n--;
	if (picked) {
		if (shelf->role != LES_ROLE_DECODE)
			shelf->busy_n++;
		*ret = picked;
	}
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	return kind;
}

enum les_kind les_pool_take_decoder(struct les_pool *pool, int64_t deadline_ms,
				    struct les_worker **ret, struct les_error *reterr)
{
	struct les_recogniser *wrapper;
	enum les_kind kind =
		take(pool, &pool->shelves[LES_ROLE_DECODE], deadline_ms, &wrapper, reterr);

	if (kind != LES_OK)
		return kind;
	*ret = LES_TAKE(wrapper->worker);
	free(wrapper);
	return LES_OK;
}

enum les_kind les_pool_take_recogniser(struct les_pool *pool, enum les_role role,
				       int64_t deadline_ms, struct les_recogniser **ret,
				       struct les_error *reterr)
{
	return take(pool, &pool->shelves[role], deadline_ms, ret, reterr);
}

void les_pool_give_recogniser(struct les_pool *pool, struct les_recogniser *recogniser, bool fit)
{
	struct shelf *shelf = &pool->shelves[recogniser->role];
	bool keep = fit && ++recogniser->documents_n < pool->config.recogniser_documents &&
		    recogniser->models_n <= LES_RECOGNISER_MODELS_MAX - LES_JOB_MODELS_MAX;

	if (!keep)
		wrapper_end(recogniser);
	pthread_mutex_lock(&pool->lock);
	shelf->busy_n--;
	if (keep)
		shelf->ready[shelf->ready_n++] = recogniser;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

bool les_pool_is_wanted(struct les_pool *pool, enum les_role role)
{
	pthread_mutex_lock(&pool->lock);
	bool wanted = pool->shelves[role].waiting_n > pool->shelves[role].ready_n;
	pthread_mutex_unlock(&pool->lock);
	return wanted;
}

void les_pool_status(struct les_pool *pool, struct les_pool_status *ret)
{
	pthread_mutex_lock(&pool->lock);
	*ret = (struct les_pool_status){.error = pool->error};
	for (int role = 0; role < LES_ROLE_N; role++) {
		const struct shelf *shelf = &pool->shelves[role];

		ret->of[role].ready_n = shelf->ready_n;
		ret->of[role].busy_n = shelf->busy_n;
		ret->of[role].started_n = shelf->started_n;
		ret->of[role].ready = shelf->latest;
	}
	pthread_mutex_unlock(&pool->lock);
}

enum les_kind les_binary_dir_find(char **ret, struct les_error *reterr)
{
	char self[PATH_MAX], candidate[PATH_MAX + 64];
	static const char *const below[] = {"", "/../libexec/lesart"};
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		return les_fail_errno(reterr, "cannot find where lesart lies");
	self[n] = 0;
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < LES_COUNT(below); i++) {
		snprintf(candidate, sizeof candidate, "%s%s/%s", self, below[i],
			 les_role_binary(LES_ROLE_DECODE));
		if (access(candidate, X_OK) != 0)
			continue;
		if (asprintf(ret, "%s%s", self, below[i]) < 0)
			return les_fail(reterr, LES_NOMEM, "no memory for a path");
		return LES_OK;
	}
	return les_fail(reterr, LES_NOTFOUND,
			"lesart-decode lies neither in %s nor in ../libexec/lesart", self);
}
