#include "nn/dnnl_inside.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libgomp's, declared here because only gcc finds its omp.h. */
void omp_set_num_threads(int n);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
void GOMP_parallel(void (*run)(void *), void *context, unsigned threads_n, unsigned flags);

enum { BINDS_MAX = LES_ARG_N };

struct les_packed {
	descriptor layout;
	void *bytes;
};

struct les_call {
	dnnl_primitive_t primitive; /* borrowed */
	dnnl_exec_arg_t args[BINDS_MAX];
	int args_n;
};

static const struct {
	int number;
} args[LES_ARG_N] = {
	[LES_ARG_SRC] = {DNNL_ARG_SRC},
	[LES_ARG_WEIGHTS] = {DNNL_ARG_WEIGHTS},
	[LES_ARG_WEIGHTS_ITER] = {DNNL_ARG_WEIGHTS_ITER},
	[LES_ARG_BIAS] = {DNNL_ARG_BIAS},
	[LES_ARG_DST] = {DNNL_ARG_DST},
	[LES_ARG_WORKSPACE] = {DNNL_ARG_WORKSPACE},
	[LES_ARG_SCRATCH] = {DNNL_ARG_SCRATCHPAD},
	[LES_ARG_DIFF_SRC] = {DNNL_ARG_DIFF_SRC},
	[LES_ARG_DIFF_WEIGHTS] = {DNNL_ARG_DIFF_WEIGHTS},
	[LES_ARG_DIFF_WEIGHTS_ITER] = {DNNL_ARG_DIFF_WEIGHTS_ITER},
	[LES_ARG_DIFF_BIAS] = {DNNL_ARG_DIFF_BIAS},
	[LES_ARG_DIFF_DST] = {DNNL_ARG_DIFF_DST},
};

dnnl_engine_t les_dnnl_engine;
dnnl_primitive_attr_t les_dnnl_attr;

static dnnl_status_t engine_status;
static pthread_key_t stream_key;

static void end_stream(void *stream)
{
	dnnl_stream_destroy(stream);
}

static void make_engine(void)
{
	if (pthread_key_create(&stream_key, end_stream) != 0) {
		engine_status = dnnl_out_of_memory;
		return;
	}
	engine_status = dnnl_engine_create(&les_dnnl_engine, dnnl_cpu, 0);
	if (engine_status == dnnl_success)
		engine_status = dnnl_primitive_attr_create(&les_dnnl_attr);
	if (engine_status == dnnl_success)
		engine_status = dnnl_primitive_attr_set_scratchpad_mode(les_dnnl_attr,
									dnnl_scratchpad_mode_user);
}

dnnl_status_t les_attr_with(const_dnnl_post_ops_t ops, dnnl_primitive_attr_t *ret)
{
	dnnl_primitive_attr_t attr = NULL;
	dnnl_status_t status = dnnl_primitive_attr_clone(&attr, les_dnnl_attr);

	if (status == dnnl_success && ops)
		status = dnnl_primitive_attr_set_post_ops(attr, ops);
	if (status == dnnl_success)
		*ret = attr;
	else if (attr)
		dnnl_primitive_attr_destroy(attr);
	return status;
}

enum les_kind les_dnnl_fail(struct les_error *reterr, dnnl_status_t status, const char *what)
{
	switch (status) {
	case dnnl_out_of_memory:
		return les_fail(reterr, LES_NOMEM, "%s: memory ran out", what);
	case dnnl_unimplemented:
		return les_fail(reterr, LES_UNSUPPORTED, "%s: not on this processor", what);
	default:
		return les_fail(reterr, LES_ARG, "%s: oneDNN says %d", what, (int)status);
	}
}

static enum les_kind engine_ready(struct les_error *reterr)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_engine);
	return engine_status == dnnl_success ? LES_OK
					     : les_dnnl_fail(reterr, engine_status, "oneDNN");
}

/* One stream a thread: oneDNN's streams are not to be shared, and cost little. */
static dnnl_stream_t stream_of_thread(void)
{
	dnnl_stream_t stream = pthread_getspecific(stream_key);

	if (stream)
		return stream;
	if (dnnl_stream_create(&stream, les_dnnl_engine, dnnl_stream_default_flags) != dnnl_success)
		return NULL;
	if (pthread_setspecific(stream_key, stream) != 0) {
		dnnl_stream_destroy(stream);
		return NULL;
	}
	return stream;
}

#if DNNL_VERSION_MAJOR >= 3
dnnl_status_t les_descriptor_by_tag(descriptor *ret, int rank, const dnnl_dims_t dims,
				    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
	return dnnl_memory_desc_create_with_tag(ret, rank, dims, type, tag);
}

dnnl_status_t les_descriptor_by_strides(descriptor *ret, int rank, const dnnl_dims_t dims,
					dnnl_data_type_t type, const dnnl_dims_t strides)
{
	return dnnl_memory_desc_create_with_strides(ret, rank, dims, type, strides);
}

