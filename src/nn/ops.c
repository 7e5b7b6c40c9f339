#include "nn/fast.h"

#include <math.h>
#include <string.h>

static void *value_at(const struct les_map *map, void *at, size_t i)
{
	return (char *)at + i * les_type_bytes(map->type);
}

static const void *value_of(const struct les_map *map, const void *at, size_t i)
{
	return (const char *)at + i * les_type_bytes(map->type);
}

LES_INLINE void from_f32(enum les_type type, const float *in, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		les_put(type, out, i, in[i]);
}

LES_VECTOR void les_op_from_f32(enum les_type type, const float *in, void *out, size_t n)
{
	LES_FOR_TYPE(type, from_f32, in, out, n);
}

LES_INLINE void to_f32(enum les_type type, const void *in, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = les_get(type, in, i);
}

LES_VECTOR void les_op_to_f32(enum les_type type, const void *in, float *out, size_t n)
{
	LES_FOR_TYPE(type, to_f32, in, out, n);
}

LES_INLINE void input(enum les_type type, const float *in, uint32_t len, const struct les_map *map,
		      void *out, struct les_rows rows)
{
	for (uint32_t y = rows.y_from; y < rows.y_to; y++) {
		for (uint32_t c = 0; c < map->c; c++) {
			const float *row = in + ((size_t)c * map->h + y) * len;
			const size_t at = (size_t)y * map->w * map->c + c;
			for (uint32_t x = 0; x < len; x++)
				les_put(type, out, at + (size_t)x * map->c, row[x]);
		}
	}
}

LES_VECTOR void les_op_input(const float *in, uint32_t len, const struct les_map *map, void *out,
			     struct les_rows rows)
{
	LES_FOR_TYPE(map->type, input, in, len, map, out, rows);
	les_op_zero_tail(map, out, len, rows);
}

void les_op_zero_tail(const struct les_map *map, void *at, uint32_t len, struct les_rows rows)
{
	if (len >= map->w)
		return;
	for (uint32_t y = rows.y_from; y < rows.y_to; y++)
		memset(value_at(map, at, ((size_t)y * map->w + len) * map->c), 0,
		       (size_t)(map->w - len) * map->c * les_type_bytes(map->type));
}

LES_INLINE void pool_max(enum les_type type, const struct les_map *in_map, const void *in,
			 const struct les_window *window, const struct les_map *out_map, void *out,
			 struct les_rows rows)
{
	const uint32_t c_n = in_map->c;

	for (uint32_t y = rows.y_from; y < rows.y_to; y++) {
		for (uint32_t x = 0; x < out_map->w; x++) {
			void *to = value_at(out_map, out, ((size_t)y * out_map->w + x) * c_n);
			const size_t corner = (size_t)y * window->stride_h * in_map->w +
					      (size_t)x * window->stride_w;
			for (uint32_t k = 0; k < window->h * window->w; k++) {
				const void *from =
					value_of(in_map, in,
						 (corner + (size_t)(k / window->w) * in_map->w +
						  k % window->w) *
							 c_n);
				for (uint32_t c = 0; c < c_n; c++) {
					const float a = les_get(type, from, c);
					const float b = k ? les_get(type, to, c) : a;
					les_put(type, to, c, a > b ? a : b);
				}
			}
		}
	}
}

LES_VECTOR void les_op_pool_max(const struct les_map *in_map, const void *in,
				const struct les_window *window, const struct les_map *out_map,
				void *out, struct les_rows rows)
{
	LES_FOR_TYPE(in_map->type, pool_max, in_map, in, window, out_map, out, rows);
}

