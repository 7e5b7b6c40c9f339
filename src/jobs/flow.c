#include "jobs/flow.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

static struct les_flow_page *page_at(struct les_flow *flow, uint32_t i)
{
	return &flow->pages[(flow->first + i) % flow->capacity];
}

static void page_done(struct les_flow_page *p)
{
	les_fd_close(&p->pixels_fd);
	les_view_close(&p->pictures.page);
	les_view_close(&p->pictures.overlay);
	les_page_free(p->page);
	les_page_free(p->found);
	*p = (struct les_flow_page){.pixels_fd = -1};
}

void les_flow_page_fail(struct les_flow_page *p, const struct les_error *error)
{
	p->error = *error;
	p->state = LES_FLOW_FAILED;
	les_fd_close(&p->pixels_fd);
}

static int64_t decode_deadline(const struct les_flow *flow)
{
	return les_clock_ms() + (int64_t)flow->request->page_seconds * 1000;
}

int64_t les_flow_read_deadline(const struct les_flow *flow)
{
	return les_clock_ms() +
	       (int64_t)flow->request->page_seconds * 1000 * LES_READ_SECONDS_FACTOR;
}

/* ---- the decoder's side ---- */

enum { CANCEL_SLICE_MS = 100 };

static bool is_cancelled(const struct les_flow *flow)
{
	struct pollfd p = {.fd = flow->request->cancel_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* A decoder from the pool, unless the work is cancelled meanwhile. */
static enum les_kind decoder_take(struct les_flow *flow, struct les_error *reterr)
{
	const int64_t deadline_ms = les_clock_ms() + LES_WORKER_START_MS;
	enum les_kind kind = LES_DEADLINE;

	while (kind == LES_DEADLINE && les_clock_left_ms(deadline_ms)) {
		if (is_cancelled(flow))
			return les_fail(reterr, LES_CANCELLED, "cancelled");
		kind = les_pool_take_decoder(flow->pool, les_clock_ms() + CANCEL_SLICE_MS,
					     &flow->decoder, reterr);
	}
	return kind;
}

/* What the decoder answers, unless the work is cancelled while it is silent. */
static enum les_kind decoder_answer(struct les_flow *flow, int64_t deadline_ms,
				    struct les_message *ret, struct les_error *reterr)
{
	struct pollfd polls[] = {{.fd = flow->decoder->channel, .events = POLLIN},
				 {.fd = flow->request->cancel_fd, .events = POLLIN}};

	while (poll(polls, LES_COUNT(polls), les_clock_left_ms(deadline_ms)) < 0)
		; /* interrupted: look again */
	if (polls[1].revents)
		return les_fail(reterr, LES_CANCELLED, "cancelled");
	return les_worker_receive(flow->decoder, deadline_ms, ret, reterr);
}

static enum les_kind decoder_open(struct les_flow *flow, struct les_document *ret,
				  struct les_error *reterr)
{
	const struct les_job_request *request = flow->request;
	struct les_open open = {.want = LES_OPEN_DOCUMENT,
				.pages_max = request->pages_max,
				.page_px_max = request->page_px_max,
				.render_dpi = LES_RENDER_DPI_DEFAULT};
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;

	memcpy(open.password, request->password, strlen(request->password));
	les_open_encode(&body, &open);
	enum les_kind kind =
		les_worker_send(flow->decoder, LES_MESSAGE_OPEN, &body, &request->fd, 1, reterr);
	if (kind == LES_OK)
		kind = decoder_answer(flow, decode_deadline(flow), &message, reterr);
	if (kind == LES_OK)
		kind = les_document_parse(&message, ret, reterr);
	if (kind == LES_OK && ret->pages_n > request->pages_max)
		kind = les_fail(reterr, LES_PEER,
				"the decoder claims more pages than it was allowed");
	return kind;
}

static void decoder_end(struct les_flow *flow, struct les_error *reterr)
{
	if (flow->decoder)
		les_worker_end(LES_TAKE(flow->decoder), reterr);
}

enum les_kind les_flow_open(struct les_flow *flow, struct les_error *reterr)
{
	enum les_kind kind = decoder_take(flow, reterr);

	if (kind != LES_OK)
		return kind;
	kind = decoder_open(flow, &flow->document, reterr);
	if (kind != LES_OK) {
		bool broken = !les_worker_usable(flow->decoder) && kind == LES_PEER;
		decoder_end(flow, broken ? reterr : NULL);
		return kind;
	}
	flow->chosen_n = les_ranges_count(&flow->request->pages, flow->document.pages_n);
	flow->next_page = les_ranges_next(&flow->request->pages, 0, flow->document.pages_n);
	if (flow->chosen_n == 0)
		return les_fail(reterr, LES_ARG,
				"pages: the document has %u, and none of them was chosen",
				flow->document.pages_n);
	return LES_OK;
}

/* The decoder is of no more use after a page: that page is lost, a new decoder goes on after it,
 * unless the document has crashed too many. One that was only slow counts for nothing: there are no
 * more of these than pages, and each has had its time. */
static enum les_kind decoder_replace(struct les_flow *flow, bool crashed, struct les_error *reterr)
{
	struct les_document again;

	flow->decoder_crashes_n += crashed;
	if (flow->decoder_crashes_n >= LES_DOCUMENT_CRASHES_MAX)
		return les_fail(reterr, LES_PEER,
				"this document ended its decoder %u times; it is not tried again",
				flow->decoder_crashes_n);
	enum les_kind kind = decoder_take(flow, reterr);
	if (kind == LES_OK)
		kind = decoder_open(flow, &again, reterr);
	if (kind == LES_OK && again.pages_n != flow->document.pages_n)
		kind = les_fail(reterr, LES_PEER,
				"the decoder counts pages differently at each try");
	return kind;
}

/* Asks for the next page where there is room for it. */
static enum les_kind decoder_feed(struct les_flow *flow, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);

	if (flow->next_page == 0 || flow->count == flow->capacity ||
	    flow->decoder->session.state != LES_STATE_OPEN)
		return LES_OK;
	struct les_flow_page *p = page_at(flow, flow->count++);
	*p = (struct les_flow_page){.state = LES_FLOW_DECODING,
				    .number = flow->next_page,
				    .pixels_fd = -1,
				    .deadline_ms = decode_deadline(flow)};
	flow->next_page = les_ranges_next(&flow->request->pages, p->number, flow->document.pages_n);
	les_next_encode(&body, p->number);
	struct les_error error;
	if (les_worker_send(flow->decoder, LES_MESSAGE_NEXT, &body, NULL, 0, &error) == LES_OK)
		return LES_OK;
	decoder_end(flow, &error);
	les_flow_page_fail(p, &error);
	return flow->next_page ? decoder_replace(flow, true, reterr) : LES_OK;
}

/* Lines of another image would be read as noise. A layout without a size is taken on trust. */
static enum les_kind check_layout(const struct les_page *layout, const struct les_page_info *info,
				  struct les_error *reterr)
{
	if (!layout || layout->info.w_px == 0 ||
	    (layout->info.w_px == info->w_px && layout->info.h_px == info->h_px))
		return LES_OK;
	return les_fail(reterr, LES_ARG,
			"the layout is of an image of %u × %u pixels, the page has %u × %u",
			layout->info.w_px, layout->info.h_px, info->w_px, info->h_px);
}

static enum les_kind decoded(struct les_flow *flow, struct les_flow_page *p,
			     struct les_message *message, struct les_error *reterr)
{
	enum les_kind kind = les_page_info_parse(message, &p->info, reterr);

	if (kind != LES_OK)
		return kind;
	if (p->info.number != p->number ||
	    (uint64_t)p->info.w_px * p->info.h_px > flow->request->page_px_max)
		return les_fail(reterr, LES_PEER,
				"the decoder sent another page than was asked for");
	/* the recogniser checks as well; here it is still known who is to blame */
	kind = les_memfd_check(message->fds[0], (uint64_t)p->info.stride_bytes * p->info.h_px,
			       reterr);
	if (kind == LES_OK)
		kind = check_layout(flow->layout, &p->info, reterr);
	if (kind != LES_OK)
		return kind;
	p->pixels_fd = LES_TAKE_FD(message->fds[0]);
	p->state = LES_FLOW_DECODED;
	p->deadline_ms = les_flow_read_deadline(flow); /* of the wait for a recogniser */
	return LES_OK;
}

/* The decoder has something to say, or its time is up. */
static enum les_kind decoder_hear(struct les_flow *flow, struct les_flow_page *p,
				  struct les_error *reterr)
{
	LES_CLEANUP(les_message_done) struct les_message message = LES_MESSAGE_NONE;
	struct les_error error;
	double since = les_clock_s() + flow->request->page_seconds - (double)p->deadline_ms * 1e-3;
	enum les_kind kind = les_worker_receive(flow->decoder, p->deadline_ms, &message, &error);

	flow->totals->decode_seconds += since;
	if (kind == LES_OK)
		kind = decoded(flow, p, &message, &error);
	if (kind == LES_OK)
		return LES_OK;
	bool told = message.type == LES_MESSAGE_FAIL || kind != LES_PEER;
	if (told && flow->decoder->session.state == LES_STATE_OPEN) {
		les_flow_page_fail(p, &error); /* said in good order: the next page may be sound */
		return LES_OK;
	}
	decoder_end(flow, kind == LES_PEER ? &error : NULL);
	les_flow_page_fail(p, &error);
	return flow->next_page ? decoder_replace(flow, kind != LES_DEADLINE, reterr) : LES_OK;
}

/* ---- the sink's side ---- */

static enum les_kind sink_failed(enum les_kind kind, struct les_error *reterr)
{
	return les_fail(reterr, kind, "%s",
			kind == LES_CANCELLED ? "cancelled" : "the result could not be handed on");
}

static enum les_kind deliver_start(struct les_flow *flow, struct les_error *reterr)
{
	const struct les_job_start start = {.document = flow->document,
					    .pages_chosen_n = flow->chosen_n,
					    .engine = flow->engine,
					    .precision = flow->precision_name,
					    .models = flow->models};

	if (flow->started)
		return LES_OK;
	flow->started = true;
	enum les_kind kind =
		flow->sink->start ? flow->sink->start(flow->sink->context, &start) : LES_OK;
	return kind == LES_OK ? LES_OK : sink_failed(kind, reterr);
}

static void count_page(struct les_job_totals *totals, const struct les_page *page)
{
	totals->lines_n += page->lines_n;
	for (uint32_t i = 0; i < page->lines_n; i++) {
		totals->words_n += page->lines[i].words_n;
		for (uint32_t k = 0; k < page->lines[i].words_n; k++)
			totals->illegible_n += page->lines[i].words[k].flags & LES_WORD_ILLEGIBLE;
	}
	/* a running mean over pages that have text */
	if (page->lines_n) {
		double weight = 1.0 / (totals->pages_with_text_n + 1);
		totals->confidence +=
			weight * ((double)les_page_confidence(page) - totals->confidence);
		totals->pages_with_text_n++;
	}
}

static enum les_kind deliver_done(struct les_flow *flow, struct les_flow_page *p)
{
	const struct les_job_sink *sink = flow->sink;

	flow->totals->pages_n++;
	count_page(flow->totals, p->page);
	return sink->page_done ? sink->page_done(sink->context, p->page, &p->pictures) : LES_OK;
}

static enum les_kind deliver_error(struct les_flow *flow, struct les_flow_page *p)
{
	const struct les_job_sink *sink = flow->sink;

	flow->totals->pages_n++;
	flow->totals->pages_failed_n++;
	return sink->page_error ? sink->page_error(sink->context, p->number, &p->error) : LES_OK;
}

/* Tells the sink what is ready of the page at the head; *ret_gone where it is finished and gone. */
static enum les_kind deliver_head(struct les_flow *flow, bool *ret_gone, struct les_error *reterr)
{
	struct les_flow_page *p = page_at(flow, 0);
	const struct les_job_sink *sink = flow->sink;
	enum les_kind kind;

	*ret_gone = false;
	if (p->state == LES_FLOW_DECODING)
		return LES_OK;
	if (p->state == LES_FLOW_FAILED && flow->chosen_n == 1) {
		if (reterr)
			*reterr = p->error;
		return p->error.kind;
	}
	kind = deliver_start(flow, reterr);
	if (kind != LES_OK)
		return kind;
	if (!p->announced && p->info.number && sink->page)
		kind = sink->page(sink->context, &p->info);
	p->announced = true;
	if (kind == LES_OK && p->state == LES_FLOW_DONE)
		kind = deliver_done(flow, p);
	else if (kind == LES_OK && p->state == LES_FLOW_FAILED)
		kind = deliver_error(flow, p);
	if (kind != LES_OK)
		return sink_failed(kind, reterr);
	*ret_gone = p->state == LES_FLOW_DONE || p->state == LES_FLOW_FAILED;
	if (*ret_gone) {
		page_done(p);
		flow->first = (flow->first + 1) % flow->capacity;
		flow->count--;
	}
	return LES_OK;
}

/* ---- the loop ---- */

static bool is_decoding(struct les_flow *flow, struct les_flow_page **ret)
{
	for (uint32_t i = 0; i < flow->count; i++) {
		*ret = page_at(flow, i);
		if ((*ret)->state == LES_FLOW_DECODING)
			return true;
	}
	return false;
}

static enum les_kind step_forward(struct les_flow *flow, struct les_error *reterr)
{
	struct les_flow_page *decoding;
	enum les_kind kind = LES_OK;
	bool gone = true;

	for (uint32_t i = 0; i < flow->count && kind == LES_OK; i++) {
		struct les_flow_page *p = page_at(flow, i);
		if (p->state == LES_FLOW_DECODED)
			kind = les_flow_recognise(flow, p, reterr);
		if (kind == LES_BUSY) /* no recogniser free: the page waits */
			kind = LES_OK;
	}
	while (kind == LES_OK && flow->count && gone)
		kind = deliver_head(flow, &gone, reterr);
	if (kind == LES_OK && flow->decoder)
		kind = decoder_feed(flow, reterr);
	if (kind == LES_OK && flow->next_page == 0 && !is_decoding(flow, &decoding))
		decoder_end(flow, NULL); /* its memory is of no more use */
	return kind;
}

/* Waits for the first worker to speak, for a deadline, or for cancellation, and hears who spoke. */
static enum les_kind listen_once(struct les_flow *flow, struct les_error *reterr)
{
	struct pollfd polls[LES_THREADS_MAX + 2];
	struct les_flow_page *pages[LES_THREADS_MAX + 2];
	int64_t deadline_ms = INT64_MAX;
	nfds_t n = 0;

	for (uint32_t i = 0; i < flow->count; i++) {
		struct les_flow_page *p = page_at(flow, i);
		if (p->state != LES_FLOW_DECODING && p->state != LES_FLOW_READING)
			continue;
		const struct les_worker *worker =
			p->state == LES_FLOW_DECODING ? flow->decoder : p->recogniser->worker;
		polls[n] = (struct pollfd){.fd = worker->channel, .events = POLLIN};
		pages[n++] = p;
		deadline_ms = p->deadline_ms < deadline_ms ? p->deadline_ms : deadline_ms;
	}
	if (n == 0) /* all pages are delivered, or wait for a recogniser, which has its own pause */
		deadline_ms = 0;
	polls[n] = (struct pollfd){.fd = flow->request->cancel_fd, .events = POLLIN};
	if (poll(polls, n + 1, les_clock_left_ms(deadline_ms)) < 0)
		return LES_OK; /* interrupted: look again */
	if (polls[n].revents)
		return les_fail(reterr, LES_CANCELLED, "cancelled");
	for (nfds_t i = 0; i < n; i++) {
		if (!polls[i].revents && les_clock_left_ms(pages[i]->deadline_ms) > 0)
			continue;
		if (pages[i]->state == LES_FLOW_READING) {
			les_flow_hear(flow, pages[i]);
			continue;
		}
		enum les_kind kind = decoder_hear(flow, pages[i], reterr);
		if (kind != LES_OK)
			return kind;
	}
	return LES_OK;
}

enum les_kind les_flow_run(struct les_flow *flow, struct les_error *reterr)
{
	flow->capacity = flow->request->threads + 1;
	flow->pages = calloc(flow->capacity, sizeof *flow->pages);
	if (!flow->pages)
		return les_fail(reterr, LES_NOMEM, "no memory for pages");
	for (uint32_t i = 0; i < flow->capacity; i++)
		flow->pages[i].pixels_fd = -1;
	while (flow->next_page || flow->count) {
		enum les_kind kind = step_forward(flow, reterr);
		if (kind == LES_OK)
			kind = listen_once(flow, reterr);
		if (kind != LES_OK)
			return kind;
	}
	return LES_OK;
}

void les_flow_done(struct les_flow *flow)
{
	decoder_end(flow, NULL);
	for (uint32_t i = 0; i < flow->count; i++) {
		struct les_flow_page *p = page_at(flow, i);
		if (p->recogniser) /* in the middle of a page: nobody else may get it */
			les_flow_recogniser_drop(flow, LES_TAKE(p->recogniser), false);
		page_done(p);
	}
	while (flow->idle_n)
		les_flow_recogniser_drop(flow, flow->idle[--flow->idle_n], true);
	free(flow->pages);
	flow->pages = NULL;
	flow->count = 0;
}
