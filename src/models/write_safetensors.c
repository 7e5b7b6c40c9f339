#include "models/write.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "ipc/weights.h"
#include "models/write_meta.h"

#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

enum { UUID_CHARS = 36, ALIGN_BYTES = 8 };

/* The nearest half; ties to even (IEEE 754). Infinity where it is too large. */
static uint16_t to_f16(float f)
{
	uint32_t bits;
	const float magnitude = fabsf(f);

	memcpy(&bits, &f, sizeof bits);
	const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
	if (magnitude < 0x1p-14f) /* subnormal: multiples of 2^-24 */
		return (uint16_t)(sign | (uint16_t)lrintf(magnitude * 0x1p24f));
	if (!(magnitude < 65520.0f))
		return sign | 0x7c00;
	bits &= 0x7fffffff;
	bits += 0xfff + (bits >> 13 & 1); /* a carry goes into the exponent, as it should */
	return (uint16_t)(sign | (uint16_t)((bits >> 13) - (112u << 10)));
}

/* An id that follows from the numbers: as a version 8 UUID (RFC 9562). */
static void make_uuid(const struct les_weights *weights, char out[static UUID_CHARS + 1])
{
	struct sha256_ctx context;
	uint8_t d[SHA256_DIGEST_SIZE];
	int at = 0;

	sha256_init(&context);
	sha256_update(&context, strlen(weights->spec), (const uint8_t *)weights->spec);
	for (uint32_t i = 0; i < weights->tensors_n; i++)
		sha256_update(&context, les_tensor_values(&weights->tensors[i]) * sizeof(float),
			      (const uint8_t *)weights->tensors[i].values);
	sha256_digest(&context, sizeof d, d);
	d[6] = (uint8_t)((d[6] & 0x0f) | 0x80);
	d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++)
		at += snprintf(out + at, (size_t)(UUID_CHARS + 1 - at), "%s%02x",
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", d[i]);
}

static int compare_names(const void *a, const void *b)
{
	const struct les_tensor *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* kraken_meta: {uuid: {…, "codec": …, "vgsl": …}} */
static char *describe(const struct les_weights *weights, const char *uuid)
{
	LES_CLEANUP(json_decref_p) json_t *models = json_object();
	json_t *meta = les_meta_json(weights, true), *codec = les_codec_json(weights);

	if (codec)
		json_object_set_new(meta, "codec", codec);
	json_object_set_new(meta, "vgsl", json_string(weights->spec));
	json_object_set_new(models, uuid, meta);
	return les_json_python(models);
}

static void put_row(const struct les_tensor *tensor, const char *uuid, bool f16, uint64_t *at,
		    struct les_buf *out)
{
	const uint64_t bytes = les_tensor_values(tensor) * (f16 ? 2u : 4u);
	char name[LES_TENSOR_NAME_BYTES_MAX + UUID_CHARS + 8];

	snprintf(name, sizeof name, "%s.nn.%s", uuid, tensor->name);
	les_buf_puts(out, ",");
	les_json_string(out, name);
	les_buf_printf(out, ":{\"dtype\":\"%s\",\"shape\":[", f16 ? "F16" : "F32");
	for (uint32_t i = 0; i < tensor->rank; i++)
		les_buf_printf(out, i ? ",%u" : "%u", tensor->dims[i]);
	les_buf_printf(out, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)*at,
		       (unsigned long long)(*at + bytes));
	*at += bytes;
}

static enum les_kind put_values(const struct les_tensor *tensor, bool f16, struct les_buf *out,
				struct les_error *reterr)
{
	const size_t n = les_tensor_values(tensor);

	if (!f16) {
		les_buf_put(out, tensor->values, n * sizeof(float));
		return LES_OK;
	}
	for (size_t i = 0; i < n; i++) {
		const uint16_t half = to_f16(tensor->values[i]);
		if ((half & 0x7c00) == 0x7c00)
			return les_fail(reterr, LES_LIMIT,
					"tensor %.60s has the value %g, which f16 cannot hold",
					tensor->name, (double)tensor->values[i]);
		les_buf_u16(out, half);
	}
	return LES_OK;
}

enum les_kind les_safetensors_write(const struct les_weights *weights, bool f16,
				    struct les_buf *out, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf header = LES_BUF(LES_MODEL_JSON_BYTES_MAX);
	LES_CLEANUP(les_free_p)
	const struct les_tensor **sorted = calloc(weights->tensors_n + 1u, sizeof *sorted);
	LES_CLEANUP(les_free_p) char *meta = NULL;
	char uuid[UUID_CHARS + 1];
	uint64_t at = 0;
	enum les_kind kind = LES_OK;

	make_uuid(weights, uuid);
	meta = describe(weights, uuid);
	if (!sorted || !meta)
		return les_fail(reterr, LES_NOMEM, "no memory for a model file");
	for (uint32_t i = 0; i < weights->tensors_n; i++)
		sorted[i] = &weights->tensors[i];
	qsort(sorted, weights->tensors_n, sizeof(struct les_tensor *), compare_names);
	les_buf_puts(&header, "{\"__metadata__\":{\"kraken_meta\":");
	les_json_string(&header, meta);
	les_buf_puts(&header, "}");
	for (uint32_t i = 0; i < weights->tensors_n; i++)
		put_row(sorted[i], uuid, f16, &at, &header);
	les_buf_puts(&header, "}");
	while (!header.failed && header.len % ALIGN_BYTES)
		les_buf_puts(&header, " ");
	if (header.failed)
		return les_fail(reterr, LES_LIMIT, "the model's description is too large");
	les_buf_u64(out, header.len);
	les_buf_put(out, header.bytes, header.len);
	for (uint32_t i = 0; i < weights->tensors_n && kind == LES_OK; i++)
		kind = put_values(sorted[i], f16, out, reterr);
	if (kind == LES_OK && out->failed)
		kind = les_fail(reterr, LES_LIMIT, "the model file is too large, or no memory");
	return kind;
}