dnnl_status_t les_descriptor_copy(descriptor *ret, descriptor_view from)
{
	return dnnl_memory_desc_clone(ret, from);
}

void les_descriptor_free(descriptor *at)
{
	if (*at)
		dnnl_memory_desc_destroy(*at);
	*at = NULL;
}

static int descriptor_rank(descriptor_view at)
{
	int rank = 0;

	dnnl_memory_desc_query(at, dnnl_query_ndims_s32, &rank);
	return rank;
}

static void descriptor_dims(descriptor_view at, dnnl_dims_t ret)
{
	dnnl_dims_t *dims = NULL;

	dnnl_memory_desc_query(at, dnnl_query_dims, &dims);
	memcpy(ret, *dims, sizeof *dims);
}

static dnnl_data_type_t descriptor_type(descriptor_view at)
{
	dnnl_data_type_t type = dnnl_data_type_undef;

	dnnl_memory_desc_query(at, dnnl_query_data_type, &type);
	return type;
}
#else
dnnl_status_t les_descriptor_by_tag(descriptor *ret, int rank, const dnnl_dims_t dims,
				    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
	descriptor at = calloc(1, sizeof *at);

	if (!at)
		return dnnl_out_of_memory;
	*ret = at;
	return dnnl_memory_desc_init_by_tag(at, rank, dims, type, tag);
}

dnnl_status_t les_descriptor_by_strides(descriptor *ret, int rank, const dnnl_dims_t dims,
					dnnl_data_type_t type, const dnnl_dims_t strides)
{
	descriptor at = calloc(1, sizeof *at);

	if (!at)
		return dnnl_out_of_memory;
	*ret = at;
	return dnnl_memory_desc_init_by_strides(at, rank, dims, type, strides);
}

dnnl_status_t les_descriptor_copy(descriptor *ret, descriptor_view from)
{
	descriptor at = calloc(1, sizeof *at);

	if (!at)
		return dnnl_out_of_memory;
	*at = *from;
	*ret = at;
	return dnnl_success;
}

void les_descriptor_free(descriptor *at)
{
	free(*at);
	*at = NULL;
}

static int descriptor_rank(descriptor_view at)
{
	return at->ndims;
}

static void descriptor_dims(descriptor_view at, dnnl_dims_t ret)
{
	memcpy(ret, at->dims, sizeof at->dims);
}

static dnnl_data_type_t descriptor_type(descriptor_view at)
{
	return at->data_type;
}
#endif

dnnl_data_type_t les_number_of(enum les_type type)
{
	return type == LES_BF16 ? dnnl_bf16 : dnnl_f32;
}

dnnl_format_tag_t les_tag_of_block(int block)
{
	switch (block) {
	case LES_BLOCK_LAST:
		return dnnl_nhwc;
	case 1:
		return dnnl_nchw;
	case 8:
		return dnnl_nChw8c;
	case 16:
		return dnnl_nChw16c;
	default:
		return dnnl_format_tag_any;
	}
}

/* The argument's layout as the primitive has it; NULL where it has no such argument. */
descriptor_view les_layout_of(const struct les_prim *prim, enum les_arg arg)
{
	descriptor_view at =
		arg == LES_ARG_SCRATCH
			? dnnl_primitive_desc_query_md(prim->descriptor, dnnl_query_scratchpad_md,
						       0)
			: dnnl_primitive_desc_query_md(prim->descriptor, dnnl_query_exec_arg_md,
						       args[arg].number);

	return at && dnnl_memory_desc_get_size(at) > 0 ? at : NULL;
}

void les_prim_free(struct les_prim *prim)
{
	if (!prim)
		return;
	if (prim->primitive)
		dnnl_primitive_destroy(prim->primitive);
	if (prim->descriptor)
		dnnl_primitive_desc_destroy(prim->descriptor);
	for (size_t i = 0; i < LES_ARG_N; i++)
		les_descriptor_free(&prim->plain[i]);
	free(prim);
}

enum les_kind les_prim_new(struct les_prim **ret, struct les_error *reterr)
{
	enum les_kind kind = engine_ready(reterr);

	if (kind != LES_OK)
		return kind;
	*ret = calloc(1, sizeof **ret);
	return *ret ? LES_OK : les_fail(reterr, LES_NOMEM, "no memory for a primitive");
}

/* The last step of each kind of primitive: compiles, or fails with what came before. */
enum les_kind les_prim_finish(struct les_prim **prim, dnnl_status_t status, const char *what,
			      struct les_prim **ret, struct les_error *reterr)
{
	if (status == dnnl_success)
		status = dnnl_primitive_create(&(*prim)->primitive, (*prim)->descriptor);
	if (status != dnnl_success)
		return les_dnnl_fail(reterr, status, what);
	*ret = LES_TAKE(*prim);
	return LES_OK;
}

