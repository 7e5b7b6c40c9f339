/* .safetensors: u64 length of a JSON header, the header, the tensors' bytes (safetensors' README,
 * "Format"). kraken 7 puts its models' descriptions into __metadata__.kraken_meta, by uuid. */
#include "base/buf.h"
#include "base/cleanup.h"
#include "decode/model_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LES_DEFINE_CLEANUP(json_t, json_decref)

static const struct {
	const char *name;
	enum les_storage storage;
	size_t bytes;
} dtypes[] = {
	{"F32", LES_STORED_F32, 4},
	{"F16", LES_STORED_F16, 2},
	{"BF16", LES_STORED_BF16, 2},
};

/* One tensor's row of the header. */
struct row {
	const char *name; /* whole */
	uint32_t dtype, rank;
	uint32_t dims[LES_TENSOR_RANK_MAX];
	uint64_t from, to;
};

static bool row_shape(const json_t *shape, struct row *row, uint64_t *ret_values)
{
	uint64_t values = 1;

	if (!json_is_array(shape) || json_array_size(shape) > LES_TENSOR_RANK_MAX)
		return false;
	row->rank = (uint32_t)json_array_size(shape);
	for (uint32_t i = 0; i < row->rank; i++) {
		const json_t *side = json_array_get(shape, i);
		const json_int_t v = json_integer_value(side);
		if (!json_is_integer(side) || v < 0 || v > UINT32_MAX ||
		    __builtin_mul_overflow(values, (uint64_t)v, &values))
			return false;
		row->dims[i] = (uint32_t)v;
	}
	*ret_values = values;
	return true;
}

/* errors: FORMAT, UNSUPPORTED with the tensor's name. */
static enum les_kind row_read(const char *name, const json_t *json, uint64_t data_bytes,
			      struct row *row, struct les_error *reterr)
{
	const char *dtype = json_string_value(json_object_get(json, "dtype"));
	const json_t *offsets = json_object_get(json, "data_offsets");
	const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
	const json_int_t from_v = json_integer_value(from), to_v = json_integer_value(to);
	uint64_t values, bytes;

	*row = (struct row){.name = name};
	while (row->dtype < LES_COUNT(dtypes) && dtype &&
	       strcmp(dtype, dtypes[row->dtype].name) != 0)
		row->dtype++;
	if (!dtype || row->dtype == LES_COUNT(dtypes))
		return les_fail(reterr, LES_UNSUPPORTED,
				"tensor %.100s is stored as %.20s, which is none of F32, F16, BF16",
				name, dtype ? dtype : "nothing");
	if (!row_shape(json_object_get(json, "shape"), row, &values))
		return les_fail(reterr, LES_FORMAT, "tensor %.100s has no shape that we read",
				name);
	if (json_array_size(offsets) != 2 || !json_is_integer(from) || !json_is_integer(to) ||
	    from_v < 0 || to_v < from_v || (uint64_t)to_v > data_bytes)
		return les_fail(reterr, LES_FORMAT, "tensor %.100s lies outside the file", name);
	row->from = (uint64_t)from_v;
	row->to = (uint64_t)to_v;
	if (__builtin_mul_overflow(values, (uint64_t)dtypes[row->dtype].bytes, &bytes) ||
	    bytes != row->to - row->from)
		return les_fail(reterr, LES_FORMAT,
				"tensor %.100s: its shape does not fill its bytes", name);
	return LES_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* All rows in the order of their bytes, which must follow each other without gap or overlap. */
static enum les_kind rows_read(json_t *header, uint64_t data_bytes, struct row **ret,
			       uint32_t *ret_n, struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) struct row *rows = NULL;
	uint64_t end = 0;
	uint32_t n = 0;
	const char *name;
	json_t *value;

