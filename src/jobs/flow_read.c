/* The recognisers' side of a document's way: who reads a page, and what they say of it. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "export/export.h"
#include "ipc/record.h"
#include "jobs/flow.h"

#include <assert.h>
#include <string.h>

enum {
	WAIT_SLICE_MS = 100
}; /* how late a cancellation may be noticed while no recogniser is free */

void les_flow_recogniser_drop(struct les_flow *flow, struct les_recogniser *recogniser, bool fit)
{
	flow->held_n[recogniser->role]--;
	les_pool_give_recogniser(flow->pool, recogniser, fit);
}

static enum les_kind send_model(struct les_recogniser *recogniser, const struct les_model *model,
				struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	for (uint32_t i = 0; i < recogniser->models_n; i++)
		if (strcmp(recogniser->models[i], model->ref.id) == 0)
			return LES_OK;
	assert(recogniser->models_n < LES_RECOGNISER_MODELS_MAX); /* the pool sees to it */
	les_model_ref_encode(&body, &model->ref);
	enum les_kind kind = les_worker_send(recogniser->worker, LES_MESSAGE_MODEL, &body,
					     &model->fd, 1, reterr);
	if (kind == LES_OK)
		memcpy(recogniser->models[recogniser->models_n++], model->ref.id,
		       sizeof model->ref.id);
	return kind;
}

static bool is_last_stage(const struct les_flow *flow, const struct les_flow_page *p)
{
	return p->stage + 1 == flow->stages_n;
}

static enum les_kind send_read(struct les_flow *flow, struct les_flow_page *p,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_buf_done) struct les_buf records = LES_BUF(LES_RECORDS_BYTES_MAX);
	LES_CLEANUP(les_fd_close) int records_fd = -1;
	struct les_read read = {.page = p->info,
				.mode = flow->stages[p->stage].mode,
				.precision = flow->precision,
				.pictures = is_last_stage(flow, p) ? flow->request->pictures : 0,
				.illegible_below = flow->request->illegible_below,
				.readings_n =
					is_last_stage(flow, p) ? flow->request->readings_n : 0};
	const struct les_page *lines = p->found ? p->found : flow->layout;
	enum les_kind kind = LES_OK;

	if (lines) {
		les_records_encode(&records, lines);
		if (records.failed)
			return les_fail(reterr, LES_LIMIT, "the layout has too many lines");
		read.layout_bytes = records.len;
		kind = les_memfd_new(records.bytes, records.len, &records_fd, reterr);
		if (kind != LES_OK)
			return kind;
	}
	memcpy(read.language, flow->language, strlen(flow->language));
	memcpy(read.recogniser, flow->recogniser, strlen(flow->recogniser));
	memcpy(read.segmenter, flow->segmenter, strlen(flow->segmenter));
	les_read_encode(&body, &read);
	const int fds[] = {p->pixels_fd, records_fd};
	return les_worker_send(p->recogniser->worker, LES_MESSAGE_READ, &body, fds, lines ? 2 : 1,
			       reterr);
}

/* One that idles here, or one more from the pool; BUSY where the page has to wait. A job that has
 * none yet waits a moment for the pool, a job that has some takes only what is free. */
static enum les_kind recogniser_find(struct les_flow *flow, const struct les_flow_page *p,
				     struct les_recogniser **ret, struct les_error *reterr)
{
	const enum les_role role = flow->stages[p->stage].role;

	for (uint32_t i = 0; i < flow->idle_n; i++) {
		if (flow->idle[i]->role != role)
			continue;
		*ret = flow->idle[i];
		flow->idle[i] = flow->idle[--flow->idle_n];
		return LES_OK;
	}
	/* a lesart-read deals a page's lines out between its own threads */
	if (flow->held_n[role] >= (role == LES_ROLE_READ ? 1 : flow->request->threads))
		return LES_BUSY;
	int64_t until_ms = flow->held_n[role] ? 0 : les_clock_ms() + WAIT_SLICE_MS;
	enum les_kind kind = les_pool_take_recogniser(flow->pool, role, until_ms, ret, reterr);
	if (kind == LES_OK)
		flow->held_n[role]++;
	if (kind == LES_DEADLINE && les_clock_left_ms(p->deadline_ms) > 0)
		return LES_BUSY;
	return kind;
}

enum les_kind les_flow_recognise(struct les_flow *flow, struct les_flow_page *p,
				 struct les_error *reterr)
{
	struct les_error error = {.kind = LES_OK};
	enum les_kind kind = recogniser_find(flow, p, &p->recogniser, reterr);

