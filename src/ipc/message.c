#include "ipc/message.h"

#include "base/cleanup.h"
#include "base/cursor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* One row: who may send what, when, how large, and what follows. */
struct rule {
	enum les_message_type type;
	uint32_t roles; /* bits 1 << the worker's role */
	bool from_worker;
	enum les_state in, next;
	uint32_t fds_min, fds_max;
	uint32_t body_min, body_max;
};

enum {
	PAGE_INFO_BYTES = 4 * 5 + 4 + 4 * 4 + 4 * 2 + 4 * 4 + 4 * 6 + 4,
	TRAINING_BYTES_MIN = 4 + 8 + 18 * 4,
	FAIL_BYTES_MAX = 8 + LES_MESSAGE_BYTES_MAX,
};

#define DECODE (1u << LES_ROLE_DECODE)
#define RECOGNISE (1u << LES_ROLE_TESSERACT | 1u << LES_ROLE_READ)
#define TRAIN (1u << LES_ROLE_TRAIN)
#define ANY ((1u << LES_ROLE_N) - 1)
#define S(name) LES_STATE_##name
#define M(name) LES_MESSAGE_##name

static const struct rule rules[] = {
	/* type       roles   from   in           next         fds    body */
	{M(READY), ANY, true, S(STARTING), S(IDLE), 0, 0, 12, 76},
	{M(OPEN), DECODE, false, S(IDLE), S(OPENING), 1, 1, 28,
	 28 + LES_PASSWORD_BYTES_MAX + LES_PART_BYTES_MAX},
	{M(DOCUMENT), DECODE, true, S(OPENING), S(OPEN), 0, 0, 8, 8},
	{M(LAYOUT), DECODE, true, S(OPENING), S(FINISHED), 1, 1, 12, 12},
	{M(WEIGHTS), DECODE, true, S(OPENING), S(FINISHED), 1, 1, 12, 12},
	{M(FAIL), DECODE, true, S(OPENING), S(FINISHED), 0, 0, 8, FAIL_BYTES_MAX},
	{M(NEXT), DECODE, false, S(OPEN), S(PAGING), 0, 0, 4, 4},
	{M(PAGE), DECODE, true, S(PAGING), S(OPEN), 1, 1, PAGE_INFO_BYTES, PAGE_INFO_BYTES},
	{M(FAIL), DECODE, true, S(PAGING), S(OPEN), 0, 0, 8, FAIL_BYTES_MAX},
	{M(SOURCE), DECODE, false, S(IDLE), S(LISTING), 0, 1, 12, 12},
	{M(ENTRIES), DECODE, true, S(LISTING), S(SOURCE), 1, 1, 12, 12},
	{M(FAIL), DECODE, true, S(LISTING), S(FINISHED), 0, 0, 8, FAIL_BYTES_MAX},
	{M(ENTRY), DECODE, false, S(SOURCE), S(ENTRY), 0, 1, 8, 8},
	{M(PAGE), DECODE, true, S(ENTRY), S(SOURCE), 1, 1, PAGE_INFO_BYTES, PAGE_INFO_BYTES},
	{M(LAYOUT), DECODE, true, S(ENTRY), S(SOURCE), 1, 1, 12, 12},
	{M(FAIL), DECODE, true, S(ENTRY), S(SOURCE), 0, 0, 8, FAIL_BYTES_MAX},
	{M(PREPARE), TRAIN, false, S(IDLE), S(CUTTING), 2, 2, PAGE_INFO_BYTES + 16,
	 PAGE_INFO_BYTES + 16},
	{M(PREPARE_PAGE), TRAIN, false, S(IDLE), S(CUTTING), 1, 1, PAGE_INFO_BYTES + 8,
	 PAGE_INFO_BYTES + 8},
	{M(PREPARED), TRAIN, true, S(CUTTING), S(IDLE), 1, 1, 12, 12},
	{M(FAIL), TRAIN, true, S(CUTTING), S(IDLE), 0, 0, 8, FAIL_BYTES_MAX},
	{M(BASE), TRAIN, false, S(IDLE), S(IDLE), 1, 1, 0, 0},
	{M(RESUME), TRAIN, false, S(IDLE), S(IDLE), 1, 1, 0, 0},
	{M(TRAIN), TRAIN, false, S(IDLE), S(TRAINING), 1, 1, TRAINING_BYTES_MIN,
	 TRAINING_BYTES_MIN + LES_SPEC_BYTES_MAX},
	{M(REPORT), TRAIN, true, S(TRAINING), S(TRAINING), 0, 0, 80, 80},
	{M(CHECKPOINT), TRAIN, true, S(TRAINING), S(TRAINING), 1, 1, 12, 12},
	{M(BEST), TRAIN, true, S(TRAINING), S(TRAINING), 1, 1, 12, 12},
	{M(CURVE), TRAIN, true, S(TRAINING), S(TRAINING), 1, 1, 12, 12},
	{M(PLAN), TRAIN, true, S(TRAINING), S(TRAINING), 0, 0, 8, 8},
	{M(STOP), TRAIN, false, S(TRAINING), S(TRAINING), 0, 0, 0, 0},
	{M(STOP), TRAIN, false, S(IDLE), S(IDLE), 0, 0, 0, 0},
	{M(TRAINED), TRAIN, true, S(TRAINING), S(IDLE), 0, 0, 4, 4},
	{M(FAIL), TRAIN, true, S(TRAINING), S(IDLE), 0, 0, 8, FAIL_BYTES_MAX},
	{M(MODEL), RECOGNISE, false, S(IDLE), S(IDLE), 1, 1, 9, 8 + LES_MODEL_NAME_BYTES_MAX},
	{M(READ), RECOGNISE, false, S(IDLE), S(READING), 1, 2, PAGE_INFO_BYTES + 40,
	 PAGE_INFO_BYTES + 40 + LES_LANGUAGE_BYTES_MAX + 2 * LES_MODEL_NAME_BYTES_MAX},
	{M(LINES), RECOGNISE, true, S(READING), S(READING), 1, 1, 12, 12},
	{M(PICTURE), RECOGNISE, true, S(READING), S(READING), 1, 1, 12, 12},
	{M(READ_DONE), RECOGNISE, true, S(READING), S(IDLE), 0, 0, 12, 12},
	{M(FAIL), RECOGNISE, true, S(READING), S(IDLE), 0, 0, 8, FAIL_BYTES_MAX},
};

