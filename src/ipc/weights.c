#include "ipc/weights.h"

#include "base/cleanup.h"
#include "base/cursor.h"

#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

enum {
	VERSION = 1,
	FLAG_BOXES = 1,
	FLAG_LEGACY = 2,
	FLAG_TOPLINE = 4,
	FLAG_PLAIN_BOXES = 8,
	FLAG_BANDS = 16,
	HASH_AT = 24,
	USED_HEADER_BYTES = 88,
	TENSOR_BYTES = 20,
	CLASS_BYTES = 8,
	ALIGN_BYTES = 64,
};

static const uint8_t magic[8] = {'L', 'E', 'S', 'N', 'E', 'T', '1', '\n'};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are mapped as they are");

static void hash(const uint8_t *bytes, size_t n, uint8_t out[static LES_SHA256_BYTES])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, n, bytes);
	sha256_digest(&context, LES_SHA256_BYTES, out);
}

void les_sha256_hex(const void *bytes, size_t n, char out[static 2 * LES_SHA256_BYTES + 1])
{
	uint8_t digest[LES_SHA256_BYTES];

	hash(bytes, n, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ---- writing ---- */

static uint64_t align(uint64_t n)
{
	return (n + ALIGN_BYTES - 1) & ~(uint64_t)(ALIGN_BYTES - 1);
}

static uint64_t labels_count(const struct les_weights *w)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < w->codes_n; i++)
		n += w->codes[i].labels_n;
	return n;
}

static uint64_t strings_bytes(const struct les_weights *w)
{
	uint64_t n = strlen(w->spec) + strlen(w->precision) + strlen(w->meta) + 3;

	for (uint32_t i = 0; i < w->tensors_n; i++)
		n += strlen(w->tensors[i].name) + 1;
	for (uint32_t i = 0; i < w->classes_n; i++)
		n += strlen(w->classes[i].name) + 1;
	for (uint32_t i = 0; i < w->codes_n; i++)
		n += strlen(w->codes[i].text) + 1;
	return n;
}

enum les_kind les_weights_size(const struct les_weights *w, size_t *ret_bytes,
			       struct les_error *reterr)
{
	if (w->tensors_n > LES_TENSORS_MAX || w->codes_n > LES_CODES_MAX ||
	    w->classes_n > LES_CLASSES_MAX)
		return les_fail(reterr, LES_LIMIT, "too many tensors, codes or classes for a net");
	uint64_t n = LES_WEIGHTS_HEADER_BYTES + (uint64_t)TENSOR_BYTES * w->tensors_n +
		     (uint64_t)CLASS_BYTES * w->classes_n + 4ull * w->codes_n +
		     4 * labels_count(w) + strings_bytes(w);
	for (uint32_t i = 0; i < w->tensors_n; i++) {
		const size_t values_n = les_tensor_values(&w->tensors[i]);
		if (values_n > LES_WEIGHTS_BYTES_MAX / sizeof(float))
			return les_fail(reterr, LES_LIMIT, "tensor %.60s is too large",
					w->tensors[i].name);
		n = align(n) + values_n * sizeof(float);
	}
	if (n > LES_WEIGHTS_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "the net has %llu bytes, more than %llu",
				(unsigned long long)n, LES_WEIGHTS_BYTES_MAX);
	*ret_bytes = (size_t)n;
	return LES_OK;
}

