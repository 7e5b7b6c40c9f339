#include "lines/warp.h"

#include <string.h>

static double lerp(double a, double b, double t)
{
	return a + (b - a) * t;
}

static uint32_t clamp(double v, uint32_t n)
{
	return v < 0 ? 0 : v >= n ? n - 1 : (uint32_t)v;
}

/* p in squares: [0,w) × [0,h) is inside. At the edges the outer half pixel repeats the last one. */
static void sample_square(const struct les_bitmap *source, struct les_vec p, uint8_t *ret)
{
	if (!(p.x >= 0 && p.x < source->w_px && p.y >= 0 && p.y < source->h_px))
		return;
	const double fx = floor(p.x - 0.5), fy = floor(p.y - 0.5);
	const double tx = p.x - 0.5 - fx, ty = p.y - 0.5 - fy;
	const size_t n = source->channels;
	const uint8_t *top = source->px + clamp(fy, source->h_px) * source->w_px * n;
	const uint8_t *bottom = source->px + clamp(fy + 1, source->h_px) * source->w_px * n;
	const size_t left = clamp(fx, source->w_px) * n, right = clamp(fx + 1, source->w_px) * n;

	for (size_t c = 0; c < n; c++)
		ret[c] = (uint8_t)lerp(lerp(top[left + c], top[right + c], tx),
				       lerp(bottom[left + c], bottom[right + c], tx), ty);
}

void les_sample_point(const struct les_bitmap *source, struct les_vec p, uint8_t *ret)
{
	if (p.x >= 0 && p.x <= source->w_px - 1 && p.y >= 0 && p.y <= source->h_px - 1)
		sample_square(source, (struct les_vec){p.x + 0.5, p.y + 0.5}, ret);
}

static uint8_t *pixel(struct les_bitmap *out, uint32_t x, uint32_t y)
{
	return out->px + ((size_t)y * out->w_px + x) * out->channels;
}

void les_warp_bilinear(const struct les_bitmap *source, const struct les_warp *m,
		       struct les_bitmap *out)
{
	for (uint32_t y = 0; y < out->h_px; y++)
		for (uint32_t x = 0; x < out->w_px; x++)
			sample_square(source, les_warp_apply(m, x + 0.5, y + 0.5),
				      pixel(out, x, y));
}

void les_warp_nearest(const struct les_bitmap *source, const struct les_warp *m,
		      struct les_bitmap *out)
{
	for (uint32_t y = 0; y < out->h_px; y++) {
		for (uint32_t x = 0; x < out->w_px; x++) {
			const struct les_vec p = les_warp_apply(m, x, y);
			if (!(p.x >= 0 && p.x <= source->w_px - 1 && p.y >= 0 &&
			      p.y <= source->h_px - 1))
				continue;
			const size_t at = (size_t)(p.y + 0.5) * source->w_px + (size_t)(p.x + 0.5);
			memcpy(pixel(out, x, y), source->px + at * source->channels,
			       source->channels);
		}
	}
}

void les_warp_quad(const struct les_bitmap *source, const struct les_vec quad[4],
		   struct les_bitmap *out, struct les_box box)
{
	const struct les_vec nw = quad[0], sw = quad[1], se = quad[2], ne = quad[3];
	const double per_x = 1.0 / (box.x1_px - box.x0_px), per_y = 1.0 / (box.y1_px - box.y0_px);
	const struct les_vec dx = les_vec_scale(les_vec_sub(ne, nw), per_x);
	const struct les_vec dy = les_vec_scale(les_vec_sub(sw, nw), per_y);
	const struct les_vec dxy =
		les_vec_scale(les_vec_add(les_vec_sub(se, sw), les_vec_sub(nw, ne)), per_x * per_y);
	const int32_t x0 = box.x0_px > 0 ? box.x0_px : 0, y0 = box.y0_px > 0 ? box.y0_px : 0;

	for (int32_t y = y0; y < box.y1_px && y < (int32_t)out->h_px; y++) {
		for (int32_t x = x0; x < box.x1_px && x < (int32_t)out->w_px; x++) {
			const double u = x - x0 + 0.5, v = y - y0 + 0.5;
			const struct les_vec p = {
				nw.x + dx.x * u + dy.x * v + dxy.x * u * v,
				nw.y + dx.y * u + dy.y * v + dxy.y * u * v,
			};
			uint8_t *px = pixel(out, (uint32_t)x, (uint32_t)y);
			memset(px, 0, out->channels);
			sample_square(source, p, px);
		}
	}
}
