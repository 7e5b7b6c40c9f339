#include "nn/dnnl_inside.h"

static dnnl_status_t attr_with_act(enum les_act act, dnnl_primitive_attr_t *ret)
{
	static const struct {
		dnnl_alg_kind_t algorithm;
		float alpha, beta;
	} acts[] = {
		[LES_ACT_RELU] = {dnnl_eltwise_relu, 0, 0},
		[LES_ACT_LEAKY] = {dnnl_eltwise_relu, 0.01f, 0},
		[LES_ACT_SIGMOID] = {dnnl_eltwise_logistic, 0, 0},
		[LES_ACT_TANH] = {dnnl_eltwise_tanh, 0, 0},
		[LES_ACT_GELU] = {dnnl_eltwise_gelu_erf, 0, 0},
#if DNNL_VERSION_MAJOR >= 3
		[LES_ACT_HARDSWISH] = {dnnl_eltwise_hardswish, 1.0f / 6, 0.5f},
#else
		[LES_ACT_HARDSWISH] = {dnnl_eltwise_hardswish, 0, 0},
#endif
	};
	dnnl_post_ops_t ops = NULL;
	dnnl_status_t status = dnnl_success;

	if (act != LES_ACT_NONE) {
		status = dnnl_post_ops_create(&ops);
		if (status == dnnl_success)
#if DNNL_VERSION_MAJOR >= 3
			status = dnnl_post_ops_append_eltwise(ops, acts[act].algorithm,
							      acts[act].alpha, acts[act].beta);
#else
			status = dnnl_post_ops_append_eltwise(ops, 1, acts[act].algorithm,
							      acts[act].alpha, acts[act].beta);
#endif
	}
	if (status == dnnl_success)
		status = les_attr_with(ops, ret);
	if (ops)
		dnnl_post_ops_destroy(ops);
	return status;
}

/* A convolution's four descriptors and its numbers, in the order that oneDNN wants them. */
struct conv_parts {
	descriptor src, weights, bias, dst;
	dnnl_dims_t strides, dilations, pad_low, pad_high;
};

static void conv_parts_done(struct conv_parts *parts)
{
	les_descriptor_free(&parts->src);
	les_descriptor_free(&parts->weights);
	les_descriptor_free(&parts->bias);
	les_descriptor_free(&parts->dst);
}

/* What is padded at the end, so that in and out fit each other. */
static dnnl_dim_t pad_end(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
			  uint32_t dilation, uint32_t pad, bool transposed)
{
	const dnnl_dim_t reach = (dnnl_dim_t)dilation * (kernel - 1) + 1;

	if (transposed)
		return ((dnnl_dim_t)in - 1) * stride + reach - pad - out;
	return ((dnnl_dim_t)out - 1) * stride + reach - pad - in;
}

static dnnl_status_t conv_parts_init(const struct les_conv *c, enum les_type type,
				     enum les_type out_type, int in, int out,
				     struct conv_parts *parts, descriptor *plain)
{
	const dnnl_dims_t src = {c->n, c->in_c, c->in_h, c->in_w};
	const dnnl_dims_t dst = {c->n, c->out_c, c->out_h, c->out_w};
	const dnnl_dims_t bias = {c->out_c};
	const bool grouped = c->groups > 1;
	const dnnl_dims_t weights = {c->out_c, c->in_c, c->kernel_h, c->kernel_w};
	const dnnl_dims_t split = {c->groups, c->out_c / c->groups, c->in_c / c->groups,
				   c->kernel_h, c->kernel_w};
	const dnnl_dim_t *dims = grouped ? split : weights;
	const int rank = grouped ? 5 : 4;
	const dnnl_format_tag_t plain_tag = grouped ? dnnl_goihw : dnnl_oihw;
	dnnl_status_t status = les_descriptor_by_tag(&parts->src, 4, src, les_number_of(type),
						     les_tag_of_block(in));

