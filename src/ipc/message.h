#ifndef LES_IPC_MESSAGE_H
#define LES_IPC_MESSAGE_H

#include "base/buf.h"
#include "base/error.h"
#include "ipc/channel.h"
#include "types/limits.h"
#include "types/page.h"
#include "types/role.h"
#include "types/weights.h"

#include <stdint.h>

/* The protocol between lesart and its workers, as a table (message.c): each message's type, who may
 * send it, in which state of the worker, how many fds and how many bytes it has, and the state
 * after it. Both sides step the same state machine; a message without a row ends the worker.
 *
 *                 lesart                          lesart-decode
 *                                              ←  READY     build id, what confines it
 *   OPEN      input fd, limits, password       →
 *                                              ←  DOCUMENT  pages, kind     | LAYOUT records
 *                                                           | WEIGHTS a net        | FAIL
 *   NEXT      page number (the one credit)     →
 *                                              ←  PAGE      geometry, pixels | FAIL that page
 *   SOURCE    ground truth: a ZIP's fd, or none →
 *                                              ←  ENTRIES   names, sizes     | FAIL
 *   ENTRY     number or fd, what of it         →
 *                                              ←  PAGE | LAYOUT              | FAIL that entry
 *
 *                 lesart                          lesart-train
 *                                              ←  READY
 *   PREPARE   page, lines, their height        →
 *   PREPARE_PAGE  page, a line finder's height →
 *                                              ←  PREPARED  line images, or the page scaled
 *                                                           | FAIL that page
 *   TRAIN …   see ipc/training.h
 *
 *                 lesart                          lesart-tesseract, lesart-read
 *                                              ←  READY
 *   MODEL     use, id, fd (as often as needed) →
 *   READ      page, options, fds               →
 *                                              ←  LINES     records (one or more)
 *                                              ←  PICTURE   PNG (where asked for)
 *                                              ←  READ_DONE timings         | FAIL that page
 */
enum les_message_type {
	LES_MESSAGE_READY = 1,
	LES_MESSAGE_FAIL = 2,
	LES_MESSAGE_OPEN = 10,
	LES_MESSAGE_DOCUMENT = 11,
	LES_MESSAGE_LAYOUT = 12,
	LES_MESSAGE_NEXT = 13,
	LES_MESSAGE_PAGE = 14,
	LES_MESSAGE_SOURCE = 15,
	LES_MESSAGE_ENTRIES = 16,
	LES_MESSAGE_ENTRY = 17,
	LES_MESSAGE_WEIGHTS = 18,
	LES_MESSAGE_MODEL = 20,
	LES_MESSAGE_READ = 21,
	LES_MESSAGE_LINES = 22,
	LES_MESSAGE_PICTURE = 23,
	LES_MESSAGE_READ_DONE = 24,
	LES_MESSAGE_PREPARE_PAGE = 27,
	LES_MESSAGE_PREPARE = 28,
	LES_MESSAGE_PREPARED = 29,
	LES_MESSAGE_BASE = 30,
	LES_MESSAGE_RESUME = 31,
	LES_MESSAGE_TRAIN = 32,
	LES_MESSAGE_REPORT = 33,
	LES_MESSAGE_CHECKPOINT = 34,
	LES_MESSAGE_BEST = 35,
	LES_MESSAGE_CURVE = 36,
	LES_MESSAGE_STOP = 37,
	LES_MESSAGE_TRAINED = 38,
	LES_MESSAGE_PLAN = 39,
};

/* A worker's state as both sides see it. */
enum les_state {
	LES_STATE_STARTING,
	LES_STATE_IDLE,
	LES_STATE_OPENING,  /* decode: OPEN was sent */
	LES_STATE_OPEN,     /* decode: has a document, no credit outstanding */
	LES_STATE_PAGING,   /* decode: NEXT was sent */
	LES_STATE_LISTING,  /* decode: SOURCE was sent */
	LES_STATE_SOURCE,   /* decode: has ground truth, no credit outstanding */
	LES_STATE_ENTRY,    /* decode: ENTRY was sent */
	LES_STATE_CUTTING,  /* train: PREPARE or PREPARE_PAGE was sent */
	LES_STATE_TRAINING, /* train: TRAIN was sent */
	LES_STATE_READING,  /* recogniser: READ was sent */
	LES_STATE_FINISHED, /* nothing more may come */
};

struct les_session {
	enum les_role role; /* the worker's */
	enum les_state state;
};

/* Checks a message against the table and steps the state. `from` is who sent it: LES_ROLE_MAIN or
 * the worker's role. errors: PEER where the table has no such row. */
enum les_kind les_session_step(struct les_session *session, enum les_role from,
			       const struct les_message *message, struct les_error *reterr);

