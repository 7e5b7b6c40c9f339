#include "ipc/training.h"

#include "base/cursor.h"

#include <string.h>

static enum les_kind finish(const struct les_rd *r, bool fields_ok, const char *what,
			    struct les_error *reterr)
{
	return les_rd_done(r) && fields_ok
		       ? LES_OK
		       : les_fail(reterr, LES_PEER, "a malformed %s message", what);
}

void les_training_encode(struct les_buf *out, const struct les_training *t)
{
	les_buf_u32(out, t->net);
	les_buf_str(out, t->spec);
	les_buf_u64(out, t->seed);
	les_buf_u32(out, t->epochs_max);
	les_buf_u32(out, t->patience);
	les_buf_u32(out, t->batch_lines);
	les_buf_f32(out, t->rate);
	les_buf_f32(out, t->weight_decay);
	les_buf_f32(out, t->gradient_max);
	les_buf_u32(out, t->warm_up_steps);
	les_buf_u32(out, t->schedule);
	les_buf_u32(out, t->resize);
	les_buf_u32(out, t->cut);
	les_buf_u32(out, t->precision);
	les_buf_f32(out, t->augmentation);
	les_buf_f32(out, t->dropout);
	les_buf_u32(out, t->frozen_epochs);
	les_buf_f32(out, t->layer_rate);
	les_buf_f32(out, t->replay);
	les_buf_u32(out, t->threads);
	les_buf_u32(out, t->checkpoint_seconds);
}

static bool training_valid(const struct les_training *t)
{
	return t->epochs_max >= 1 && t->epochs_max <= LES_EPOCHS_MAX &&
	       t->patience <= LES_EPOCHS_MAX && t->batch_lines >= 1 &&
	       t->batch_lines <= LES_BATCH_LINES_MAX && t->rate > 0 && t->rate <= 1 &&
	       t->weight_decay >= 0 && t->weight_decay <= 1 && t->gradient_max >= 0 &&
	       t->augmentation >= 0 && t->augmentation <= 1 && t->dropout <= 1 &&
	       t->frozen_epochs <= LES_EPOCHS_MAX && t->layer_rate > 0 && t->layer_rate <= 1 &&
	       t->replay >= 0 && t->replay <= 1 && t->threads >= 1 && t->threads <= LES_THREADS_MAX;
}

enum les_kind les_training_parse(const struct les_message *m, struct les_training *ret,
				 struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	size_t n;
	const uint32_t net = les_rd_u32(&r);
	const char *spec = les_rd_str(&r, LES_SPEC_BYTES_MAX, &n);

	*ret = (struct les_training){.net = (enum les_net_kind)net, .seed = les_rd_u64(&r)};
	if (spec)
		memcpy(ret->spec, spec, n);
	ret->epochs_max = les_rd_u32(&r);
	ret->patience = les_rd_u32(&r);
	ret->batch_lines = les_rd_u32(&r);
	ret->rate = les_rd_f32(&r);
	ret->weight_decay = les_rd_f32(&r);
	ret->gradient_max = les_rd_f32(&r);
	ret->warm_up_steps = les_rd_u32(&r);
	const uint32_t schedule = les_rd_u32(&r), resize = les_rd_u32(&r), cut = les_rd_u32(&r),
		       precision = les_rd_u32(&r);
	ret->schedule = (enum les_schedule)schedule;
	ret->resize = (enum les_resize)resize;
	ret->cut = (enum les_line_cut)cut;
	ret->precision = (enum les_precision)precision;
	ret->augmentation = les_rd_f32(&r);
	ret->dropout = les_rd_f32(&r);
	ret->frozen_epochs = les_rd_u32(&r);
	ret->layer_rate = les_rd_f32(&r);
	ret->replay = les_rd_f32(&r);
	ret->threads = les_rd_u32(&r);
	ret->checkpoint_seconds = les_rd_u32(&r);
	bool ok = training_valid(ret) && net >= LES_NET_RECOGNITION &&
		  net <= LES_NET_SEGMENTATION && schedule >= LES_SCHEDULE_CONSTANT &&
		  schedule <= LES_SCHEDULE_PLATEAU && resize >= LES_RESIZE_FAIL &&
		  resize <= LES_RESIZE_NEW && cut <= LES_CUT_BAND &&
		  precision >= LES_PRECISION_AUTO && precision <= LES_PRECISION_BF16;
	return finish(&r, ok, "TRAIN", reterr);
}