	parts->strides[0] = c->stride_h;
	parts->strides[1] = c->stride_w;
	parts->dilations[0] = (dnnl_dim_t)c->dilation_h - 1;
	parts->dilations[1] = (dnnl_dim_t)c->dilation_w - 1;
	parts->pad_low[0] = c->pad_top;
	parts->pad_low[1] = c->pad_left;
	parts->pad_high[0] = pad_end(c->in_h, c->out_h, c->kernel_h, c->stride_h, c->dilation_h,
				     c->pad_top, c->transposed);
	parts->pad_high[1] = pad_end(c->in_w, c->out_w, c->kernel_w, c->stride_w, c->dilation_w,
				     c->pad_left, c->transposed);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&parts->dst, 4, dst, les_number_of(out_type),
					       les_tag_of_block(out));
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&parts->weights, rank, dims, les_number_of(type),
					       dnnl_format_tag_any);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&parts->bias, 1, bias, dnnl_f32, dnnl_x);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&plain[LES_ARG_WEIGHTS], rank, dims, dnnl_f32,
					       plain_tag);
	return status;
}

static dnnl_status_t conv_describe(const struct les_conv *c, const struct conv_parts *p,
				   dnnl_prop_kind_t kind, dnnl_primitive_attr_t attr,
				   dnnl_primitive_desc_t *ret)
{
#if DNNL_VERSION_MAJOR >= 3
	if (c->transposed)
		return dnnl_deconvolution_forward_primitive_desc_create(
			ret, les_dnnl_engine, kind, dnnl_deconvolution_direct, p->src, p->weights,
			p->bias, p->dst, p->strides, p->dilations, p->pad_low, p->pad_high, attr);
	return dnnl_convolution_forward_primitive_desc_create(
		ret, les_dnnl_engine, kind, dnnl_convolution_direct, p->src, p->weights, p->bias,
		p->dst, p->strides, p->dilations, p->pad_low, p->pad_high, attr);
#else
	dnnl_deconvolution_desc_t op; /* the same struct for both */
	const dnnl_status_t status =
		c->transposed
			? dnnl_dilated_deconvolution_forward_desc_init(
				  &op, kind, dnnl_deconvolution_direct, p->src, p->weights, p->bias,
				  p->dst, p->strides, p->dilations, p->pad_low, p->pad_high)
			: dnnl_dilated_convolution_forward_desc_init(
				  &op, kind, dnnl_convolution_direct, p->src, p->weights, p->bias,
				  p->dst, p->strides, p->dilations, p->pad_low, p->pad_high);

	if (status != dnnl_success)
		return status;
	return dnnl_primitive_desc_create(ret, &op, attr, les_dnnl_engine, NULL);
#endif
}

enum les_kind les_prim_conv(const struct les_conv *conv, enum les_type type, enum les_type out_type,
			    int in, int out, bool training, struct les_prim **ret,
			    struct les_error *reterr)
{
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	LES_CLEANUP(conv_parts_done) struct conv_parts parts = {0};
	dnnl_primitive_attr_t attr = NULL;
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	dnnl_status_t status = conv_parts_init(conv, type, out_type, in, out, &parts, prim->plain);
	if (status == dnnl_success)
		status = attr_with_act(conv->act, &attr);
	if (status == dnnl_success)
		status = conv_describe(conv, &parts,
				       training ? dnnl_forward_training : dnnl_forward_inference,
				       attr, &prim->descriptor);
	if (attr)
		dnnl_primitive_attr_destroy(attr);
	return les_prim_finish(&prim, status,
			       conv->transposed ? "transposed convolution" : "convolution", ret,
			       reterr);
}