static const struct rule *rule_find(const struct les_session *session, bool from_worker,
				    const struct les_message *m)
{
	for (size_t i = 0; i < LES_COUNT(rules); i++) {
		const struct rule *r = &rules[i];
		if (r->type == m->type && (r->roles & 1u << session->role) &&
		    r->from_worker == from_worker && r->in == session->state &&
		    m->fds_n >= r->fds_min && m->fds_n <= r->fds_max &&
		    m->body_bytes >= r->body_min && m->body_bytes <= r->body_max)
			return r;
	}
	return NULL;
}

enum les_kind les_session_step(struct les_session *session, enum les_role from,
			       const struct les_message *message, struct les_error *reterr)
{
	const struct rule *rule = rule_find(session, from != LES_ROLE_MAIN, message);

	if (!rule)
		return les_fail(reterr, LES_PEER,
				"message %u (%u bytes, %u fds) is not allowed in state %d",
				(unsigned)message->type, (unsigned)message->body_bytes,
				message->fds_n, (int)session->state);
	session->state = rule->next;
	return LES_OK;
}

enum les_kind les_session_send(struct les_session *session, enum les_role from, int channel,
			       uint16_t type, const struct les_buf *body, const int *fds,
			       uint32_t fds_n, struct les_error *reterr)
{
	struct les_message outline = {
		.type = type, .body_bytes = body ? (uint16_t)body->len : 0, .fds_n = fds_n};
	struct les_session next = *session;

	if (body && body->failed)
		return les_fail(reterr, LES_NOMEM, "no memory for a message");
	enum les_kind stepped = les_session_step(&next, from, &outline, reterr);
	assert(stepped == LES_OK);
	if (stepped != LES_OK)
		return stepped;
	enum les_kind kind = les_channel_send(channel, type, body, fds, fds_n, reterr);
	if (kind == LES_OK)
		*session = next;
	return kind;
}

