#ifndef LES_CLI_TRAIN_RUN_H
#define LES_CLI_TRAIN_RUN_H

#include "base/error.h"
#include "jobs/page_packing.h"
#include "jobs/pool.h"
#include "train/text.h"
#include "types/training.h"

#include <stdbool.h>
#include <stdint.h>

/* What lesart train or segtrain was told, checked. */
struct les_train_arguments {
	bool check, json, thorough, allow_weak_sandbox;
	uint32_t threads;
	struct les_text_rules rules; /* train */
	enum les_regions regions;    /* segtrain */
	const char *const *paths;    /* ground truth: folders and ZIPs */
	uint32_t paths_n;
	const char *validation; /* more of it, only to choose by; NULL */
	const char *replay;     /* what the base has learnt from, or NULL */
	float share;            /* of the lines to learn from, where there is none */
	struct les_training training;
	bool cut_chosen;    /* else it follows from the base or the ground truth */
	const char *base;   /* a model's name or file, or NULL */
	const char *models; /* the registry's folder, or NULL */
	const char *name;   /* to be registered by, or NULL */
	const char *resume; /* a checkpoint's file, or NULL */
	const char *output; /* OUT */
	const char *cache;  /* folder of the cache, or NULL */
	const char *summary, *author, *licence, *language, *script, *sender; /* for the card */
};

/* Looks at the ground truth and says what is there. *ret_code: the exit code where it succeeds. */
enum les_kind les_train_check(const struct les_train_arguments *a, struct les_pool *pool,
			      int *ret_code, struct les_error *reterr);

/* The same of pages with baselines. */
enum les_kind les_segtrain_check(const struct les_train_arguments *a, struct les_pool *pool,
				 int *ret_code, struct les_error *reterr);
enum les_kind les_segtrain_run(const struct les_train_arguments *a, struct les_pool *pool,
			       const char *binary_dir, int cancel_fd, struct les_error *reterr);

/* The whole of a training, from ground truth to model, card and curve. cancel_fd: readable when it
 * is to end with what it has. */
enum les_kind les_train_run(const struct les_train_arguments *a, struct les_pool *pool,
			    const char *binary_dir, int cancel_fd, struct les_error *reterr);

#endif