/* One row: every channel's sum, then its squared distances from the group's mean. */
LES_INLINE void row_moments(enum les_type type, const void *row, uint32_t c_n, uint32_t len,
			    uint32_t groups, float *sums, struct les_moments *moments)
{
	const uint32_t per_group = c_n / groups;

	memset(sums, 0, c_n * sizeof *sums);
	for (uint32_t x = 0; x < len; x++)
		for (uint32_t c = 0; c < c_n; c++)
			sums[c] += les_get(type, row, (size_t)x * c_n + c);
	for (uint32_t g = 0; g < groups; g++) {
		float sum = 0;
		for (uint32_t c = 0; c < per_group; c++)
			sum += sums[g * per_group + c];
		moments[g].mean = sum / ((float)per_group * (float)len);
		for (uint32_t c = 0; c < per_group; c++)
			sums[g * per_group + c] = moments[g].mean;
	}
	float *squares = sums + c_n;
	memset(squares, 0, c_n * sizeof *squares);
	for (uint32_t x = 0; x < len; x++) {
		for (uint32_t c = 0; c < c_n; c++) {
			const float off = les_get(type, row, (size_t)x * c_n + c) - sums[c];
			squares[c] += off * off;
		}
	}
	for (uint32_t g = 0; g < groups; g++) {
		moments[g].squares = 0;
		for (uint32_t c = 0; c < per_group; c++)
			moments[g].squares += squares[g * per_group + c];
	}
}

LES_INLINE void group_moments(enum les_type type, const struct les_map *map, const void *at,
			      uint32_t len, uint32_t groups, struct les_moments *moments,
			      float *scratch, struct les_rows rows)
{
	for (uint32_t y = rows.y_from; y < rows.y_to; y++)
		row_moments(type, value_of(map, at, (size_t)y * map->w * map->c), map->c, len,
			    groups, scratch, moments + (size_t)y * groups);
}

LES_VECTOR void les_op_group_moments(const struct les_map *map, const void *at, uint32_t len,
				     uint32_t groups, struct les_moments *moments, float *scratch,
				     struct les_rows rows)
{
	LES_FOR_TYPE(map->type, group_moments, map, at, len, groups, moments, scratch, rows);
}

void les_op_group_scales(const struct les_map *map, uint32_t len, uint32_t groups,
			 const struct les_moments *moments, const float *gamma, const float *beta,
			 float *scales, float *shifts)
{
	const uint32_t per_group = map->c / groups;
	const double row_n = (double)per_group * len;

	for (uint32_t g = 0; g < groups; g++) {
		double mean = 0, squares = 0, between = 0;
		for (uint32_t y = 0; y < map->h; y++) {
			mean += (double)moments[(size_t)y * groups + g].mean;
			squares += (double)moments[(size_t)y * groups + g].squares;
		}
		mean /= map->h;
		for (uint32_t y = 0; y < map->h; y++) {
			const double off = (double)moments[(size_t)y * groups + g].mean - mean;
			between += off * off;
		}
		const double variance = (squares + between * row_n) / (row_n * map->h);
		const double scale = 1 / sqrt(variance + 1e-5);
		for (uint32_t c = g * per_group; c < (g + 1) * per_group; c++) {
			scales[c] = (float)((double)gamma[c] * scale);
			shifts[c] = (float)((double)beta[c] - mean * (double)gamma[c] * scale);
		}
	}
}

LES_INLINE void scale_channels(enum les_type type, const struct les_map *map, const void *in,
			       const float *scales, const float *shifts, void *out,
			       struct les_rows rows)
{
	const size_t from = (size_t)rows.y_from * map->w, to = (size_t)rows.y_to * map->w;

	for (size_t i = from; i < to; i++)
		for (uint32_t c = 0; c < map->c; c++)
			les_put(type, out, i * map->c + c,
				les_get(type, in, i * map->c + c) * scales[c] + shifts[c]);
}

LES_VECTOR void les_op_scale_channels(const struct les_map *map, const void *in,
				      const float *scales, const float *shifts, void *out,
				      struct les_rows rows)
{
	LES_FOR_TYPE(map->type, scale_channels, map, in, scales, shifts, out, rows);
}

void les_op_softmax(const struct les_map *map, void *at, struct les_rows rows)
{
	for (size_t i = (size_t)rows.y_from * map->w; i < (size_t)rows.y_to * map->w; i++) {
		void *pixel = value_at(map, at, i * map->c);
		float most = les_get(map->type, pixel, 0), sum = 0;
		for (uint32_t c = 1; c < map->c; c++)
			most = fmaxf(most, les_get(map->type, pixel, c));
		for (uint32_t c = 0; c < map->c; c++)
			sum += expf(les_get(map->type, pixel, c) - most);
		for (uint32_t c = 0; c < map->c; c++)
			les_put(map->type, pixel, c,
				expf(les_get(map->type, pixel, c) - most) / sum);
	}
}