enum les_kind les_session_receive(struct les_session *session, enum les_role from, int channel,
				  int64_t deadline_ms, struct les_message *ret,
				  struct les_error *reterr)
{
	enum les_kind kind = les_channel_receive(channel, deadline_ms, ret, reterr);

	return kind == LES_OK ? les_session_step(session, from, ret, reterr) : kind;
}

static enum les_kind finish(const struct les_rd *r, bool fields_ok, const char *what,
			    struct les_error *reterr)
{
	return les_rd_done(r) && fields_ok
		       ? LES_OK
		       : les_fail(reterr, LES_PEER, "a malformed %s message", what);
}

/* Copies a string of at most size - 1 bytes. */
static void take_str(struct les_rd *r, char *out, size_t size)
{
	size_t n;
	const char *s = les_rd_str(r, size - 1, &n);

	if (s)
		memcpy(out, s, n);
	out[n] = 0;
}

/* Replaces what is not UTF-8 or is a control character, so that words from a library or a file name
 * within them are safe to show. */
static void make_printable(char *s)
{
	if (!les_utf8_valid(s, strlen(s)))
		for (char *p = s; *p; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
	for (char *p = s; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
		else if (p[0] == '\xc2' && (unsigned char)p[1] < 0xa0) /* C1: some terminals obey */
			p[0] = p[1] = ' ';
	}
}

void les_ready_encode(struct les_buf *out, const struct les_ready *ready)
{
	les_buf_u32(out, ready->landlock_abi);
	les_buf_u32(out, ready->confined);
	les_buf_str(out, ready->build_id);
}

enum les_kind les_ready_parse(const struct les_message *m, struct les_ready *ret,
			      struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);

	ret->landlock_abi = les_rd_u32(&r);
	ret->confined = les_rd_u32(&r);
	take_str(&r, ret->build_id, sizeof ret->build_id);
	make_printable(ret->build_id);
	return finish(&r, true, "READY", reterr);
}

void les_open_encode(struct les_buf *out, const struct les_open *open)
{
	les_buf_u32(out, open->want);
	les_buf_u32(out, open->pages_max);
	les_buf_u64(out, open->page_px_max);
	les_buf_u32(out, open->render_dpi);
	les_buf_str(out, open->password);
	les_buf_str(out, open->part);
}

enum les_kind les_open_parse(const struct les_message *m, struct les_open *ret,
			     struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	uint32_t want = les_rd_u32(&r);

	ret->want = (enum les_open_want)want;
	ret->pages_max = les_rd_u32(&r);
	ret->page_px_max = les_rd_u64(&r);
	ret->render_dpi = les_rd_u32(&r);
	take_str(&r, ret->password, sizeof ret->password);
	take_str(&r, ret->part, sizeof ret->part);
	bool ok = want >= LES_OPEN_DOCUMENT && want <= LES_OPEN_MODEL && ret->pages_max >= 1 &&
		  ret->pages_max <= LES_PAGES_MAX && ret->page_px_max >= 1 &&
		  ret->page_px_max <= LES_PAGE_PX_MAX && ret->render_dpi >= LES_RENDER_DPI_MIN &&
		  ret->render_dpi <= LES_DPI_MAX;
	return finish(&r, ok, "OPEN", reterr);
}

void les_document_encode(struct les_buf *out, const struct les_document *document)
{
	les_buf_u32(out, document->pages_n);
	les_buf_u32(out, document->kind);
}

enum les_kind les_document_parse(const struct les_message *m, struct les_document *ret,
				 struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);

	ret->pages_n = les_rd_u32(&r);
	uint32_t kind = les_rd_u32(&r);
	ret->kind = (enum les_document_kind)kind;
	bool ok = ret->pages_n >= 1 && ret->pages_n <= LES_PAGES_MAX && kind >= 1 &&
		  kind < LES_DOCUMENT_KIND_N;
	return finish(&r, ok, "DOCUMENT", reterr);
}

void les_next_encode(struct les_buf *out, uint32_t page)
{
	les_buf_u32(out, page);
}

enum les_kind les_next_parse(const struct les_message *m, uint32_t *ret_page,
			     struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);

	*ret_page = les_rd_u32(&r);
	return finish(&r, *ret_page >= 1 && *ret_page <= LES_PAGES_MAX, "NEXT", reterr);
}

