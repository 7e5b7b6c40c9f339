/* The caps of types/limits.h on messages between processes, each at its edge. */
#include "edge.h"
#include "ipc/message.h"
#include "ipc/training.h"

/* The message that body holds, which is used up. */
static const struct les_message *message(uint16_t type, struct les_buf *body, uint32_t fds_n)
{
	static struct les_message m;

	assert_false(body->failed);
	assert_true(body->len <= sizeof m.body);
	m = (struct les_message){.type = type, .body_bytes = (uint16_t)body->len, .fds_n = fds_n};
	memcpy(m.body, body->bytes, body->len);
	les_buf_done(body);
	return &m;
}

/* OPEN, written by hand: its struct has no room for more. */
static enum les_kind open_with(uint64_t pages, uint64_t px, uint64_t dpi, uint64_t password,
			       uint64_t part)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_open got;

	les_buf_u32(&body, LES_OPEN_DOCUMENT);
	les_buf_u32(&body, (uint32_t)pages);
	les_buf_u64(&body, px);
	les_buf_u32(&body, (uint32_t)dpi);
	les_buf_str(&body, letters(password));
	les_buf_str(&body, letters(part));
	return les_open_parse(message(LES_MESSAGE_OPEN, &body, 1), &got, NULL);
}

static enum les_kind open_pages(uint64_t n)
{
	return open_with(n, 1, LES_RENDER_DPI_MIN, 0, 0);
}

static enum les_kind open_px(uint64_t n)
{
	return open_with(1, n, LES_RENDER_DPI_MIN, 0, 0);
}

static enum les_kind open_dpi(uint64_t n)
{
	return open_with(1, 1, n, 0, 0);
}

static enum les_kind open_password(uint64_t n)
{
	return open_with(1, 1, LES_RENDER_DPI_MIN, n, 0);
}

static enum les_kind open_part(uint64_t n)
{
	return open_with(1, 1, LES_RENDER_DPI_MIN, 0, n);
}

static enum les_kind document_pages(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_document got;

	les_document_encode(&body, &(struct les_document){(uint32_t)n, LES_DOCUMENT_PDF});
	return les_document_parse(message(LES_MESSAGE_DOCUMENT, &body, 0), &got, NULL);
}

static enum les_kind next_page(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	uint32_t got;

	les_next_encode(&body, (uint32_t)n);
	return les_next_parse(message(LES_MESSAGE_NEXT, &body, 0), &got, NULL);
}

static struct les_page_info some_info(uint64_t number, uint64_t w_px, uint64_t h_px)
{
	return (struct les_page_info){.number = (uint32_t)number,
				      .w_px = (uint32_t)w_px,
				      .h_px = (uint32_t)h_px,
				      .stride_bytes = (uint32_t)w_px,
				      .channels = 1,
				      .source = LES_SOURCE_IMAGE,
				      .stored_w_px = 1,
				      .stored_h_px = 1};
}

static enum les_kind page(const struct les_page_info *info)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_page_info got;

	les_page_info_encode(&body, info);
	return les_page_info_parse(message(LES_MESSAGE_PAGE, &body, 1), &got, NULL);
}

static enum les_kind page_number(uint64_t n)
{
	const struct les_page_info info = some_info(n, 1, 1);
	return page(&info);
}

static enum les_kind page_w(uint64_t n)
{
	const struct les_page_info info = some_info(1, n, 1);
	return page(&info);
}

static enum les_kind page_h(uint64_t n)
{
	const struct les_page_info info = some_info(1, 1, n);
	return page(&info);
}

/* Its pixels are a multiple of 8000. */
static enum les_kind page_rows(uint64_t n)
{
	const struct les_page_info info = some_info(1, 8000, n);
	return page(&info);
}

static enum les_kind page_dpi(uint64_t n)
{
	struct les_page_info info = some_info(1, 1, 1);
	info.dpi = (float)n;
	return page(&info);
}

static enum les_kind source_px(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_source_open got;

	les_source_open_encode(&body, &(struct les_source_open){.page_px_max = n});
	return les_source_open_parse(message(LES_MESSAGE_SOURCE, &body, 0), &got, NULL);
}