	if (kind != LES_OK)
		return kind;
	const enum les_model_use use =
		p->recogniser->role == LES_ROLE_READ ? LES_MODEL_NET : LES_MODEL_TESSDATA;
	for (uint32_t i = 0; i < flow->models->n && kind == LES_OK; i++)
		if (flow->models->at[i].ref.use == use)
			kind = send_model(p->recogniser, &flow->models->at[i], &error);
	if (kind == LES_OK)
		kind = send_read(flow, p, &error);
	if (kind != LES_OK) {
		les_flow_recogniser_drop(flow, LES_TAKE(p->recogniser), false);
		les_flow_page_fail(p, &error);
		return LES_OK;
	}
	p->state = LES_FLOW_READING;
	p->deadline_ms = les_flow_read_deadline(flow);
	p->page = les_page_new();
	if (!p->page)
		return les_fail(reterr, LES_NOMEM, "no memory for page %u", p->number);
	p->page->info = p->info;
	p->lines_taken = false;
	if (is_last_stage(flow, p))
		les_fd_close(&p->pixels_fd);
	return LES_OK;
}

static enum les_kind take_lines(struct les_flow_page *p, const struct les_message *message,
				struct les_error *reterr)
{
	struct les_payload payload;
	LES_CLEANUP(les_view_close) struct les_view view = {0};
	enum les_kind kind = les_payload_parse(message, &payload, reterr);

	if (kind == LES_OK && p->lines_taken)
		kind = les_fail(reterr, LES_PEER, "the recogniser sent a page's lines twice");
	p->lines_taken = true;
	if (kind == LES_OK)
		kind = les_view_open_sealed(message->fds[0], payload.bytes, &view, reterr);
	if (kind == LES_OK)
		kind = les_records_parse(view.bytes, view.n, p->page, reterr);
	return kind;
}

static enum les_kind take_picture(struct les_flow *flow, struct les_flow_page *p,
				  const struct les_message *message, struct les_error *reterr)
{
	struct les_payload payload;
	enum les_kind kind = les_payload_parse(message, &payload, reterr);

	if (kind != LES_OK)
		return kind;
	struct les_view *to =
		payload.picture == LES_PICTURE_PAGE ? &p->pictures.page : &p->pictures.overlay;
	if (to->bytes || !(flow->request->pictures & 1u << payload.picture))
		return les_fail(reterr, LES_PEER, "the recogniser sent a picture nobody asked for");
	return les_view_open_sealed(message->fds[0], payload.bytes, to, reterr);
}

/* What this stage found is what the next one reads, even where that is nothing. */
static void next_stage(struct les_flow *flow, struct les_flow_page *p)
{
	p->stage++;
	p->found = LES_TAKE(p->page);
	p->state = LES_FLOW_DECODED;
	p->deadline_ms = les_flow_read_deadline(flow);
}

static enum les_kind finish_page(struct les_flow *flow, struct les_flow_page *p,
				 const struct les_message *message, struct les_error *reterr)
{
	struct les_read_done done;
	enum les_kind kind = les_read_done_parse(message, &done, reterr);

	if (kind == LES_OK && (!p->lines_taken || done.lines_n != p->page->lines_n))
		kind = les_fail(reterr, LES_PEER, "the recogniser miscounted its lines");
	if (kind != LES_OK)
		return kind;
	flow->totals->preprocess_seconds += done.preprocess_us * 1e-6;
	flow->totals->recognise_seconds += done.recognise_us * 1e-6;
	if (!is_last_stage(flow, p)) {
		next_stage(flow, p);
		return LES_OK;
	}
	kind = les_page_normalise(p->page, reterr);
	if (kind == LES_OK)
		p->state = LES_FLOW_DONE;
	return kind;
}

static enum les_kind heard(struct les_flow *flow, struct les_flow_page *p,
			   const struct les_message *message, struct les_error *reterr)
{
	switch (message->type) {
	case LES_MESSAGE_LINES:
		return take_lines(p, message, reterr);
	case LES_MESSAGE_PICTURE:
		return take_picture(flow, p, message, reterr);
	default: /* the rules leave only READ_DONE; FAIL was turned into an error */
		return finish_page(flow, p, message, reterr);
	}
}

void les_flow_hear(struct les_flow *flow, struct les_flow_page *p)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	struct les_recogniser *recogniser = p->recogniser;
	struct les_error error;
	enum les_kind kind =
		les_worker_receive(recogniser->worker, p->deadline_ms, &message, &error);
	bool said_fail = kind != LES_OK && message.type == LES_MESSAGE_FAIL &&
			 recogniser->worker->session.state == LES_STATE_IDLE;

	if (kind == LES_OK)
		kind = heard(flow, p, &message, &error);
	if (kind == LES_OK && recogniser->worker->session.state == LES_STATE_READING)
		return;
	p->recogniser = NULL;
	if (kind == LES_OK || said_fail) {
		if (flow->held_n[recogniser->role] > 1 &&
		    les_pool_is_wanted(flow->pool, recogniser->role))
			les_flow_recogniser_drop(flow, recogniser, true); /* another job has none */
		else
			flow->idle[flow->idle_n++] = recogniser;
	} else {
		if (kind == LES_PEER && !les_worker_usable(recogniser->worker)) {
			les_worker_end(recogniser->worker, &error);
			recogniser->worker = NULL;
		}
		les_flow_recogniser_drop(flow, recogniser, false);
	}
	if (kind != LES_OK)
		les_flow_page_fail(p, &error);
}