void les_page_info_encode(struct les_buf *out, const struct les_page_info *info)
{
	const struct les_affine *m = &info->to_stored;
	const float affine[6] = {m->a, m->b, m->c, m->d, m->e, m->f};

	les_buf_u32(out, info->number);
	les_buf_u32(out, info->w_px);
	les_buf_u32(out, info->h_px);
	les_buf_u32(out, info->stride_bytes);
	les_buf_u32(out, info->channels);
	les_buf_f32(out, info->dpi);
	les_buf_u32(out, info->source);
	les_buf_u32(out, info->rotation_deg);
	les_buf_u32(out, info->mirrored);
	les_buf_u32(out, info->fonts_substituted);
	les_buf_u32(out, info->stored_w_px);
	les_buf_u32(out, info->stored_h_px);
	for (size_t i = 0; i < 4; i++)
		les_buf_f32(out, info->box_pt[i]);
	for (size_t i = 0; i < 6; i++)
		les_buf_f32(out, affine[i]);
	les_buf_u32(out, info->damaged);
}

/* A geometry that every later computation may trust: sizes within the caps, stride × h within
 * size_t, enumerations in range. */
static bool page_info_valid(const struct les_page_info *i, uint32_t source, uint32_t mirrored,
			    uint32_t damaged)
{
	bool sides = i->w_px >= 1 && i->h_px >= 1 && i->w_px <= LES_PAGE_SIDE_MAX &&
		     i->h_px <= LES_PAGE_SIDE_MAX && (uint64_t)i->w_px * i->h_px <= LES_PAGE_PX_MAX;
	bool layout =
		(i->channels == 1 || i->channels == 3) && i->stride_bytes == i->w_px * i->channels;

	return i->number >= 1 && i->number <= LES_PAGES_MAX && sides && layout && i->dpi >= 0 &&
	       i->dpi <= (float)LES_DPI_MAX && source >= LES_SOURCE_IMAGE &&
	       source <= LES_SOURCE_RENDERED && i->rotation_deg % 90 == 0 &&
	       i->rotation_deg < 360 && mirrored <= 1 && damaged <= 1 && i->stored_w_px >= 1 &&
	       i->stored_h_px >= 1;
}

static bool page_info_read(struct les_rd *r, struct les_page_info *ret)
{
	float affine[6];

	*ret = (struct les_page_info){.number = les_rd_u32(r)};
	ret->w_px = les_rd_u32(r);
	ret->h_px = les_rd_u32(r);
	ret->stride_bytes = les_rd_u32(r);
	ret->channels = les_rd_u32(r);
	ret->dpi = les_rd_f32(r);
	uint32_t source = les_rd_u32(r);
	ret->rotation_deg = les_rd_u32(r);
	uint32_t mirrored = les_rd_u32(r);
	ret->fonts_substituted = les_rd_u32(r);
	ret->stored_w_px = les_rd_u32(r);
	ret->stored_h_px = les_rd_u32(r);
	for (size_t i = 0; i < 4; i++)
		ret->box_pt[i] = les_rd_f32(r);
	for (size_t i = 0; i < 6; i++)
		affine[i] = les_rd_f32(r);
	uint32_t damaged = les_rd_u32(r);
	ret->source = (enum les_source)source;
	ret->mirrored = mirrored == 1;
	ret->damaged = damaged == 1;
	ret->to_stored = (struct les_affine){affine[0], affine[1], affine[2],
					     affine[3], affine[4], affine[5]};
	return !r->bad && page_info_valid(ret, source, mirrored, damaged);
}

enum les_kind les_page_info_parse(const struct les_message *m, struct les_page_info *ret,
				  struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	bool ok = page_info_read(&r, ret);

	return finish(&r, ok, "PAGE", reterr);
}

void les_source_open_encode(struct les_buf *out, const struct les_source_open *source)
{
	les_buf_u32(out, source->archive);
	les_buf_u64(out, source->page_px_max);
}