/* Sends and steps, so that both sides stay in the same state. errors: as les_channel_send(); a
 * message that the table forbids is our own bug and asserts. */
enum les_kind les_session_send(struct les_session *session, enum les_role from, int channel,
			       uint16_t type, const struct les_buf *body, const int *fds,
			       uint32_t fds_n, struct les_error *reterr);

/* A worker's answers: a message with at most one fd (NULL for none; borrowed), bytes in a sealed
 * memfd of their own (picture NONE but for PICTURE), and the error of what is at hand. errors: as
 * above; IO and NOMEM of the memfd. */
enum les_kind les_session_answer(struct les_session *session, int channel, uint16_t type,
				 const struct les_buf *body, const int *fd,
				 struct les_error *reterr);
enum les_picture { LES_PICTURE_NONE = 0, LES_PICTURE_PAGE = 1, LES_PICTURE_OVERLAY = 2 };
enum les_kind les_session_answer_bytes(struct les_session *session, int channel, uint16_t type,
				       enum les_picture picture, const void *bytes, size_t n,
				       struct les_error *reterr);
enum les_kind les_session_answer_fail(struct les_session *session, int channel,
				      const struct les_error *error, struct les_error *reterr);

/* Receives and steps. As les_channel_receive() otherwise. */
enum les_kind les_session_receive(struct les_session *session, enum les_role from, int channel,
				  int64_t deadline_ms, struct les_message *ret,
				  struct les_error *reterr);

/* Bodies. encode appends to *out; parse checks every field's range and that nothing is left over
 * (PEER otherwise), and copies: the message may go afterwards. */

/* What confines a worker, said by itself at READY. */
enum {
	LES_CONFINED_SECCOMP = 1u << 0,
	LES_CONFINED_LANDLOCK = 1u << 1,
	LES_CONFINED_RLIMITS = 1u << 2,
};
struct les_ready {
	uint32_t landlock_abi; /* 0: none */
	uint32_t confined;     /* LES_CONFINED_… */
	char build_id[65];     /* both sides must be of one build */
};
void les_ready_encode(struct les_buf *out, const struct les_ready *ready);
enum les_kind les_ready_parse(const struct les_message *m, struct les_ready *ret,
			      struct les_error *reterr);

enum les_open_want {
	LES_OPEN_DOCUMENT = 1, /* answered by DOCUMENT: pages with pixels */
	LES_OPEN_LAYOUT = 2,   /* PAGE or ALTO XML, answered by LAYOUT: one page's records */
	LES_OPEN_MODEL = 3,    /* a model of kraken, answered by WEIGHTS (ipc/weights.h) */
};
struct les_open {
	enum les_open_want want;
	uint32_t pages_max;
	uint64_t page_px_max;
	uint32_t render_dpi;
	char password[LES_PASSWORD_BYTES_MAX + 1]; /* "" for none */
	char part[LES_PART_BYTES_MAX + 1];         /* which model of a file; "": the only one */
};
void les_open_encode(struct les_buf *out, const struct les_open *open);
enum les_kind les_open_parse(const struct les_message *m, struct les_open *ret,
			     struct les_error *reterr);

struct les_document {
	uint32_t pages_n;
	enum les_document_kind kind;
};
void les_document_encode(struct les_buf *out, const struct les_document *document);
enum les_kind les_document_parse(const struct les_message *m, struct les_document *ret,
				 struct les_error *reterr);

/* NEXT: the page's number, from 1. */
void les_next_encode(struct les_buf *out, uint32_t page);
enum les_kind les_next_parse(const struct les_message *m, uint32_t *ret_page,
			     struct les_error *reterr);

/* PAGE: the geometry; the fd holds stride × h bytes. */
void les_page_info_encode(struct les_buf *out, const struct les_page_info *info);
enum les_kind les_page_info_parse(const struct les_message *m, struct les_page_info *ret,
				  struct les_error *reterr);

/* SOURCE: ground truth. With an fd: a ZIP, whose entries are listed. Without: loose files, each of
 * which comes as an fd with its ENTRY, and the list is empty. */
struct les_source_open {
	bool archive;
	uint64_t page_px_max;
};
void les_source_open_encode(struct les_buf *out, const struct les_source_open *source);
enum les_kind les_source_open_parse(const struct les_message *m, struct les_source_open *ret,
				    struct les_error *reterr);