/* Numbers of entries begin at 0. */
static enum les_kind entry_number(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_entry_ask got;

	les_entry_ask_encode(&body, &(struct les_entry_ask){LES_ENTRY_TEXT, (uint32_t)n - 1});
	return les_entry_ask_parse(message(LES_MESSAGE_ENTRY, &body, 0), &got, NULL);
}

static enum les_kind prepare(uint64_t h_px, uint64_t layout_bytes)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_prepare_ask got;

	les_prepare_ask_encode(&body, &(struct les_prepare_ask){some_info(1, 1, 1), LES_CUT_BAND,
								(uint32_t)h_px, layout_bytes});
	return les_prepare_ask_parse(message(LES_MESSAGE_PREPARE, &body, 2), &got, NULL);
}

static enum les_kind prepare_h(uint64_t n)
{
	return prepare(n, 1);
}

static enum les_kind prepare_layout(uint64_t n)
{
	return prepare(LES_LINE_H_MIN, n);
}

static enum les_kind prepare_page_h(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_prepare_page_ask got;

	les_prepare_page_ask_encode(
		&body, &(struct les_prepare_page_ask){some_info(1, 1, 1), (uint32_t)n, 3});
	return les_prepare_page_ask_parse(message(LES_MESSAGE_PREPARE_PAGE, &body, 1), &got, NULL);
}

static enum les_kind payload(uint16_t type, enum les_picture picture, uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_payload got;

	les_payload_encode(&body, &(struct les_payload){n, picture});
	return les_payload_parse(message(type, &body, 1), &got, NULL);
}

static enum les_kind lines_bytes(uint64_t n)
{
	return payload(LES_MESSAGE_LINES, LES_PICTURE_NONE, n);
}

static enum les_kind picture_bytes(uint64_t n)
{
	return payload(LES_MESSAGE_PICTURE, LES_PICTURE_PAGE, n);
}

static enum les_kind weights_bytes(uint64_t n)
{
	return payload(LES_MESSAGE_WEIGHTS, LES_PICTURE_NONE, n);
}

static enum les_kind prepared_bytes(uint64_t n)
{
	return payload(LES_MESSAGE_PREPARED, LES_PICTURE_NONE, n);
}

static enum les_kind checkpoint_bytes(uint64_t n)
{
	return payload(LES_MESSAGE_CHECKPOINT, LES_PICTURE_NONE, n);
}

static enum les_kind model_id(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_model_ref got;

	les_buf_u32(&body, LES_MODEL_TESSDATA);
	les_buf_str(&body, letters(n));
	return les_model_ref_parse(message(LES_MESSAGE_MODEL, &body, 1), &got, NULL);
}

static enum les_kind read_with(uint64_t layout_bytes, uint64_t readings, uint64_t language,
			       uint64_t recogniser)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	const struct les_page_info info = some_info(1, 1, 1);
	struct les_read got;

	les_page_info_encode(&body, &info);
	les_buf_u32(&body, LES_READ_LINES);
	les_buf_u64(&body, layout_bytes);
	les_buf_u32(&body, 0);
	les_buf_f32(&body, 0);
	les_buf_u32(&body, LES_READ_F32);
	les_buf_u32(&body, (uint32_t)readings);
	les_buf_str(&body, letters(language));
	les_buf_str(&body, letters(recogniser));
	les_buf_str(&body, "");
	return les_read_parse(message(LES_MESSAGE_READ, &body, 2), &got, NULL);
}

static enum les_kind read_readings(uint64_t n)
{
	return read_with(0, n, 1, 1);
}

static enum les_kind read_layout(uint64_t n)
{
	return read_with(n, 0, 0, 0);
}

static enum les_kind read_language(uint64_t n)
{
	return read_with(1, 0, n, 0);
}

static enum les_kind read_recogniser(uint64_t n)
{
	return read_with(1, 0, 0, n);
}

static enum les_kind done_lines(uint64_t n)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	struct les_read_done got;

	les_read_done_encode(&body, &(struct les_read_done){.lines_n = (uint32_t)n});
	return les_read_done_parse(message(LES_MESSAGE_READ_DONE, &body, 0), &got, NULL);
}

