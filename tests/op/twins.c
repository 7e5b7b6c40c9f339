#include "twins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct image image_new(uint32_t h, uint32_t w, uint32_t c)
{
	struct image image = {h, w, c, calloc((size_t)h * w * c + 1, sizeof(float))};

	if (!image.at)
		abort();
	return image;
}

float *pixel(const struct image *image, uint32_t y, uint32_t x, uint32_t c)
{
	return image->at + ((size_t)y * image->w + x) * image->c + c;
}

float twin_act(enum les_act act, float value)
{
	const double x = (double)value;

	switch (act) {
	case LES_ACT_RELU:
		return (float)fmax(x, 0);
	case LES_ACT_LEAKY:
		return (float)(x > 0 ? x : 0.01 * x);
	case LES_ACT_SIGMOID:
		return (float)(1 / (1 + exp(-x)));
	case LES_ACT_TANH:
		return (float)tanh(x);
	case LES_ACT_GELU:
		return (float)(x / 2 * (1 + erf(x / sqrt(2))));
	case LES_ACT_HARDSWISH:
		return (float)(x * fmin(fmax(x + 3, 0), 6) / 6);
	default:
		return value;
	}
}

/* What one input pixel adds to one output pixel, all channels. */
static void add_window(const struct les_conv *c, const struct image *in, const float *weights,
		       const struct image *out, const uint32_t from[2], const uint32_t to[2],
		       const uint32_t k[2])
{
	const uint32_t per_in = c->in_c / c->groups, per_out = c->out_c / c->groups;

	for (uint32_t o = 0; o < c->out_c; o++) {
		double sum = 0;
		for (uint32_t i = 0; i < per_in; i++)
			sum += (double)*pixel(in, from[0], from[1], o / per_out * per_in + i) *
			       (double)weights[(((size_t)o * per_in + i) * c->kernel_h + k[0]) *
						       c->kernel_w +
					       k[1]];
		*pixel(out, to[0], to[1], o) += (float)sum;
	}
}

/* Every pair of a small side's place and a window's: the large side's place follows. */
void twin_conv(const struct les_conv *c, const struct image *in, const float *weights,
	       const float *bias, struct image *out)
{
	const struct image *small = c->transposed ? in : out, *large = c->transposed ? out : in;

	for (size_t i = 0; i < (size_t)out->h * out->w * out->c; i++)
		out->at[i] = bias[i % out->c];
	for (uint32_t y = 0; y < small->h; y++)
		for (uint32_t x = 0; x < small->w; x++)
			for (uint32_t ky = 0; ky < c->kernel_h; ky++)
				for (uint32_t kx = 0; kx < c->kernel_w; kx++) {
					const uint32_t at[2] = {y, x}, k[2] = {ky, kx};
					const uint32_t to[2] = {
						y * c->stride_h + ky * c->dilation_h - c->pad_top,
						x * c->stride_w + kx * c->dilation_w - c->pad_left};
					if (to[0] < large->h && to[1] < large->w)
						add_window(c, in, weights, out,
							   c->transposed ? at : to,
							   c->transposed ? to : at, k);
				}
	for (size_t i = 0; i < (size_t)out->h * out->w * out->c; i++)
		out->at[i] = twin_act(c->act, out->at[i]);
}

void twin_pool_max(const struct image *in, uint32_t kernel_h, uint32_t kernel_w, uint32_t stride_h,
		   uint32_t stride_w, struct image *out)
{
	for (uint32_t y = 0; y < out->h; y++)
		for (uint32_t x = 0; x < out->w; x++)
			for (uint32_t c = 0; c < out->c; c++) {
				float most = -INFINITY;
				for (uint32_t k = 0; k < kernel_h * kernel_w; k++)
					most = fmaxf(most, *pixel(in, y * stride_h + k / kernel_w,
								  x * stride_w + k % kernel_w, c));
				*pixel(out, y, x, c) = most;
			}
}

void twin_linear(uint32_t in, uint32_t out, const float *weights, const float *bias, const float *x,
		 float *y)
{
	for (uint32_t o = 0; o < out; o++) {
		double sum = (double)bias[o];
		for (uint32_t i = 0; i < in; i++)
			sum += (double)weights[(size_t)o * in + i] * (double)x[i];
		y[o] = (float)sum;
	}
}