static dnnl_status_t pool_describe(const struct les_pool_shape *p, descriptor_view src,
				   descriptor_view dst, dnnl_prop_kind_t kind,
				   dnnl_primitive_desc_t *ret)
{
	const dnnl_dims_t strides = {p->stride_h, p->stride_w};
	const dnnl_dims_t kernel = {p->kernel_h, p->kernel_w};
	const dnnl_dims_t none = {0, 0};

#if DNNL_VERSION_MAJOR >= 3
	return dnnl_pooling_forward_primitive_desc_create(ret, les_dnnl_engine, kind,
							  dnnl_pooling_max, src, dst, strides,
							  kernel, none, none, none, les_dnnl_attr);
#else
	dnnl_pooling_desc_t op;
	const dnnl_status_t status = dnnl_pooling_forward_desc_init(
		&op, kind, dnnl_pooling_max, src, dst, strides, kernel, none, none);

	if (status != dnnl_success)
		return status;
	return dnnl_primitive_desc_create(ret, &op, les_dnnl_attr, les_dnnl_engine, NULL);
#endif
}

enum les_kind les_prim_pool(const struct les_pool_shape *pool, enum les_type type, int block,
			    bool training, struct les_prim **ret, struct les_error *reterr)
{
	const dnnl_dims_t src = {pool->n, pool->c, pool->in_h, pool->in_w};
	const dnnl_dims_t dst = {pool->n, pool->c, pool->out_h, pool->out_w};
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	descriptor in = NULL, out = NULL;
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	dnnl_status_t status =
		les_descriptor_by_tag(&in, 4, src, les_number_of(type), les_tag_of_block(block));
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&out, 4, dst, les_number_of(type),
					       les_tag_of_block(block));
	if (status == dnnl_success)
		status = pool_describe(pool, in, out,
				       training ? dnnl_forward_training : dnnl_forward_inference,
				       &prim->descriptor);
	les_descriptor_free(&in);
	les_descriptor_free(&out);
	return les_prim_finish(&prim, status, "pooling", ret, reterr);
}

struct lstm_parts {
	descriptor src, weights, weights_iter, bias, dst;
};

static void lstm_parts_done(struct lstm_parts *parts)
{
	les_descriptor_free(&parts->src);
	les_descriptor_free(&parts->weights);
	les_descriptor_free(&parts->weights_iter);
	les_descriptor_free(&parts->bias);
	les_descriptor_free(&parts->dst);
}

static dnnl_status_t lstm_parts_init(const struct les_lstm *l, enum les_type type,
				     struct lstm_parts *parts, descriptor *plain)
{
	const dnnl_dim_t ways = l->both_ways ? 2 : 1, hidden = l->hidden;
	const dnnl_dims_t src = {l->steps, l->n, l->in_c};
	const dnnl_dims_t src_strides = {(dnnl_dim_t)l->n * l->in_stride, l->in_stride, 1};
	const dnnl_dims_t dst = {l->steps, l->n, ways * hidden};
	const dnnl_dims_t dst_strides = {(dnnl_dim_t)l->n * l->out_stride, l->out_stride, 1};
	const dnnl_dims_t weights = {1, ways, l->in_c, 4, hidden};
	const dnnl_dims_t iter = {1, ways, hidden, 4, hidden};
	const dnnl_dims_t bias = {1, ways, 4, hidden};
	const dnnl_data_type_t number = les_number_of(type);
	dnnl_status_t status = les_descriptor_by_strides(&parts->src, 3, src, number, src_strides);

	if (status == dnnl_success)
		status = les_descriptor_by_strides(&parts->dst, 3, dst, number, dst_strides);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&parts->weights, 5, weights, number,
					       dnnl_format_tag_any);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&parts->weights_iter, 5, iter, number,
					       dnnl_format_tag_any);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&parts->bias, 4, bias, dnnl_f32, dnnl_ldgo);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&plain[LES_ARG_WEIGHTS], 5, weights, dnnl_f32,
					       dnnl_ldgoi);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&plain[LES_ARG_WEIGHTS_ITER], 5, iter, dnnl_f32,
					       dnnl_ldgoi);
	return status;
}

