#include "nn/blocks.h"

#include "nn/fast.h"

#include <math.h>
#include <string.h>

static float act_of(enum les_act act, float x)
{
	switch (act) {
	case LES_ACT_RELU:
		return x > 0 ? x : 0;
	case LES_ACT_LEAKY:
		return x > 0 ? x : 0.01f * x;
	case LES_ACT_SIGMOID:
		return 1 / (1 + expf(-x));
	case LES_ACT_TANH:
		return tanhf(x);
	case LES_ACT_GELU:
		return 0.5f * x * (1 + erff(x * 0x1.6a09e6p-1f));
	case LES_ACT_HARDSWISH:
		return x * fminf(fmaxf(x + 3, 0), 6) / 6;
	case LES_ACT_NONE:
		break;
	}
	return x;
}

LES_INLINE void act_all(enum les_type type, enum les_act act, void *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		les_put(type, at, i, act_of(act, les_get(type, at, i)));
}

void les_op_act(enum les_type type, enum les_act act, void *at, size_t n)
{
	if (act != LES_ACT_NONE)
		LES_FOR_TYPE(type, act_all, act, at, n);
}

void les_op_batch_scales(uint32_t c, const float *mean, const float *variance, const float *gamma,
			 const float *beta, float eps, float *scales, float *shifts)
{
	for (uint32_t i = 0; i < c; i++) {
		scales[i] = gamma[i] / sqrtf(variance[i] + eps);
		shifts[i] = beta[i] - mean[i] * scales[i];
	}
}

LES_INLINE void layer_norm(enum les_type type, const struct les_map *map, const void *in,
			   const float *gamma, const float *beta, float eps, void *out,
			   struct les_rows rows)
{
	const size_t c_n = map->c;

	for (size_t i = (size_t)rows.y_from * map->w; i < (size_t)rows.y_to * map->w; i++) {
		double mean = 0, variance = 0;
		for (size_t c = 0; c < c_n; c++)
			mean += (double)les_get(type, in, i * c_n + c);
		mean /= (double)c_n;
		for (size_t c = 0; c < c_n; c++) {
			const double off = (double)les_get(type, in, i * c_n + c) - mean;
			variance += off * off;
		}
		const float scale = (float)(1 / sqrt(variance / (double)c_n + (double)eps));
		for (size_t c = 0; c < c_n; c++)
			les_put(type, out, i * c_n + c,
				(les_get(type, in, i * c_n + c) - (float)mean) * scale * gamma[c] +
					beta[c]);
	}
}

LES_VECTOR void les_op_layer_norm(const struct les_map *map, const void *in, const float *gamma,
				  const float *beta, float eps, void *out, struct les_rows rows)
{
	LES_FOR_TYPE(map->type, layer_norm, map, in, gamma, beta, eps, out, rows);
}

LES_INLINE void channel_means(enum les_type type, const struct les_map *map, const void *at,
			      uint32_t len, float *row, float *means)
{
	const size_t c_n = map->c;

	memset(means, 0, c_n * sizeof *means);
	for (uint32_t y = 0; y < map->h; y++) {
		memset(row, 0, c_n * sizeof *row);
		for (uint32_t x = 0; x < len; x++)
			for (size_t c = 0; c < c_n; c++)
				row[c] += les_get(type, at, ((size_t)y * map->w + x) * c_n + c);
		for (size_t c = 0; c < c_n; c++)
			means[c] += row[c] / (float)len;
	}
	for (size_t c = 0; c < c_n; c++)
		means[c] /= (float)map->h;
}

LES_VECTOR static void find_means(const struct les_map *map, const void *at, uint32_t len,
				  float *row, float *means)
{
	LES_FOR_TYPE(map->type, channel_means, map, at, len, row, means);
}

/* out = matrix[rows][columns] · in + bias */
static void multiply(const float *matrix, const float *bias, uint32_t rows, uint32_t columns,
		     const float *in, float *out)
{
	for (uint32_t i = 0; i < rows; i++) {
		float sum = bias[i];
		for (uint32_t k = 0; k < columns; k++)
			sum += matrix[(size_t)i * columns + k] * in[k];
		out[i] = sum;
	}
}

void les_op_excite(const struct les_map *map, void *at, uint32_t len,
		   const struct les_excite *excite, float *scratch)
{
	float *means = scratch, *scales = scratch + map->c, *mid = scales + map->c;

	if (len == 0 || map->h == 0)
		return;
	find_means(map, at, len, scales, means);
	multiply(excite->down, excite->down_bias, excite->mid, map->c, means, mid);
	for (uint32_t i = 0; i < excite->mid; i++)
		mid[i] = fmaxf(mid[i], 0);
	multiply(excite->up, excite->up_bias, map->c, excite->mid, mid, scales);
	for (uint32_t c = 0; c < map->c; c++) {
		scales[c] = excite->hard ? fminf(fmaxf(scales[c] + 3, 0), 6) / 6
					 : 1 / (1 + expf(-scales[c]));
		means[c] = 0;
	}
	les_op_scale_channels(map, at, scales, means, at, (struct les_rows){0, map->h});
}

/* One query against all keys, laid [d][len] so that steps stand side by side, then the values. */
LES_VECTOR static void attend(const float *query, const float *keys, const float *values,
			      size_t values_stride, uint32_t d, uint32_t len, float *scores,
			      float *out)
{
	const float scale = 1 / sqrtf((float)d);
	float most = -INFINITY, sum = 0;

	memset(scores, 0, len * sizeof *scores);
	for (uint32_t k = 0; k < d; k++)
		for (uint32_t s = 0; s < len; s++)
			scores[s] += query[k] * scale * keys[(size_t)k * len + s];
	for (uint32_t s = 0; s < len; s++)
		most = fmaxf(most, scores[s]);
	for (uint32_t s = 0; s < len; s++) {
		scores[s] = expf(scores[s] - most);
		sum += scores[s];
	}
	memset(out, 0, d * sizeof *out);
	for (uint32_t s = 0; s < len; s++)
		for (uint32_t k = 0; k < d; k++)
			out[k] += scores[s] / sum * values[s * values_stride + k];
}

void les_op_attention(const float *qkv, uint32_t steps, uint32_t c, uint32_t heads, uint32_t len,
		      float *out, float *scratch)
{
	const uint32_t d = c / heads;
	const size_t stride = 3 * (size_t)c;
	float *scores = scratch, *keys = scratch + steps;

	memset(out + (size_t)len * c, 0, (size_t)(steps - len) * c * sizeof *out);
	for (uint32_t head = 0; head < heads; head++) {
		for (uint32_t s = 0; s < len; s++)
			for (uint32_t k = 0; k < d; k++)
				keys[(size_t)k * len + s] = qkv[s * stride + c + head * d + k];
		for (uint32_t t = 0; t < len; t++)
			attend(qkv + t * stride + head * d, keys, qkv + 2 * (size_t)c + head * d,
			       stride, d, len, scores, out + (size_t)t * c + head * d);
	}
}