enum les_kind les_source_open_parse(const struct les_message *m, struct les_source_open *ret,
				    struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	uint32_t archive = les_rd_u32(&r);

	ret->archive = archive == 1;
	ret->page_px_max = les_rd_u64(&r);
	bool ok = archive <= 1 && m->fds_n == archive && ret->page_px_max >= 1 &&
		  ret->page_px_max <= LES_PAGE_PX_MAX;
	return finish(&r, ok, "SOURCE", reterr);
}

void les_entry_ask_encode(struct les_buf *out, const struct les_entry_ask *ask)
{
	les_buf_u32(out, ask->want);
	les_buf_u32(out, ask->index);
}

enum les_kind les_entry_ask_parse(const struct les_message *m, struct les_entry_ask *ret,
				  struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	uint32_t want = les_rd_u32(&r);

	ret->want = (enum les_entry_want)want;
	ret->index = les_rd_u32(&r);
	bool ok = want >= LES_ENTRY_PIXELS && want <= LES_ENTRY_TEXT &&
		  ret->index < LES_ENTRIES_MAX && (m->fds_n == 0 || ret->index == 0);
	return finish(&r, ok, "ENTRY", reterr);
}

void les_prepare_ask_encode(struct les_buf *out, const struct les_prepare_ask *ask)
{
	les_page_info_encode(out, &ask->page);
	les_buf_u32(out, ask->cut);
	les_buf_u32(out, ask->h_px);
	les_buf_u64(out, ask->layout_bytes);
}

enum les_kind les_prepare_ask_parse(const struct les_message *m, struct les_prepare_ask *ret,
				    struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	bool ok = page_info_read(&r, &ret->page);
	const uint32_t cut = les_rd_u32(&r);

	ret->cut = (enum les_line_cut)cut;
	ret->h_px = les_rd_u32(&r);
	ret->layout_bytes = les_rd_u64(&r);
	ok = ok && cut <= LES_CUT_BAND && ret->h_px >= LES_LINE_H_MIN &&
	     ret->h_px <= LES_LINE_H_MAX && ret->layout_bytes <= LES_RECORDS_BYTES_MAX;
	return finish(&r, ok, "PREPARE", reterr);
}

void les_prepare_page_ask_encode(struct les_buf *out, const struct les_prepare_page_ask *ask)
{
	les_page_info_encode(out, &ask->page);
	les_buf_u32(out, ask->h_px);
	les_buf_u32(out, ask->channels);
}

enum les_kind les_prepare_page_ask_parse(const struct les_message *m,
					 struct les_prepare_page_ask *ret, struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	bool ok = page_info_read(&r, &ret->page);

	ret->h_px = les_rd_u32(&r);
	ret->channels = les_rd_u32(&r);
	ok = ok && ret->h_px >= LES_PAGE_INPUT_H_MIN && ret->h_px <= LES_PAGE_INPUT_H_MAX &&
	     (ret->channels == 1 || ret->channels == 3);
	return finish(&r, ok, "PREPARE_PAGE", reterr);
}

void les_payload_encode(struct les_buf *out, const struct les_payload *payload)
{
	les_buf_u64(out, payload->bytes);
	les_buf_u32(out, payload->picture);
}

static uint64_t payload_max(uint16_t type)
{
	switch (type) {
	case LES_MESSAGE_CHECKPOINT:
		return LES_CHECKPOINT_BYTES_MAX;
	case LES_MESSAGE_PICTURE:
	case LES_MESSAGE_CURVE:
		return LES_PICTURE_BYTES_MAX;
	case LES_MESSAGE_WEIGHTS:
	case LES_MESSAGE_BEST:
		return LES_WEIGHTS_BYTES_MAX;
	case LES_MESSAGE_PREPARED:
		return LES_PREPARED_BYTES_MAX;
	default:
		return LES_RECORDS_BYTES_MAX;
	}
}

enum les_kind les_payload_parse(const struct les_message *m, struct les_payload *ret,
				struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	bool is_picture = m->type == LES_MESSAGE_PICTURE;

	ret->bytes = les_rd_u64(&r);
	uint32_t picture = les_rd_u32(&r);
	ret->picture = (enum les_picture)picture;
	/* never empty: one that holds nothing could be sent for ever */
	bool ok = ret->bytes >= 1 && ret->bytes <= payload_max(m->type) &&
		  (is_picture ? picture == LES_PICTURE_PAGE || picture == LES_PICTURE_OVERLAY
			      : picture == LES_PICTURE_NONE);
	return finish(&r, ok, "payload", reterr);
}