static dnnl_status_t lstm_describe(const struct les_lstm *l, const struct lstm_parts *p,
				   dnnl_prop_kind_t kind, dnnl_primitive_desc_t *ret)
{
	const dnnl_rnn_direction_t way =
		l->both_ways ? dnnl_bidirectional_concat : dnnl_unidirectional_left2right;

#if DNNL_VERSION_MAJOR >= 3
	return dnnl_lstm_forward_primitive_desc_create(
		ret, les_dnnl_engine, kind, way, p->src, NULL, NULL, p->weights, p->weights_iter,
		NULL, NULL, p->bias, p->dst, NULL, NULL, dnnl_rnn_flags_undef, les_dnnl_attr);
#else
	dnnl_rnn_desc_t op;
	const dnnl_status_t status = dnnl_lstm_forward_desc_init(
		&op, kind, way, p->src, NULL, NULL, p->weights, p->weights_iter, p->bias, p->dst,
		NULL, NULL, dnnl_rnn_flags_undef);

	if (status != dnnl_success)
		return status;
	return dnnl_primitive_desc_create(ret, &op, les_dnnl_attr, les_dnnl_engine, NULL);
#endif
}

enum les_kind les_prim_lstm(const struct les_lstm *lstm, enum les_type type, bool training,
			    struct les_prim **ret, struct les_error *reterr)
{
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	LES_CLEANUP(lstm_parts_done) struct lstm_parts parts = {0};
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	dnnl_status_t status = lstm_parts_init(lstm, type, &parts, prim->plain);
	if (status == dnnl_success)
		status = lstm_describe(lstm, &parts,
				       training ? dnnl_forward_training : dnnl_forward_inference,
				       &prim->descriptor);
	return les_prim_finish(&prim, status, "LSTM", ret, reterr);
}

static dnnl_status_t linear_describe(descriptor_view src, descriptor_view weights,
				     descriptor_view bias, descriptor_view dst,
				     dnnl_primitive_desc_t *ret)
{
#if DNNL_VERSION_MAJOR >= 3
	return dnnl_matmul_primitive_desc_create(ret, les_dnnl_engine, src, weights, bias, dst,
						 les_dnnl_attr);
#else
	dnnl_matmul_desc_t op;
	const dnnl_status_t status = dnnl_matmul_desc_init(&op, src, weights, bias, dst);

	if (status != dnnl_success)
		return status;
	return dnnl_primitive_desc_create(ret, &op, les_dnnl_attr, les_dnnl_engine, NULL);
#endif
}

enum les_kind les_prim_linear(const struct les_linear *linear, enum les_type type,
			      enum les_type out_type, struct les_prim **ret,
			      struct les_error *reterr)
{
	const dnnl_dims_t src = {linear->rows, linear->in};
	const dnnl_dims_t src_strides = {linear->in_stride, 1};
	const dnnl_dims_t weights = {linear->in, linear->out};
	const dnnl_dims_t bias = {1, linear->out};
	const dnnl_dims_t dst = {linear->rows, linear->out};
	LES_CLEANUP(les_prim_free_p) struct les_prim *prim = NULL;
	LES_CLEANUP(lstm_parts_done) struct lstm_parts p = {0};
	enum les_kind kind = les_prim_new(&prim, reterr);

	if (kind != LES_OK)
		return kind;
	dnnl_status_t status =
		les_descriptor_by_strides(&p.src, 2, src, les_number_of(type), src_strides);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&p.weights, 2, weights, les_number_of(type),
					       dnnl_format_tag_any);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&p.bias, 2, bias, dnnl_f32, dnnl_ab);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&p.dst, 2, dst, les_number_of(out_type), dnnl_ab);
	if (status == dnnl_success)
		status = les_descriptor_by_tag(&prim->plain[LES_ARG_WEIGHTS], 2, weights, dnnl_f32,
					       dnnl_ba);
	if (status == dnnl_success)
		status = linear_describe(p.src, p.weights, p.bias, p.dst, &prim->descriptor);
	return les_prim_finish(&prim, status, "linear layer", ret, reterr);
}