	if (json_object_size(header) > LES_TENSORS_MAX)
		return les_fail(reterr, LES_LIMIT, "the file has more than %u tensors",
				LES_TENSORS_MAX);
	rows = calloc(json_object_size(header) + 1, sizeof *rows);
	if (!rows)
		return les_fail(reterr, LES_NOMEM, "no memory for a model");
	json_object_foreach(header, name, value)
	{
		if (strcmp(name, "__metadata__") == 0)
			continue;
		enum les_kind kind = row_read(name, value, data_bytes, &rows[n++], reterr);
		if (kind != LES_OK)
			return kind;
	}
	qsort(rows, n, sizeof *rows, compare_rows);
	for (uint32_t i = 0; i < n; end = rows[i++].to)
		if (rows[i].from != end)
			return les_fail(reterr, LES_FORMAT, "tensor %.100s %s", rows[i].name,
					rows[i].from < end ? "overlaps another" : "leaves a gap");
	if (end != data_bytes)
		return les_fail(reterr, LES_FORMAT, "%llu bytes of the file belong to no tensor",
				(unsigned long long)(data_bytes - end));
	*ret = LES_TAKE(rows);
	*ret_n = n;
	return LES_OK;
}

/* ---- which model ---- */

static bool is_net(const json_t *model)
{
	const char *class = json_string_value(json_object_get(model, "_model"));

	return class && strcmp(class, "TorchVGSLModel") == 0;
}

/* ARG: "the file has several models: 1 UUID (recognition), …" */
static enum les_kind tell_models(json_t *models, const char *part, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf list = LES_BUF(LES_MESSAGE_BYTES_MAX * 4);
	uint32_t number = 0;
	const char *uuid;
	json_t *model;

	json_object_foreach(models, uuid, model)
	{
		const json_t *tasks = json_object_get(model, "_tasks");
		const char *task = json_string_value(json_array_get(tasks, 0));
		les_buf_printf(&list, "%s%u %.36s (%.16s)", number ? ", " : "", number + 1, uuid,
			       task ? task : "recognition");
		number++;
	}
	return les_fail(reterr, LES_ARG, "%s%.36s; it has %s",
			part[0] ? "the file has no model " : "choose one of the file's models",
			part, list.bytes ? (const char *)list.bytes : "none");
}

static enum les_kind find_model(json_t *models, const char *part, const char **ret_uuid,
				json_t **ret_model, struct les_error *reterr)
{
	const unsigned long wanted = part[0] ? strtoul(part, NULL, 10) : 0;
	uint32_t number = 0, nets_n = 0;
	const char *uuid, *found = NULL;
	json_t *model;

	json_object_foreach(models, uuid, model)
	{
		char text[16];
		snprintf(text, sizeof text, "%lu", wanted);
		number++;
		nets_n += is_net(model);
		if (part[0] ? strcmp(part, uuid) == 0 ||
				      (number == wanted && strcmp(part, text) == 0)
			    : is_net(model))
			found = uuid;
	}
	if (number == 0)
		return les_fail(reterr, LES_FORMAT, "kraken_meta describes no model");
	if (!found && !part[0])
		return les_fail(reterr, LES_UNSUPPORTED,
				"no model in the file is a net of kraken's VGSL kind");
	if (!found || (!part[0] && nets_n > 1))
		return tell_models(models, part, reterr);
	*ret_uuid = found;
	*ret_model = json_object_get(models, found);
	if (!is_net(*ret_model))
		return les_fail(reterr, LES_UNSUPPORTED,
				"model %.40s is a %.40s, not a net of kraken's VGSL kind", found,
				json_object_get(*ret_model, "_model")
					? json_string_value(json_object_get(*ret_model, "_model"))
					: "nameless thing");
	return LES_OK;
}

/* ---- tensors ---- */

static enum les_kind take_row(struct les_maker *maker, const struct row *row, const char *name,
			      const uint8_t *data)
{
	struct les_rd r = les_rd(data + row->from, row->to - row->from);
	float *values;
	enum les_kind kind = les_maker_tensor(maker, name, row->rank, row->dims, &values);

	if (kind != LES_OK)
		return kind;
	return les_maker_values(maker, name, &r, dtypes[row->dtype].storage,
				(row->to - row->from) / dtypes[row->dtype].bytes, values);
}

