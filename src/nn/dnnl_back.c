#include "nn/dnnl_back.h"

#include "nn/dnnl_inside.h"

/* Strides, dilations and paddings in the order that oneDNN wants them. */
struct windows {
	dnnl_dims_t strides, dilations, pad_low, pad_high;
};

static dnnl_dim_t pad_end(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
			  uint32_t dilation, uint32_t pad)
{
	return ((dnnl_dim_t)out - 1) * stride + (dnnl_dim_t)dilation * (kernel - 1) + 1 - pad - in;
}

static struct windows windows_of(const struct les_conv *c)
{
	return (struct windows){
		.strides = {c->stride_h, c->stride_w},
		.dilations = {(dnnl_dim_t)c->dilation_h - 1, (dnnl_dim_t)c->dilation_w - 1},
		.pad_low = {c->pad_top, c->pad_left},
		.pad_high = {pad_end(c->in_h, c->out_h, c->kernel_h, c->stride_h, c->dilation_h,
				     c->pad_top),
			     pad_end(c->in_w, c->out_w, c->kernel_w, c->stride_w, c->dilation_w,
				     c->pad_left)},
	};
}

static dnnl_status_t weights_any(const struct les_conv *c, enum les_type type, descriptor *ret)
{
	const dnnl_dims_t dims = {c->out_c, c->in_c, c->kernel_h, c->kernel_w};

	return les_descriptor_by_tag(ret, 4, dims, les_number_of(type), dnnl_format_tag_any);
}

static dnnl_status_t weights_plain(const struct les_conv *c, descriptor *ret)
{
	const dnnl_dims_t dims = {c->out_c, c->in_c, c->kernel_h, c->kernel_w};

	return les_descriptor_by_tag(ret, 4, dims, dnnl_f32, dnnl_oihw);
}

static dnnl_status_t describe_data(const struct les_conv *c, const struct les_prim *forward,
				   descriptor_view weights, dnnl_primitive_desc_t *ret)
{
	const struct windows w = windows_of(c);
	descriptor_view src = les_layout_of(forward, LES_ARG_SRC);
	descriptor_view dst = les_layout_of(forward, LES_ARG_DST);
#if DNNL_VERSION_MAJOR >= 3
	return dnnl_convolution_backward_data_primitive_desc_create(
		ret, les_dnnl_engine, dnnl_convolution_direct, src, weights, dst, w.strides,
		w.dilations, w.pad_low, w.pad_high, forward->descriptor, les_dnnl_attr);
#else
	dnnl_convolution_desc_t op;
	const dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(
		&op, dnnl_convolution_direct, src, weights, dst, w.strides, w.dilations, w.pad_low,
		w.pad_high);

	if (status != dnnl_success)
		return status;
	return dnnl_primitive_desc_create(ret, &op, les_dnnl_attr, les_dnnl_engine,
					  forward->descriptor);
#endif
}

static dnnl_status_t describe_weights(const struct les_conv *c, const struct les_prim *forward,
				      descriptor_view weights, descriptor_view bias,
				      dnnl_primitive_desc_t *ret)
{
	const struct windows w = windows_of(c);
	descriptor_view src = les_layout_of(forward, LES_ARG_SRC);
	descriptor_view dst = les_layout_of(forward, LES_ARG_DST);
#if DNNL_VERSION_MAJOR >= 3
	return dnnl_convolution_backward_weights_primitive_desc_create(
		ret, les_dnnl_engine, dnnl_convolution_direct, src, weights, bias, dst, w.strides,
		w.dilations, w.pad_low, w.pad_high, forward->descriptor, les_dnnl_attr);
#else
	dnnl_convolution_desc_t op;
	const dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(
		&op, dnnl_convolution_direct, src, weights, bias, dst, w.strides, w.dilations,
		w.pad_low, w.pad_high);

	if (status != dnnl_success)
		return status;
	return dnnl_primitive_desc_create(ret, &op, les_dnnl_attr, les_dnnl_engine,
					  forward->descriptor);
#endif
}

static enum les_type type_of_forward(const struct les_conv *c, const struct les_prim *forward)
{
	const size_t values = (size_t)c->n * c->in_c * c->in_h * c->in_w;

	return les_prim_bytes(forward, LES_ARG_SRC) < 4 * values ? LES_BF16 : LES_F32;
}

enum les_kind les_prim_conv_back_data(const struct les_conv *conv, const struct les_prim *forward,
				      struct les_prim **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	LES_CLEANUP(les_descriptor_free) descriptor weights = NULL;
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	if (conv->transposed || conv->groups > 1)
		return les_fail(reterr, LES_UNSUPPORTED, "this convolution cannot be trained");
	dnnl_status_t status = weights_any(conv, type_of_forward(conv, forward), &weights);
	if (status == dnnl_success)
		status = weights_plain(conv, &prim->plain[LES_ARG_WEIGHTS]);
	if (status == dnnl_success)
		status = describe_data(conv, forward, weights, &prim->descriptor);
	return les_prim_finish(&prim, status, "convolution back to its input", ret, reterr);
}