void les_model_ref_encode(struct les_buf *out, const struct les_model_ref *model)
{
	les_buf_u32(out, model->use);
	les_buf_str(out, model->id);
}

enum les_kind les_model_ref_parse(const struct les_message *m, struct les_model_ref *ret,
				  struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	uint32_t use = les_rd_u32(&r);

	ret->use = (enum les_model_use)use;
	take_str(&r, ret->id, sizeof ret->id);
	bool ok = use >= LES_MODEL_TESSDATA && use <= LES_MODEL_NET && ret->id[0];
	return finish(&r, ok, "MODEL", reterr);
}

void les_read_encode(struct les_buf *out, const struct les_read *read)
{
	les_page_info_encode(out, &read->page);
	les_buf_u32(out, read->mode);
	les_buf_u64(out, read->layout_bytes);
	les_buf_u32(out, read->pictures);
	les_buf_f32(out, read->illegible_below);
	les_buf_u32(out, read->precision);
	les_buf_u32(out, read->readings_n);
	les_buf_str(out, read->language);
	les_buf_str(out, read->recogniser);
	les_buf_str(out, read->segmenter);
}

enum les_kind les_read_parse(const struct les_message *m, struct les_read *ret,
			     struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	bool ok = page_info_read(&r, &ret->page);
	uint32_t mode = les_rd_u32(&r);

	ret->mode = (enum les_read_mode)mode;
	ret->layout_bytes = les_rd_u64(&r);
	ret->pictures = les_rd_u32(&r);
	ret->illegible_below = les_rd_f32(&r);
	uint32_t precision = les_rd_u32(&r);
	ret->precision = (enum les_read_precision)precision;
	ret->readings_n = les_rd_u32(&r);
	take_str(&r, ret->language, sizeof ret->language);
	take_str(&r, ret->recogniser, sizeof ret->recogniser);
	take_str(&r, ret->segmenter, sizeof ret->segmenter);
	ok = ok && mode >= LES_READ_PAGE && mode <= LES_READ_FIND && precision >= LES_READ_F32 &&
	     precision <= LES_READ_BF16 && ret->layout_bytes <= LES_RECORDS_BYTES_MAX &&
	     m->fds_n == (mode == LES_READ_LINES ? 2u : 1u) &&
	     ret->pictures < (2u << LES_PICTURE_OVERLAY) && ret->illegible_below >= 0 &&
	     ret->illegible_below <= 1 && ret->readings_n <= LES_LINE_READINGS_MAX;
	return finish(&r, ok, "READ", reterr);
}

void les_read_done_encode(struct les_buf *out, const struct les_read_done *done)
{
	les_buf_u32(out, done->lines_n);
	les_buf_u32(out, done->preprocess_us);
	les_buf_u32(out, done->recognise_us);
}

enum les_kind les_read_done_parse(const struct les_message *m, struct les_read_done *ret,
				  struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);

	ret->lines_n = les_rd_u32(&r);
	ret->preprocess_us = les_rd_u32(&r);
	ret->recognise_us = les_rd_u32(&r);
	return finish(&r, ret->lines_n <= LES_PAGE_LINES_MAX, "READ_DONE", reterr);
}

void les_fail_encode(struct les_buf *out, const struct les_error *error)
{
	char words[LES_MESSAGE_BYTES_MAX];

	snprintf(words, sizeof words, "%s", error->message);
	make_printable(words);
	les_buf_i32(out, error->kind);
	les_buf_str(out, words);
}

enum les_kind les_fail_parse(const struct les_message *m, struct les_error *ret,
			     struct les_error *reterr)
{
	struct les_rd r = les_rd(m->body, m->body_bytes);
	int32_t number = les_rd_i32(&r);

	take_str(&r, ret->message, sizeof ret->message);
	make_printable(ret->message);
	bool ok = les_kind_from_number(number, &ret->kind);
	return finish(&r, ok, "FAIL", reterr);
}