enum les_entry_want {
	LES_ENTRY_PIXELS = 1, /* answered by PAGE: an image of one page */
	LES_ENTRY_SIZE = 2,   /* answered by LAYOUT: the image's upright size, no lines */
	LES_ENTRY_LAYOUT = 3, /* PAGE or ALTO XML, answered by LAYOUT */
	LES_ENTRY_TEXT = 4,   /* plain UTF-8, answered by LAYOUT: one line without geometry */
};
/* ENTRY: one of a ZIP by its number in ENTRIES, from 0; or a loose file by its fd. */
struct les_entry_ask {
	enum les_entry_want want;
	uint32_t index;
};
void les_entry_ask_encode(struct les_buf *out, const struct les_entry_ask *ask);
enum les_kind les_entry_ask_parse(const struct les_message *m, struct les_entry_ask *ret,
				  struct les_error *reterr);

/* PREPARE: a page's pixels (first fd) and the records of the lines to cut out of it (second), to be
 * kept at a height (train/prepare.h). */
struct les_prepare_ask {
	struct les_page_info page;
	enum les_line_cut cut;
	uint32_t h_px;
	uint64_t layout_bytes;
};
void les_prepare_ask_encode(struct les_buf *out, const struct les_prepare_ask *ask);
enum les_kind les_prepare_ask_parse(const struct les_message *m, struct les_prepare_ask *ret,
				    struct les_error *reterr);

/* PREPARE_PAGE: a page's pixels, to be brought to a line finder's height and channels
 * (train/prepare.h). */
struct les_prepare_page_ask {
	struct les_page_info page;
	uint32_t h_px, channels;
};
void les_prepare_page_ask_encode(struct les_buf *out, const struct les_prepare_page_ask *ask);
enum les_kind les_prepare_page_ask_parse(const struct les_message *m,
					 struct les_prepare_page_ask *ret,
					 struct les_error *reterr);

/* Bytes in an fd: LAYOUT, LINES and ENTRIES (records), PREPARED (line images, a page), PICTURE
 * (PNG). */
struct les_payload {
	uint64_t bytes;
	enum les_picture picture; /* PICTURE only, NONE otherwise */
};
void les_payload_encode(struct les_buf *out, const struct les_payload *payload);
enum les_kind les_payload_parse(const struct les_message *m, struct les_payload *ret,
				struct les_error *reterr);

/* MODEL: what the fd holds, and what READ calls it. */
enum les_model_use {
	LES_MODEL_TESSDATA = 1, /* id is the language's name: "deu", "script/Fraktur" */
	LES_MODEL_NET = 2,      /* canonical weights (ipc/weights.h); id is their SHA-256 in hex */
};
struct les_model_ref {
	enum les_model_use use;
	char id[LES_MODEL_NAME_BYTES_MAX + 1];
};
void les_model_ref_encode(struct les_buf *out, const struct les_model_ref *model);
enum les_kind les_model_ref_parse(const struct les_message *m, struct les_model_ref *ret,
				  struct les_error *reterr);

enum les_read_mode {
	LES_READ_PAGE = 1,  /* find the lines, read them */
	LES_READ_LINES = 2, /* read these lines: their records are in the second fd */
	LES_READ_ONE = 3,   /* the whole image is one line */
	LES_READ_FIND = 4,  /* find the lines, leave them unread */
};
enum les_read_precision { /* of nets */
			  LES_READ_F32 = 1,
			  LES_READ_BF16 = 2,
};
struct les_read {
	struct les_page_info page; /* the first fd: its pixels */
	enum les_read_mode mode;
	char language[LES_LANGUAGE_BYTES_MAX + 1];     /* of print: "deu+frk"; else "" */
	char recogniser[LES_MODEL_NAME_BYTES_MAX + 1]; /* ids of nets; "" for none */
	char segmenter[LES_MODEL_NAME_BYTES_MAX + 1];
	enum les_read_precision precision;
	uint64_t layout_bytes; /* LES_READ_LINES: size of the second fd */
	uint32_t pictures;     /* bits 1 << LES_PICTURE_… that are wanted */
	float illegible_below; /* words under it are flagged */
	uint32_t readings_n;   /* of each line, that nets give besides: 0..LES_LINE_READINGS_MAX */
};
void les_read_encode(struct les_buf *out, const struct les_read *read);
enum les_kind les_read_parse(const struct les_message *m, struct les_read *ret,
			     struct les_error *reterr);

struct les_read_done {
	uint32_t lines_n;
	uint32_t preprocess_us, recognise_us; /* a line may take a millisecond */
};
void les_read_done_encode(struct les_buf *out, const struct les_read_done *done);
enum les_kind les_read_done_parse(const struct les_message *m, struct les_read_done *ret,
				  struct les_error *reterr);

/* FAIL: the error of the document or page at hand. Words from a worker are cut and made valid
 * UTF-8; they are still its words. */
void les_fail_encode(struct les_buf *out, const struct les_error *error);
enum les_kind les_fail_parse(const struct les_message *m, struct les_error *ret,
			     struct les_error *reterr);

#endif