size_t les_prim_bytes(const struct les_prim *prim, enum les_arg arg)
{
	descriptor_view at = les_layout_of(prim, arg);

	return at ? dnnl_memory_desc_get_size(at) : 0;
}

int les_prim_block(const struct les_prim *prim, enum les_arg arg)
{
	static const int blocks[] = {16, 8, LES_BLOCK_LAST, 1};
	descriptor_view at = les_layout_of(prim, arg);
	dnnl_dims_t dims;

	if (!at || descriptor_rank(at) != 4)
		return LES_BLOCK_UNKNOWN;
	descriptor_dims(at, dims);
	for (size_t i = 0; i < LES_COUNT(blocks); i++) {
		descriptor same = NULL;
		const bool found =
			les_descriptor_by_tag(&same, 4, dims, descriptor_type(at),
					      les_tag_of_block(blocks[i])) == dnnl_success &&
			dnnl_memory_desc_equal(at, same);
		les_descriptor_free(&same);
		if (found)
			return blocks[i];
	}
	return LES_BLOCK_UNKNOWN;
}

const char *les_prim_name(const struct les_prim *prim)
{
	const char *name = NULL;

	if (dnnl_primitive_desc_query(prim->descriptor, dnnl_query_impl_info_str, 0, &name) !=
	    dnnl_success)
		return "";
	return name;
}

/* values, laid out plainly, into packed. In one step, or by way of the same layout in the packed's
 * type: not every pair of layout and type has a primitive. */
dnnl_status_t les_reorder(descriptor_view from, void *src, descriptor_view to, void *dst)
{
	dnnl_primitive_desc_t desc = NULL;
	dnnl_primitive_t primitive = NULL;
	dnnl_memory_t in = NULL, out = NULL;
	dnnl_status_t status = dnnl_reorder_primitive_desc_create(&desc, from, les_dnnl_engine, to,
								  les_dnnl_engine, NULL);

	if (status == dnnl_success)
		status = dnnl_primitive_create(&primitive, desc);
	if (status == dnnl_success)
		status = dnnl_memory_create(&in, from, les_dnnl_engine, src);
	if (status == dnnl_success)
		status = dnnl_memory_create(&out, to, les_dnnl_engine, dst);
	if (status == dnnl_success) {
		const dnnl_exec_arg_t both[] = {{DNNL_ARG_FROM, in}, {DNNL_ARG_TO, out}};
		dnnl_stream_t stream = stream_of_thread();
		status = stream ? dnnl_primitive_execute(primitive, stream, 2, both)
				: dnnl_out_of_memory;
		if (status == dnnl_success)
			status = dnnl_stream_wait(stream);
	}
	if (in)
		dnnl_memory_destroy(in);
	if (out)
		dnnl_memory_destroy(out);
	if (primitive)
		dnnl_primitive_destroy(primitive);
	if (desc)
		dnnl_primitive_desc_destroy(desc);
	return status;
}

static enum les_kind reorder(descriptor_view plain, const float *values, struct les_packed *packed,
			     struct les_error *reterr)
{
	void *src = (void *)(uintptr_t)values; /* only read */
	dnnl_status_t status = les_reorder(plain, src, packed->layout, packed->bytes);

	return status == dnnl_success ? LES_OK : les_dnnl_fail(reterr, status, "weights");
}

enum les_kind les_packed_new(const struct les_prim *prim, enum les_arg arg, const float *values,
			     struct les_packed **ret, struct les_error *reterr)
{
	descriptor_view layout = les_layout_of(prim, arg);
	struct les_packed *packed = calloc(1, sizeof *packed);
	enum les_kind kind = LES_OK;

	if (!packed)
		return les_fail(reterr, LES_NOMEM, "no memory for weights");
	if (!layout || les_descriptor_copy(&packed->layout, layout) != dnnl_success ||
	    !(packed->bytes = aligned_alloc(64, (dnnl_memory_desc_get_size(layout) + 63) & ~63ul)))
		kind = les_fail(reterr, LES_NOMEM, "no memory for weights");
	else if (!prim->plain[arg])
		memcpy(packed->bytes, values, dnnl_memory_desc_get_size(layout));
	else
		kind = reorder(prim->plain[arg], values, packed, reterr);
	if (kind != LES_OK) {
		les_packed_free(packed);
		return kind;
	}
	*ret = packed;
	return LES_OK;
}

void les_packed_free(struct les_packed *packed)
{
	if (!packed)
		return;
	les_descriptor_free(&packed->layout);
	free(packed->bytes);
	free(packed);
}

bool les_packed_fits(const struct les_packed *packed, const struct les_prim *prim, enum les_arg arg)
{
	descriptor_view layout = les_layout_of(prim, arg);

	return layout && dnnl_memory_desc_equal(packed->layout, layout);
}

