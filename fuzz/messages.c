/* Framing, the table of rules, and every body: the first byte chooses, the next two are the type.
 */
#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "ipc/message.h"
#include "ipc/training.h"

#include <string.h>

#define BODY(name, struct_type)                                                                    \
	static void body_##name(const struct les_message *m)                                       \
	{                                                                                          \
		struct_type out;                                                                   \
		les_##name##_parse(m, &out, NULL);                                                 \
	}

BODY(ready, struct les_ready)
BODY(open, struct les_open)
BODY(document, struct les_document)
BODY(next, uint32_t)
BODY(payload, struct les_payload)
BODY(model_ref, struct les_model_ref)
BODY(read, struct les_read)
BODY(read_done, struct les_read_done)
BODY(prepare_ask, struct les_prepare_ask)
BODY(prepare_page_ask, struct les_prepare_page_ask)
BODY(training, struct les_training)
BODY(training_report, struct les_training_report)
BODY(training_end, enum les_training_end)

static void body_page_info(const struct les_message *m)
{
	struct les_page_info info;

	if (les_page_info_parse(m, &info, NULL) != LES_OK)
		return;
	FUZZ_HOLDS(info.w_px >= 1 && info.w_px <= LES_PAGE_SIDE_MAX);
	FUZZ_HOLDS((uint64_t)info.stride_bytes * info.h_px <= LES_DECODE_OUT_BYTES_MAX);
}

static void body_fail(const struct les_message *m)
{
	struct les_error error;

	if (les_fail_parse(m, &error, NULL) != LES_OK)
		return;
	FUZZ_HOLDS(error.kind < 0 && error.kind > -LES_KIND_N);
	for (const char *p = error.message; *p; p++)
		FUZZ_HOLDS((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void (*const bodies[])(const struct les_message *) = {
	body_ready,     body_open,        body_document,         body_next,
	body_page_info, body_payload,     body_model_ref,        body_read,
	body_read_done, body_training,    body_training_report,  body_training_end,
	body_fail,      body_prepare_ask, body_prepare_page_ask,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct les_message m;

	les_message_parse(bytes, n, &m, NULL);
	if (n < 4 || n - 4 > LES_BODY_BYTES_MAX)
		return 0;
	m = LES_MESSAGE_NONE;
	m.type = (uint16_t)(bytes[1] | bytes[2] << 8);
	m.fds_n = bytes[3] % 4;
	m.body_bytes = (uint16_t)(n - 4);
	memcpy(m.body, bytes + 4, n - 4);
	bodies[bytes[0] % LES_COUNT(bodies)](&m);
	struct les_session session = {(enum les_role)(1 + bytes[0] % (LES_ROLE_N - 1)),
				      (enum les_state)(bytes[3] % (LES_STATE_FINISHED + 1))};
	les_session_step(&session, bytes[3] & 0x80 ? LES_ROLE_MAIN : session.role, &m, NULL);
	return 0;
}