static enum les_kind training(uint64_t epochs, uint64_t batch, uint64_t threads)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	const struct les_training ask = {.net = LES_NET_RECOGNITION,
					 .epochs_max = (uint32_t)epochs,
					 .batch_lines = (uint32_t)batch,
					 .rate = 1e-3f,
					 .schedule = LES_SCHEDULE_CONSTANT,
					 .resize = LES_RESIZE_UNION,
					 .precision = LES_PRECISION_F32,
					 .layer_rate = 1,
					 .threads = (uint32_t)threads};
	struct les_training got;

	les_training_encode(&body, &ask);
	return les_training_parse(message(LES_MESSAGE_TRAIN, &body, 1), &got, NULL);
}

static enum les_kind training_epochs(uint64_t n)
{
	return training(n, 1, 1);
}

static enum les_kind training_batch(uint64_t n)
{
	return training(1, n, 1);
}

static enum les_kind training_threads(uint64_t n)
{
	return training(1, 1, n);
}

static void messages_end_at_their_caps(void **state)
{
	(void)state;
	static const struct edge edges[] = {
		{"OPEN's pages", open_pages, LES_PAGES_MAX, LES_PEER},
		{"OPEN's pixels", open_px, LES_PAGE_PX_MAX, LES_PEER},
		{"OPEN's dpi", open_dpi, LES_DPI_MAX, LES_PEER},
		{"OPEN's password", open_password, LES_PASSWORD_BYTES_MAX, LES_PEER},
		{"OPEN's part", open_part, LES_PART_BYTES_MAX, LES_PEER},
		{"DOCUMENT's pages", document_pages, LES_PAGES_MAX, LES_PEER},
		{"NEXT's page", next_page, LES_PAGES_MAX, LES_PEER},
		{"PAGE's number", page_number, LES_PAGES_MAX, LES_PEER},
		{"PAGE's width", page_w, LES_PAGE_SIDE_MAX, LES_PEER},
		{"PAGE's height", page_h, LES_PAGE_SIDE_MAX, LES_PEER},
		{"PAGE's pixels", page_rows, LES_PAGE_PX_MAX / 8000, LES_PEER},
		{"PAGE's dpi", page_dpi, LES_DPI_MAX, LES_PEER},
		{"SOURCE's pixels", source_px, LES_PAGE_PX_MAX, LES_PEER},
		{"ENTRY's number", entry_number, LES_ENTRIES_MAX, LES_PEER},
		{"PREPARE's height", prepare_h, LES_LINE_H_MAX, LES_PEER},
		{"PREPARE's layout", prepare_layout, LES_RECORDS_BYTES_MAX, LES_PEER},
		{"PREPARE_PAGE's height", prepare_page_h, LES_PAGE_INPUT_H_MAX, LES_PEER},
		{"LINES", lines_bytes, LES_RECORDS_BYTES_MAX, LES_PEER},
		{"PICTURE", picture_bytes, LES_PICTURE_BYTES_MAX, LES_PEER},
		{"WEIGHTS", weights_bytes, LES_WEIGHTS_BYTES_MAX, LES_PEER},
		{"PREPARED", prepared_bytes, LES_PREPARED_BYTES_MAX, LES_PEER},
		{"CHECKPOINT", checkpoint_bytes, LES_CHECKPOINT_BYTES_MAX, LES_PEER},
		{"MODEL's id", model_id, LES_MODEL_NAME_BYTES_MAX, LES_PEER},
		{"READ's layout", read_layout, LES_RECORDS_BYTES_MAX, LES_PEER},
		{"READ's readings", read_readings, LES_LINE_READINGS_MAX, LES_PEER},
		{"READ's language", read_language, LES_LANGUAGE_BYTES_MAX, LES_PEER},
		{"READ's recogniser", read_recogniser, LES_MODEL_NAME_BYTES_MAX, LES_PEER},
		{"READ_DONE's lines", done_lines, LES_PAGE_LINES_MAX, LES_PEER},
		{"TRAIN's epochs", training_epochs, LES_EPOCHS_MAX, LES_PEER},
		{"TRAIN's batch", training_batch, LES_BATCH_LINES_MAX, LES_PEER},
		{"TRAIN's threads", training_threads, LES_THREADS_MAX, LES_PEER},
	};

	edges_hold(edges, LES_COUNT(edges));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_end_at_their_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