void *les_packed_bytes(const struct les_packed *packed)
{
	return packed->bytes;
}

void les_call_free(struct les_call *call)
{
	if (!call)
		return;
	for (int i = 0; i < call->args_n; i++)
		dnnl_memory_destroy(call->args[i].memory);
	free(call);
}

enum les_kind les_call_new(const struct les_prim *prim, const struct les_bind *binds,
			   size_t binds_n, struct les_call **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_call_free_p) struct les_call *call = calloc(1, sizeof *call);

	if (!call)
		return les_fail(reterr, LES_NOMEM, "no memory for a call");
	call->primitive = prim->primitive;
	for (size_t i = 0; i < binds_n; i++) {
		descriptor_view layout = les_layout_of(prim, binds[i].arg);
		dnnl_exec_arg_t *arg = &call->args[call->args_n];
		if (!layout)
			continue;
		arg->arg = args[binds[i].arg].number;
		const dnnl_status_t status =
			dnnl_memory_create(&arg->memory, layout, les_dnnl_engine, binds[i].bytes);
		if (status != dnnl_success)
			return les_dnnl_fail(reterr, status, "memory of a primitive");
		call->args_n++;
	}
	*ret = LES_TAKE(call);
	return LES_OK;
}

enum les_kind les_call_run(struct les_call *call, struct les_error *reterr)
{
	dnnl_stream_t stream = stream_of_thread();
	dnnl_status_t status = dnnl_out_of_memory;

	if (stream)
		status = dnnl_primitive_execute(call->primitive, stream, call->args_n, call->args);
	if (status == dnnl_success)
		status = dnnl_stream_wait(stream);
	return status == dnnl_success ? LES_OK
				      : les_dnnl_fail(reterr, status, "running a primitive");
}

enum les_kind les_call_move(struct les_call *call, enum les_arg arg, void *bytes,
			    struct les_error *reterr)
{
	dnnl_status_t status = dnnl_invalid_arguments;

	for (int i = 0; i < call->args_n; i++)
		if (call->args[i].arg == args[arg].number)
			status = dnnl_memory_set_data_handle(call->args[i].memory, bytes);
	return status == dnnl_success ? LES_OK
				      : les_dnnl_fail(reterr, status, "memory of a primitive");
}

void les_threads_set(uint32_t threads_n)
{
	omp_set_num_threads((int)threads_n);
}

struct region {
	void (*run)(void *context, uint32_t i, uint32_t n);
	void *context;
	uint32_t parts_n;
};

/* One thread's share: there may be fewer threads than were asked for. */
static void run_share(void *at)
{
	const struct region *region = at;
	const uint32_t threads_n = (uint32_t)omp_get_num_threads();

	for (uint32_t i = (uint32_t)omp_get_thread_num(); i < region->parts_n; i += threads_n)
		region->run(region->context, i, region->parts_n);
}

void les_threads_run(uint32_t threads_n, void (*run)(void *context, uint32_t i, uint32_t n),
		     void *context)
{
	struct region region = {run, context, threads_n};

	if (threads_n <= 1)
		run(context, 0, 1);
	else
		GOMP_parallel(run_share, &region, threads_n, 0);
}

static bool has_isa(unsigned need)
{
	return ((unsigned)dnnl_get_effective_cpu_isa() & need) == need;
}

bool les_bf16_works(void)
{
	return has_isa(dnnl_cpu_isa_avx512_core);
}

bool les_bf16_is_fast(void)
{
	return has_isa(dnnl_cpu_isa_avx512_core_bf16);
}

const char *les_dnnl_isa(void)
{
	switch ((unsigned)dnnl_get_effective_cpu_isa()) {
	case dnnl_cpu_isa_sse41:
		return "SSE4.1";
	case dnnl_cpu_isa_avx:
		return "AVX";
	case dnnl_cpu_isa_avx2:
		return "AVX2";
	case dnnl_cpu_isa_avx2_vnni:
		return "AVX2-VNNI";
	case dnnl_cpu_isa_avx512_core:
		return "AVX512";
	case dnnl_cpu_isa_avx512_core_vnni:
		return "AVX512-VNNI";
	case dnnl_cpu_isa_avx512_core_bf16:
		return "AVX512-BF16";
	case dnnl_cpu_isa_avx512_core_amx:
		return "AMX";
	default:
		return les_bf16_is_fast() ? "newer than AVX512-BF16" : "unknown";
	}
}

const char *les_dnnl_version(void)
{
	static char words[32];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const dnnl_version_t *version = dnnl_version();

	pthread_mutex_lock(&lock);
	snprintf(words, sizeof words, "%d.%d.%d", version->major, version->minor, version->patch);
	pthread_mutex_unlock(&lock);
	return words;
}