void les_op_fold(const struct les_map *in_map, const void *in, const struct les_fold *fold,
		 uint32_t len, void *out, size_t out_stride)
{
	const size_t bytes = in_map->c * les_type_bytes(in_map->type);

	for (uint32_t y = 0; y < in_map->h; y++) {
		const uint32_t a = y / fold->b, b = y % fold->b;
		const uint32_t row = fold->keep_a ? a : b, part = fold->keep_a ? b : a;
		for (uint32_t x = 0; x < len; x++)
			memcpy(value_at(in_map, out,
					((size_t)row * in_map->w + x) * out_stride +
						(size_t)part * in_map->c),
			       value_of(in_map, in, ((size_t)y * in_map->w + x) * in_map->c),
			       bytes);
	}
}

void les_op_to_sequences(const struct les_map *map, const void *in, const struct les_lanes *lanes,
			 uint32_t len, bool masked, void *out, size_t stride)
{
	const size_t bytes = map->c * les_type_bytes(map->type);
	const uint32_t steps = lanes->along_y ? map->h : map->w;

	for (uint32_t t = 0; t < steps; t++) {
		for (uint32_t i = 0; i < lanes->n; i++) {
			const uint32_t lane = lanes->first + i;
			const uint32_t y = lanes->along_y ? t : lane, x = lanes->along_y ? lane : t;
			const size_t to = ((size_t)t * lanes->n + i) * stride;
			if (t < len || !masked)
				memcpy(value_at(map, out, to),
				       value_of(map, in, ((size_t)y * map->w + x) * map->c), bytes);
			else
				memset(value_at(map, out, to), 0, bytes);
			if (masked)
				les_put(map->type, out, to + map->c, t < len ? 0 : 1);
		}
	}
}

void les_op_from_sequences(const struct les_map *map, const void *in, const struct les_lanes *lanes,
			   bool last_only, uint32_t len, void *out)
{
	const size_t bytes = map->c * les_type_bytes(map->type);
	const uint32_t steps = last_only ? 1 : lanes->along_y ? map->h : map->w;

	for (uint32_t t = 0; t < steps; t++) {
		for (uint32_t i = 0; i < lanes->n; i++) {
			const uint32_t lane = lanes->first + i;
			const uint32_t y = lanes->along_y ? t : lane, x = lanes->along_y ? lane : t;
			const size_t from = (size_t)(last_only ? len - 1 : t) * lanes->n + i;
			memcpy(value_at(map, out, ((size_t)y * map->w + x) * map->c),
			       value_of(map, in, from * map->c), bytes);
		}
	}
}

void les_op_place_channels(const struct les_map *map, const void *in, uint32_t out_c,
			   uint32_t out_at, void *out, struct les_rows rows)
{
	for (size_t i = (size_t)rows.y_from * map->w; i < (size_t)rows.y_to * map->w; i++)
		memcpy(value_at(map, out, i * out_c + out_at), value_of(map, in, i * map->c),
		       map->c * les_type_bytes(map->type));
}

LES_INLINE void add_chunks(enum les_type type, const struct les_map *map, const void *in,
			   uint32_t chunk, void *out, struct les_rows rows)
{
	for (size_t i = (size_t)rows.y_from * map->w; i < (size_t)rows.y_to * map->w; i++) {
		for (uint32_t c = 0; c < chunk; c++) {
			float sum = 0;
			for (uint32_t k = c; k < map->c / chunk * chunk; k += chunk)
				sum += les_get(type, in, i * map->c + k);
			les_put(type, out, i * chunk + c, sum);
		}
	}
}

LES_VECTOR void les_op_add_chunks(const struct les_map *map, const void *in, uint32_t chunk,
				  void *out, struct les_rows rows)
{
	LES_FOR_TYPE(map->type, add_chunks, map, in, chunk, out, rows);
}