/* Those called "UUID.nn.…"; what belongs to other models of the file is passed over, what belongs
 * to none is an error. */
static enum les_kind take_rows(struct les_maker *maker, json_t *models, const char *uuid,
			       const struct row *rows, uint32_t n, const uint8_t *data)
{
	char owner[LES_TENSOR_NAME_BYTES_MAX + 1];
	const size_t uuid_n = strlen(uuid);
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < n && kind == LES_OK; i++) {
		const size_t owner_n = strcspn(rows[i].name, ".");
		snprintf(owner, sizeof owner, "%.*s", (int)(owner_n < 128 ? owner_n : 128),
			 rows[i].name);
		if (!json_object_get(models, owner))
			return les_fail(maker->reterr, LES_FORMAT,
					"tensor %.100s belongs to no model of the file",
					rows[i].name);
		if (owner_n != uuid_n || memcmp(owner, uuid, uuid_n) != 0)
			continue;
		if (strncmp(rows[i].name + owner_n, ".nn.", 4) != 0)
			return les_fail(maker->reterr, LES_UNSUPPORTED,
					"tensor %.100s is not one of the net", rows[i].name);
		kind = take_row(maker, &rows[i], rows[i].name + owner_n + 4, data);
	}
	return kind;
}

static enum les_kind models_read(json_t *header, json_t **ret, struct les_error *reterr)
{
	const json_t *metadata = json_object_get(header, "__metadata__");
	const json_t *text = json_object_get(metadata, "kraken_meta");
	enum les_kind kind;

	if (!json_is_string(text))
		return les_fail(reterr, LES_UNSUPPORTED,
				"a .safetensors file that is not kraken's: it has no kraken_meta");
	kind = les_model_json(json_string_value(text), json_string_length(text), "kraken_meta", ret,
			      reterr);
	if (kind != LES_OK)
		return kind;
	if (!json_is_object(*ret))
		return les_fail(reterr, LES_FORMAT, "kraken_meta is no object");
	if (json_object_size(*ret) > LES_MODELS_IN_FILE_MAX)
		return les_fail(reterr, LES_LIMIT, "more than %u models in one file",
				LES_MODELS_IN_FILE_MAX);
	return LES_OK;
}

enum les_kind les_safetensors_parse(struct les_maker *maker, const uint8_t *bytes, size_t n,
				    const char *part)
{
	LES_CLEANUP(json_decref_p) json_t *header = NULL;
	LES_CLEANUP(json_decref_p) json_t *models = NULL;
	LES_CLEANUP(les_free_p) struct row *rows = NULL;
	struct les_rd r = les_rd(bytes, n);
	const uint64_t header_bytes = les_rd_u64(&r);
	const uint8_t *text = header_bytes <= n ? les_rd_take(&r, (size_t)header_bytes) : NULL;
	const size_t data_bytes = les_rd_left(&r);
	struct les_model_meta from = {.type_key = "_tasks"};
	uint32_t rows_n = 0;
	const char *uuid = "";
	enum les_kind kind;

	if (!text)
		return les_fail(maker->reterr, LES_FORMAT, "the header is cut short");
	kind = les_model_json((const char *)text, (size_t)header_bytes, "the header", &header,
			      maker->reterr);
	if (kind == LES_OK && !json_is_object(header))
		kind = les_fail(maker->reterr, LES_FORMAT, "the header is no object");
	if (kind == LES_OK)
		kind = models_read(header, &models, maker->reterr);
	if (kind == LES_OK)
		kind = rows_read(header, data_bytes, &rows, &rows_n, maker->reterr);
	if (kind == LES_OK)
		kind = find_model(models, part, &uuid, &from.meta, maker->reterr);
	if (kind == LES_OK)
		kind = les_maker_meta(maker, &from);
	if (kind == LES_OK)
		kind = take_rows(maker, models, uuid, rows, rows_n,
				 bytes + sizeof header_bytes + header_bytes);
	return kind;
}