enum les_kind les_prim_conv_back_weights(const struct les_conv *conv,
					 const struct les_prim *forward, struct les_prim **ret,
					 struct les_error *reterr)
{
	const dnnl_dims_t bias_dims = {conv->out_c};
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	LES_CLEANUP(les_descriptor_free) descriptor weights = NULL;
	LES_CLEANUP(les_descriptor_free) descriptor bias = NULL;
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	if (conv->transposed || conv->groups > 1)
		return les_fail(reterr, LES_UNSUPPORTED, "this convolution cannot be trained");
	dnnl_status_t status = weights_any(conv, LES_F32, &weights);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&bias, 1, bias_dims, dnnl_f32, dnnl_x);
	if (status == dnnl_success)
		status = weights_plain(conv, &prim->plain[LES_ARG_DIFF_WEIGHTS]);
	if (status == dnnl_success)
		status = describe_weights(conv, forward, weights, bias, &prim->descriptor);
	return les_prim_finish(&prim, status, "convolution back to its weights", ret, reterr);
}

enum les_kind les_packed_set(struct les_packed *packed, const struct les_prim *prim,
			     enum les_arg arg, const float *values, struct les_error *reterr)
{
	void *plain = (void *)(uintptr_t)values; /* only read */
	const dnnl_status_t status = les_reorder(prim->plain[arg], plain, les_layout_of(prim, arg),
						 les_packed_bytes(packed));

	return status == dnnl_success ? LES_OK : les_dnnl_fail(reterr, status, "weights");
}

enum les_kind les_unpack(const struct les_prim *prim, enum les_arg arg, const void *bytes,
			 float *ret_values, struct les_error *reterr)
{
	void *from = (void *)(uintptr_t)bytes; /* only read */
	const dnnl_status_t status =
		les_reorder(les_layout_of(prim, arg), from, prim->plain[arg], ret_values);

	return status == dnnl_success ? LES_OK : les_dnnl_fail(reterr, status, "gradients");
}

enum les_kind les_gemm_run(const struct les_gemm *g, struct les_error *reterr)
{
	const dnnl_status_t status =
		dnnl_sgemm(g->a_turned ? 'T' : 'N', g->b_turned ? 'T' : 'N', (dnnl_dim_t)g->m,
			   (dnnl_dim_t)g->n, (dnnl_dim_t)g->k, 1, g->a, (dnnl_dim_t)g->lda, g->b,
			   (dnnl_dim_t)g->ldb, g->beta, g->c, (dnnl_dim_t)g->ldc);

	return status == dnnl_success ? LES_OK : les_dnnl_fail(reterr, status, "matrix product");
}

static dnnl_status_t attr_with_sum(bool add, dnnl_primitive_attr_t *ret)
{
	dnnl_post_ops_t ops = NULL;
	dnnl_status_t status = dnnl_success;

	if (add) {
		status = dnnl_post_ops_create(&ops);
		if (status == dnnl_success)
#if DNNL_VERSION_MAJOR >= 3
			status = dnnl_post_ops_append_sum(ops, 1, 0, dnnl_f32);
#else
			status = dnnl_post_ops_append_sum(ops, 1);
#endif
	}
	if (status == dnnl_success)
		status = les_attr_with(ops, ret);
	if (ops)
		dnnl_post_ops_destroy(ops);
	return status;
}

static dnnl_status_t describe_product(const struct les_product *p, descriptor_view a,
				      descriptor_view b, descriptor_view c,
				      dnnl_primitive_desc_t *ret)
{
	dnnl_primitive_attr_t attr = NULL;
	dnnl_status_t status = attr_with_sum(p->add, &attr);

	if (status != dnnl_success)
		return status;
#if DNNL_VERSION_MAJOR >= 3
	status = dnnl_matmul_primitive_desc_create(ret, les_dnnl_engine, a, b, NULL, c, attr);
#else
	dnnl_matmul_desc_t op;
	status = dnnl_matmul_desc_init(&op, a, b, NULL, c);
	if (status == dnnl_success)
		status = dnnl_primitive_desc_create(ret, &op, attr, les_dnnl_engine, NULL);
#endif
	dnnl_primitive_attr_destroy(attr);
	return status;
}

enum les_kind les_prim_product(const struct les_product *p, enum les_type type,
			       struct les_prim **ret, struct les_error *reterr)
{
	const dnnl_dims_t a_dims = {(dnnl_dim_t)p->m, (dnnl_dim_t)p->k};
	const dnnl_dims_t b_dims = {(dnnl_dim_t)p->k, (dnnl_dim_t)p->n};
	const dnnl_dims_t c_dims = {(dnnl_dim_t)p->m, (dnnl_dim_t)p->n};
	const dnnl_data_type_t number = les_number_of(type);
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	LES_CLEANUP(les_descriptor_free) descriptor a = NULL;
	LES_CLEANUP(les_descriptor_free) descriptor b = NULL;
	LES_CLEANUP(les_descriptor_free) descriptor c = NULL;
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	dnnl_status_t status =
		les_descriptor_by_tag(&a, 2, a_dims, number, p->a_turned ? dnnl_ba : dnnl_ab);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&b, 2, b_dims, number,
					       p->packed ? dnnl_format_tag_any : dnnl_ab);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&c, 2, c_dims, dnnl_f32, dnnl_ab);
	if (status == dnnl_success && p->packed)
		status = les_descriptor_by_tag(&prim->plain[LES_ARG_WEIGHTS], 2, b_dims, dnnl_f32,
					       p->b_turned ? dnnl_ba : dnnl_ab);
	if (status == dnnl_success)
		status = describe_product(p, a, b, c, &prim->descriptor);
	return les_prim_finish(&prim, status, "matrix product", ret, reterr);
}