static uint8_t *put(uint8_t *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

static uint8_t *put_u32(uint8_t *to, uint32_t v)
{
	return put(to, &v, sizeof v);
}

static uint8_t *put_u64(uint8_t *to, uint64_t v)
{
	return put(to, &v, sizeof v);
}

static uint8_t *put_string(uint8_t *to, const char *s)
{
	return put(to, s, strlen(s) + 1);
}

static void write_header(const struct les_weights *w, uint8_t *bytes, size_t n)
{
	uint8_t *to = put(bytes, magic, sizeof magic);
	const uint32_t flags =
		(w->boxes ? FLAG_BOXES : 0) | (w->cut == LES_CUT_POLYGON_LEGACY ? FLAG_LEGACY : 0) |
		(w->cut == LES_CUT_BAND ? FLAG_BANDS : 0) | (w->topline ? FLAG_TOPLINE : 0) |
		(w->plain_boxes ? FLAG_PLAIN_BOXES : 0);

	to = put_u32(to, VERSION);
	to = put_u32(to, w->kind);
	to = put_u64(to, n);
	to += LES_SHA256_BYTES;
	to = put_u32(to, flags);
	to = put(to, &w->temperature, sizeof w->temperature);
	to = put_u32(to, w->tensors_n);
	to = put_u32(to, w->classes_n);
	to = put_u32(to, w->codes_n);
	to = put_u32(to, (uint32_t)labels_count(w));
	put_u64(to, strings_bytes(w));
}

static uint8_t *write_tables(const struct les_weights *w, uint8_t *to)
{
	for (uint32_t i = 0; i < w->tensors_n; i++) {
		to = put_u32(to, w->tensors[i].rank);
		for (uint32_t k = 0; k < LES_TENSOR_RANK_MAX; k++)
			to = put_u32(to, k < w->tensors[i].rank ? w->tensors[i].dims[k] : 0);
	}
	for (uint32_t i = 0; i < w->classes_n; i++) {
		to = put_u32(to, w->classes[i].kind);
		to = put_u32(to, w->classes[i].channel);
	}
	for (uint32_t i = 0; i < w->codes_n; i++)
		to = put_u32(to, w->codes[i].labels_n);
	for (uint32_t i = 0; i < w->codes_n; i++)
		to = put(to, w->codes[i].labels, w->codes[i].labels_n * sizeof(uint32_t));
	to = put_string(put_string(put_string(to, w->spec), w->precision), w->meta);
	for (uint32_t i = 0; i < w->tensors_n; i++)
		to = put_string(to, w->tensors[i].name);
	for (uint32_t i = 0; i < w->classes_n; i++)
		to = put_string(to, w->classes[i].name);
	for (uint32_t i = 0; i < w->codes_n; i++)
		to = put_string(to, w->codes[i].text);
	return to;
}

void les_weights_write(const struct les_weights *w, uint8_t *bytes, size_t n)
{
	uint64_t at;

	write_header(w, bytes, n);
	at = (uint64_t)(write_tables(w, bytes + LES_WEIGHTS_HEADER_BYTES) - bytes);
	for (uint32_t i = 0; i < w->tensors_n; i++) {
		const size_t size = les_tensor_values(&w->tensors[i]) * sizeof(float);
		at = align(at);
		memcpy(bytes + at, w->tensors[i].values, size);
		at += size;
	}
	hash(bytes + LES_WEIGHTS_HEADER_BYTES, n - LES_WEIGHTS_HEADER_BYTES, bytes + HASH_AT);
}

/* ---- reading ---- */

struct reader {
	struct les_rd r;
	const uint8_t *start;
	struct les_arena *arena;
	struct les_weights *weights;
	uint32_t labels_n;
	uint64_t strings_bytes;
	struct les_rd strings;
};

static bool zeros(struct les_rd *r, size_t n)
{
	const uint8_t *at = les_rd_take(r, n);

	for (size_t i = 0; at && i < n; i++)
		if (at[i])
			return false;
	return at;
}

/* A count whose items must fit what is left. */
static uint32_t count(struct les_rd *head, const struct les_rd *rest, uint32_t max, size_t bytes)
{
	const uint32_t n = les_rd_u32(head);

	if (n > max || (uint64_t)n * bytes > les_rd_left(rest)) {
		head->bad = true;
		return 0;
	}
	return n;
}

static bool read_header(struct reader *in, size_t n)
{
	struct les_weights *w = in->weights;
	struct les_rd head = les_rd(les_rd_take(&in->r, LES_WEIGHTS_HEADER_BYTES),
				    in->r.bad ? 0 : LES_WEIGHTS_HEADER_BYTES);

	les_rd_take(&head, sizeof magic + sizeof(uint32_t));
	const uint32_t kind = les_rd_u32(&head);
	const uint64_t bytes = les_rd_u64(&head);
	les_rd_take(&head, LES_SHA256_BYTES);
	const uint32_t flags = les_rd_u32(&head);
	w->temperature = les_rd_f32(&head);
	w->tensors_n = count(&head, &in->r, LES_TENSORS_MAX, TENSOR_BYTES);
	w->classes_n = count(&head, &in->r, LES_CLASSES_MAX, CLASS_BYTES);
	w->codes_n = count(&head, &in->r, LES_CODES_MAX, sizeof(uint32_t));
	in->labels_n = count(&head, &in->r, LES_CODES_MAX * LES_CODE_LABELS_MAX, sizeof(uint32_t));
	in->strings_bytes = les_rd_u64(&head);
	w->kind = (enum les_net_kind)kind;
	w->boxes = flags & FLAG_BOXES;
	w->cut = flags & FLAG_BANDS    ? LES_CUT_BAND
		 : flags & FLAG_LEGACY ? LES_CUT_POLYGON_LEGACY
				       : LES_CUT_POLYGON;
	w->topline = flags & FLAG_TOPLINE;
	w->plain_boxes = flags & FLAG_PLAIN_BOXES;
	return zeros(&head, LES_WEIGHTS_HEADER_BYTES - USED_HEADER_BYTES) && les_rd_done(&head) &&
	       bytes == n && flags < 2 * FLAG_BANDS &&
	       !((flags & FLAG_LEGACY) && (flags & FLAG_BANDS)) && w->temperature > 0 &&
	       (kind == LES_NET_RECOGNITION || kind == LES_NET_SEGMENTATION);
}

static bool read_tensor(struct reader *in, struct les_tensor *tensor)
{
	bool ok = true;

	tensor->rank = les_rd_u32(&in->r);
	for (uint32_t k = 0; k < LES_TENSOR_RANK_MAX; k++) {
		tensor->dims[k] = les_rd_u32(&in->r);
		ok = ok && (tensor->dims[k] != 0) == (k < tensor->rank);
	}
	return ok && tensor->rank >= 1 && tensor->rank <= LES_TENSOR_RANK_MAX;
}

static bool read_tables(struct reader *in)
{
	struct les_weights *w = in->weights;
	uint64_t labels_n = 0;
	bool ok = true;

	for (uint32_t i = 0; i < w->tensors_n; i++)
		ok = read_tensor(in, &w->tensors[i]) && ok;
	for (uint32_t i = 0; i < w->classes_n; i++) {
		const uint32_t kind = les_rd_u32(&in->r);
		w->classes[i].kind = (enum les_class_kind)kind;
		w->classes[i].channel = les_rd_u32(&in->r);
		ok = ok && kind >= LES_CLASS_AUX && kind <= LES_CLASS_REGION;
	}
	for (uint32_t i = 0; i < w->codes_n; i++) {
		w->codes[i].labels_n = les_rd_u32(&in->r);
		labels_n += w->codes[i].labels_n;
		ok = ok && w->codes[i].labels_n >= 1 && w->codes[i].labels_n <= LES_CODE_LABELS_MAX;
	}
	if (!ok || labels_n != in->labels_n)
		return false;
	for (uint32_t i = 0; i < w->codes_n; i++) {
		/* the tables before are whole words, so these are aligned */
		w->codes[i].labels = (const uint32_t *)(const void *)les_rd_take(
			&in->r, w->codes[i].labels_n * sizeof(uint32_t));
		for (uint32_t k = 0; !in->r.bad && k < w->codes[i].labels_n; k++)
			ok = ok && w->codes[i].labels[k] >= 1;
	}
	return ok && !in->r.bad;
}

/* The next of the strings; "" and bad where there is none. */
static const char *read_string(struct reader *in)
{
	const size_t left = les_rd_left(&in->strings);
	const uint8_t *end = left ? memchr(in->strings.p, 0, left) : NULL;
	const size_t n = end ? (size_t)(end - in->strings.p) : 0;
	const char *s = end ? (const char *)les_rd_take(&in->strings, n + 1) : NULL;

	if (!s || !les_utf8_valid(s, n)) {
		in->strings.bad = true;
		return "";
	}
	return s;
}

static bool read_strings(struct reader *in)
{
	struct les_weights *w = in->weights;
	const uint8_t *at = in->strings_bytes <= les_rd_left(&in->r)
				    ? les_rd_take(&in->r, (size_t)in->strings_bytes)
				    : NULL;
	bool ok = at;

	in->strings = les_rd(at, at ? (size_t)in->strings_bytes : 0);
	w->spec = read_string(in);
	w->precision = read_string(in);
	w->meta = read_string(in);
	for (uint32_t i = 0; i < w->tensors_n; i++) {
		w->tensors[i].name = read_string(in);
		ok = ok && strlen(w->tensors[i].name) <= LES_TENSOR_NAME_BYTES_MAX;
	}
	for (uint32_t i = 0; i < w->classes_n; i++) {
		w->classes[i].name = read_string(in);
		ok = ok && strlen(w->classes[i].name) <= LES_NAME_BYTES_MAX;
	}
	for (uint32_t i = 0; i < w->codes_n; i++) {
		w->codes[i].text = read_string(in);
		ok = ok && w->codes[i].text[0] &&
		     strlen(w->codes[i].text) <= LES_CODE_TEXT_BYTES_MAX;
	}
	return ok && les_rd_done(&in->strings) && strlen(w->spec) <= LES_SPEC_BYTES_MAX;
}

static bool read_values(struct reader *in)
{
	struct les_weights *w = in->weights;

	for (uint32_t i = 0; i < w->tensors_n; i++) {
		const size_t values_n = les_tensor_values(&w->tensors[i]);
		const size_t at = (size_t)(in->r.p - in->start);
		if (values_n == 0 || values_n > LES_WEIGHTS_BYTES_MAX / sizeof(float) ||
		    !zeros(&in->r, align(at) - at))
			return false;
		w->tensors[i].values =
			(const float *)(const void *)les_rd_take(&in->r, values_n * sizeof(float));
	}
	return les_rd_done(&in->r);
}

enum les_kind les_weights_parse(const uint8_t *bytes, size_t n, struct les_arena *arena,
				struct les_weights *ret, struct les_error *reterr)
{
	struct les_weights weights = {0};
	struct reader in = {
		.r = les_rd(bytes, n), .start = bytes, .arena = arena, .weights = &weights};
	struct les_rd version = les_rd(bytes, n);

	if (n > LES_WEIGHTS_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "a net of %zu bytes, more than %llu", n,
				LES_WEIGHTS_BYTES_MAX);
	if (n < LES_WEIGHTS_HEADER_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
		return les_fail(reterr, LES_FORMAT, "no net: its first bytes say something else");
	les_rd_take(&version, sizeof magic);
	if (les_rd_u32(&version) != VERSION)
		return les_fail(reterr, LES_UNSUPPORTED, "a net of another version");
	if (!read_header(&in, n))
		return les_fail(reterr, LES_FORMAT, "the header of a net is damaged");
	weights.tensors = les_arena_alloc(arena, weights.tensors_n, sizeof *weights.tensors);
	weights.classes = les_arena_alloc(arena, weights.classes_n, sizeof *weights.classes);
	weights.codes = les_arena_alloc(arena, weights.codes_n, sizeof *weights.codes);
	if (!weights.tensors || !weights.classes || !weights.codes)
		return les_fail(reterr, LES_NOMEM, "no memory for the tables of a net");
	if (!read_tables(&in) || !read_strings(&in) || !read_values(&in))
		return les_fail(reterr, LES_FORMAT, "the tables of a net are damaged");
	*ret = weights;
	return LES_OK;
}

enum les_kind les_weights_verify(const uint8_t *bytes, size_t n, const struct les_weights *weights,
				 struct les_error *reterr)
{
	uint8_t digest[LES_SHA256_BYTES];

	hash(bytes + LES_WEIGHTS_HEADER_BYTES, n - LES_WEIGHTS_HEADER_BYTES, digest);
	if (memcmp(digest, bytes + HASH_AT, sizeof digest) != 0)
		return les_fail(reterr, LES_FORMAT, "a net whose hash is wrong");
	for (uint32_t i = 0; i < weights->tensors_n; i++) {
		const struct les_tensor *tensor = &weights->tensors[i];
		const size_t values_n = les_tensor_values(tensor);
		for (size_t k = 0; k < values_n; k++)
			if (!isfinite(tensor->values[k]))
				return les_fail(reterr, LES_FORMAT,
						"tensor %.60s has a value that is no number",
						tensor->name);
	}
	return LES_OK;
}