void les_training_report_encode(struct les_buf *out, const struct les_training_report *report)
{
	les_buf_u32(out, report->epoch_done);
	les_buf_u32(out, report->earlier);
	les_buf_u32(out, report->epoch);
	les_buf_u32(out, report->lines_done);
	les_buf_u32(out, report->lines_all);
	les_buf_u32(out, report->best_epoch);
	les_buf_u32(out, report->rollbacks_n);
	les_buf_f32(out, report->loss);
	les_buf_f32(out, report->rate);
	les_buf_f32(out, report->cer);
	les_buf_f32(out, report->cer_normalised);
	les_buf_f32(out, report->wer);
	les_buf_f32(out, report->precision);
	les_buf_f32(out, report->recall);
	les_buf_f32(out, report->f1);
	les_buf_f32(out, report->pixel_f1);
	les_buf_f32(out, report->best_error);
	les_buf_f32(out, report->lines_per_second);
	les_buf_u64(out, report->memory_bytes);
}

bool les_training_report_read(struct les_rd *r, struct les_training_report *ret)
{
	const uint32_t epoch_done = les_rd_u32(r), earlier = les_rd_u32(r);

	*ret = (struct les_training_report){.epoch_done = epoch_done == 1, .earlier = earlier == 1};
	ret->epoch = les_rd_u32(r);
	ret->lines_done = les_rd_u32(r);
	ret->lines_all = les_rd_u32(r);
	ret->best_epoch = les_rd_u32(r);
	ret->rollbacks_n = les_rd_u32(r);
	ret->loss = les_rd_f32(r);
	ret->rate = les_rd_f32(r);
	ret->cer = les_rd_f32(r);
	ret->cer_normalised = les_rd_f32(r);
	ret->wer = les_rd_f32(r);
	ret->precision = les_rd_f32(r);
	ret->recall = les_rd_f32(r);
	ret->f1 = les_rd_f32(r);
	ret->pixel_f1 = les_rd_f32(r);
	ret->best_error = les_rd_f32(r);
	ret->lines_per_second = les_rd_f32(r);
	ret->memory_bytes = les_rd_u64(r);
	return !r->bad && epoch_done <= 1 && earlier <= epoch_done && ret->epoch >= 1 &&
	       ret->epoch <= LES_EPOCHS_MAX && ret->lines_done <= ret->lines_all &&
	       ret->best_epoch <= ret->epoch;
}

enum les_kind les_training_report_parse(const struct les_message *m,
					struct les_training_report *ret, struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	const bool ok = les_training_report_read(&r, ret);

	return finish(&r, ok, "REPORT", reterr);
}

void les_training_plan_encode(struct les_buf *out, const struct les_training_plan *plan)
{
	les_buf_u64(out, plan->memory_bytes);
}

enum les_kind les_training_plan_parse(const struct les_message *m, struct les_training_plan *ret,
				      struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);

	*ret = (struct les_training_plan){.memory_bytes = les_rd_u64(&r)};
	return finish(&r, true, "PLAN", reterr);
}

void les_training_end_encode(struct les_buf *out, enum les_training_end end)
{
	les_buf_u32(out, end);
}

enum les_kind les_training_end_parse(const struct les_message *m, enum les_training_end *ret,
				     struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	const uint32_t end = les_rd_u32(&r);

	*ret = (enum les_training_end)end;
	return finish(&r, end >= LES_TRAINING_COMPLETE && end <= LES_TRAINING_STOPPED, "TRAINED",
		      reterr);
}