static double gate(const struct twin_lstm *l, uint32_t row, const float *x, const double *h)
{
	double sum = (double)l->bias[row];

	for (uint32_t i = 0; i < l->in_c; i++)
		sum += (double)l->ih[(size_t)row * l->in_c + i] * (double)x[i];
	for (uint32_t i = 0; i < l->hidden; i++)
		sum += (double)l->hh[(size_t)row * l->hidden + i] * h[i];
	return sum;
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

void twin_lstm(const struct twin_lstm *l, const float *x, size_t x_stride, float *y,
	       size_t y_stride)
{
	double *h = calloc(3 * (size_t)l->hidden, sizeof *h);
	double *c = h + l->hidden, *next = c + l->hidden;

	for (uint32_t t = 0; t < l->steps; t++) {
		const uint32_t at = l->backwards ? l->steps - 1 - t : t;
		for (uint32_t i = 0; i < l->hidden; i++) {
			const float *in = x + at * x_stride;
			c[i] = sigmoid(gate(l, l->hidden + i, in, h)) * c[i] +
			       sigmoid(gate(l, i, in, h)) * tanh(gate(l, 2 * l->hidden + i, in, h));
			next[i] = sigmoid(gate(l, 3 * l->hidden + i, in, h)) * tanh(c[i]);
			y[at * y_stride + i] = (float)next[i];
		}
		memcpy(h, next, l->hidden * sizeof *h);
	}
	free(h);
}

void twin_group_norm(const struct image *in, uint32_t len, uint32_t groups, const float *gamma,
		     const float *beta, struct image *out)
{
	const uint32_t per = in->c / groups;
	const double n = (double)in->h * len * per;

	for (uint32_t g = 0; g < groups; g++) {
		double mean = 0, variance = 0;
		for (size_t i = 0; i < (size_t)in->h * len * per; i++)
			mean += (double)*pixel(in, (uint32_t)(i / per / len),
					       (uint32_t)(i / per % len),
					       g * per + (uint32_t)(i % per)) /
				n;
		for (size_t i = 0; i < (size_t)in->h * len * per; i++) {
			const double off = (double)*pixel(in, (uint32_t)(i / per / len),
							  (uint32_t)(i / per % len),
							  g * per + (uint32_t)(i % per)) -
					   mean;
			variance += off * off / n;
		}
		for (uint32_t c = g * per; c < (g + 1) * per; c++)
			for (uint32_t y = 0; y < in->h; y++)
				for (uint32_t x = 0; x < len; x++)
					*pixel(out, y, x, c) =
						(float)(((double)*pixel(in, y, x, c) - mean) /
								sqrt(variance + 1e-5) *
								(double)gamma[c] +
							(double)beta[c]);
	}
}

void twin_layer_norm(const struct image *in, const float *gamma, const float *beta, float eps,
		     struct image *out)
{
	for (size_t i = 0; i < (size_t)in->h * in->w; i++) {
		const float *x = in->at + i * in->c;
		double mean = 0, variance = 0;
		for (uint32_t c = 0; c < in->c; c++)
			mean += (double)x[c] / in->c;
		for (uint32_t c = 0; c < in->c; c++)
			variance += ((double)x[c] - mean) * ((double)x[c] - mean) / in->c;
		for (uint32_t c = 0; c < in->c; c++)
			out->at[i * in->c + c] =
				(float)(((double)x[c] - mean) / sqrt(variance + (double)eps) *
						(double)gamma[c] +
					(double)beta[c]);
	}
}

void twin_softmax(struct image *image)
{
	for (size_t i = 0; i < (size_t)image->h * image->w; i++) {
		float *x = image->at + i * image->c;
		double sum = 0;
		for (uint32_t c = 0; c < image->c; c++)
			sum += exp((double)x[c]);
		for (uint32_t c = 0; c < image->c; c++)
			x[c] = (float)(exp((double)x[c]) / sum);
	}
}

void twin_excite(struct image *image, uint32_t len, uint32_t mid, bool hard, const float *down,
		 const float *down_bias, const float *up, const float *up_bias)
{
	float *means = calloc(2 * (size_t)image->c + mid, sizeof *means);
	float *scales = means + image->c, *middle = scales + image->c;

	for (uint32_t c = 0; c < image->c; c++) {
		double sum = 0;
		for (uint32_t y = 0; y < image->h; y++)
			for (uint32_t x = 0; x < len; x++)
				sum += (double)*pixel(image, y, x, c);
		means[c] = (float)(sum / ((double)image->h * len));
	}
	twin_linear(image->c, mid, down, down_bias, means, middle);
	for (uint32_t i = 0; i < mid; i++)
		middle[i] = twin_act(LES_ACT_RELU, middle[i]);
	twin_linear(mid, image->c, up, up_bias, middle, scales);
	for (size_t i = 0; i < (size_t)image->h * image->w * image->c; i++) {
		const float x = scales[i % image->c];
		image->at[i] *= hard ? fminf(fmaxf(x + 3, 0), 6) / 6 : twin_act(LES_ACT_SIGMOID, x);
	}
	free(means);
}

void twin_attention(const float *qkv, uint32_t steps, uint32_t c, uint32_t heads, uint32_t len,
		    float *out)
{
	const uint32_t d = c / heads;
	double *scores = calloc(steps + 1, sizeof *scores);

	memset(out, 0, (size_t)steps * c * sizeof *out);
	for (uint32_t i = 0; i < len * heads; i++) {
		const uint32_t t = i / heads, head = i % heads;
		double sum = 0;
		for (uint32_t s = 0; s < len; s++) {
			double dot = 0;
			for (uint32_t k = 0; k < d; k++)
				dot += (double)qkv[(size_t)t * 3 * c + head * d + k] *
				       (double)qkv[(size_t)s * 3 * c + c + head * d + k];
			sum += scores[s] = exp(dot / sqrt(d));
		}
		for (uint32_t k = 0; k < d; k++) {
			double value = 0;
			for (uint32_t s = 0; s < len; s++)
				value += scores[s] / sum *
					 (double)qkv[(size_t)s * 3 * c + 2 * c + head * d + k];
			out[(size_t)t * c + head * d + k] = (float)value;
		}
	}
	free(scores);
}
