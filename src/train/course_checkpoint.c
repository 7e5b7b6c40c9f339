#include "base/buf.h"
#include "base/cursor.h"
#include "ipc/training.h"
#include "train/course_inside.h"

#include <stdlib.h>
#include <string.h>

/* A checkpoint is read by the build and on the machine that wrote it:
 *
 *   u64 magic · u64 of what it belongs to · place · f32 weights · f32 moments · f32 best weights ·
 *   the report of each epoch done
 *
 * It comes from a file, and is not trusted. */
static const uint64_t MAGIC = 0x33504b4353454c; /* "LESCKP3" */

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

/* Spec, options that change the way, and the samples. */
static uint64_t belonging(const struct course *c)
{
	const struct les_training *o = c->options;
	uint64_t hash = mix(0xcbf29ce484222325u, c->spec, strlen(c->spec));

	hash = mix(hash, &o->seed, sizeof o->seed);
	hash = mix(hash, &o->batch_lines, sizeof o->batch_lines);
	hash = mix(hash, &o->threads, sizeof o->threads);
	hash = mix(hash, &c->train_n, sizeof c->train_n);
	hash = mix(hash, &c->epoch_n, sizeof c->epoch_n);
	hash = mix(hash, &c->val_n, sizeof c->val_n);
	for (uint32_t i = 0; i < c->samples_n; i++)
		hash = mix(hash, &c->samples[i].w, sizeof c->samples[i].w);
	return hash;
}

static void put_place(struct les_buf *out, const struct course *c)
{
	const struct course_place *p = &c->place;

	les_buf_u64(out, MAGIC);
	les_buf_u64(out, belonging(c));
	les_buf_u32(out, p->epoch);
	les_buf_u32(out, p->batch);
	les_buf_u64(out, p->batches);
	les_buf_put(out, &p->loss_sum, sizeof p->loss_sum);
	les_buf_put(out, &p->loss_low, sizeof p->loss_low);
	les_buf_u32(out, p->loss_n);
	les_buf_u32(out, p->best_epoch);
	les_buf_u32(out, p->since_best);
	les_buf_u32(out, p->rollbacks_n);
	les_buf_f32(out, p->best_error);
	les_buf_f32(out, p->rate_scale);
	les_buf_f32(out, p->plateau.best);
	les_buf_f32(out, p->plateau.scale);
	les_buf_u32(out, p->plateau.since);
	les_buf_u64(out, *les_learner_state(c->learner).steps);
}

static double take_double(struct les_rd *r)
{
	const uint8_t *at = les_rd_take(r, sizeof(double));
	double v = 0;

	if (at)
		memcpy(&v, at, sizeof v);
	return v;
}

static void take_place(struct les_rd *r, struct course_place *p, uint64_t *ret_steps)
{
	p->epoch = les_rd_u32(r);
	p->batch = les_rd_u32(r);
	p->batches = les_rd_u64(r);
	p->loss_sum = take_double(r);
	p->loss_low = take_double(r);
	p->loss_n = les_rd_u32(r);
	p->best_epoch = les_rd_u32(r);
	p->since_best = les_rd_u32(r);
	p->rollbacks_n = les_rd_u32(r);
	p->best_error = les_rd_f32(r);
	p->rate_scale = les_rd_f32(r);
	p->plateau.best = les_rd_f32(r);
	p->plateau.scale = les_rd_f32(r);
	p->plateau.since = les_rd_u32(r);
	*ret_steps = les_rd_u64(r);
}

enum les_kind les_course_save(struct course *c, struct les_error *reterr)
{
	const size_t values = c->params->values_n * sizeof(float);
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(LES_CHECKPOINT_BYTES_MAX);

	put_place(&out, c);
	les_buf_put(&out, c->params->values, values);
	les_buf_put(&out, les_learner_state(c->learner).moments, 2 * values);
	les_buf_put(&out, c->best, values);
	for (uint32_t i = 0; i + 1 < c->place.epoch; i++)
		les_training_report_encode(&out, &c->past[i]);
	if (out.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for a checkpoint");
	return c->events->checkpoint(c->events->context, out.bytes, out.len, reterr);
}

enum les_kind les_course_resume(struct course *c, const uint8_t *bytes, size_t n,
				struct les_error *reterr)
{
	const size_t values = c->params->values_n * sizeof(float);
	struct les_learner_state state = les_learner_state(c->learner);
	struct les_rd r = les_rd(bytes, n);
	struct course_place place = {0};
	uint64_t steps;

	if (les_rd_u64(&r) != MAGIC || les_rd_u64(&r) != belonging(c))
		return les_fail(reterr, LES_FORMAT, "the checkpoint is of another training");
	take_place(&r, &place, &steps);
	const uint8_t *weights = les_rd_take(&r, values), *moments = les_rd_take(&r, 2 * values);
	const uint8_t *best = les_rd_take(&r, values);
	const bool epoch_valid = place.epoch >= 1 && place.epoch <= LES_EPOCHS_MAX;
	bool past_valid = epoch_valid;
	for (uint32_t i = 0; past_valid && i + 1 < place.epoch; i++)
		past_valid = les_training_report_read(&r, &c->past[i]) && c->past[i].epoch == i + 1;
	if (!les_rd_done(&r) || !past_valid || place.batch > les_course_batches(c) ||
	    place.best_epoch > place.epoch)
		return les_fail(reterr, LES_FORMAT, "the checkpoint is damaged");
	c->place = place;
	*state.steps = steps;
	memcpy(c->params->values, weights, values);
	memcpy(state.moments, moments, 2 * values);
	memcpy(c->best, best, values);
	les_learner_renew(c->learner);
	return LES_OK;
}
