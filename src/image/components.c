#include "image/components.h"

#include <stdlib.h>

/* Pixels seen of one piece; the queue is as long as the mask has set pixels. */
static uint64_t flood(const struct les_bitmap *mask, struct les_components *out, uint32_t first,
		      uint32_t label, uint32_t *queue)
{
	size_t n = 0, done = 0;

	out->label[first] = label;
	queue[n++] = first;
	while (done < n) {
		const uint32_t at = queue[done++], x = at % mask->w_px, y = at / mask->w_px;
		const uint32_t x0 = x > 0 ? x - 1 : 0, x1 = x + 1 < mask->w_px ? x + 1 : x;
		const uint32_t y0 = y > 0 ? y - 1 : 0, y1 = y + 1 < mask->h_px ? y + 1 : y;

		for (uint32_t v = y0; v <= y1; v++) {
			for (uint32_t u = x0; u <= x1; u++) {
				const uint32_t near = v * mask->w_px + u;
				if (!mask->px[near] || out->label[near])
					continue;
				out->label[near] = label;
				queue[n++] = near;
			}
		}
	}
	return n;
}

static enum les_kind add(struct les_components *out, struct les_component component,
			 size_t *capacity, struct les_error *reterr)
{
	if (out->n == *capacity) {
		const size_t more = *capacity ? 2 * *capacity : 64;
		struct les_component *at = reallocarray(out->at, more, sizeof *at);
		if (!at)
			return les_fail(reterr, LES_NOMEM, "%zu pieces of a mask", more);
		out->at = at;
		*capacity = more;
	}
	out->at[out->n++] = component;
	return LES_OK;
}

enum les_kind les_components_find(const struct les_bitmap *mask, struct les_components *ret,
				  struct les_error *reterr)
{
	const size_t pixels = (size_t)mask->w_px * mask->h_px;
	LES_CLEANUP(les_components_done)
	struct les_components out = {.w_px = mask->w_px, .h_px = mask->h_px};
	size_t set = 0, capacity = 0;
	enum les_kind kind = LES_OK;

	for (size_t i = 0; i < pixels; i++)
		set += mask->px[i] != 0;
	LES_CLEANUP(les_free_p) uint32_t *queue = calloc(set + 1, sizeof *queue);
	out.label = calloc(pixels, sizeof *out.label);
	if (!queue || !out.label)
		return les_fail(reterr, LES_NOMEM, "labels of %zu pixels", pixels);
	for (size_t i = 0; !kind && i < pixels; i++) {
		if (!mask->px[i] || out.label[i])
			continue;
		const uint64_t area = flood(mask, &out, (uint32_t)i, out.n + 1, queue);
		kind = add(&out,
			   (struct les_component){(uint32_t)(i % mask->w_px),
						  (uint32_t)(i / mask->w_px), area},
			   &capacity, reterr);
	}
	if (kind)
		return kind;
	*ret = out;
	out = (struct les_components){0};
	return LES_OK;
}

void les_components_done(struct les_components *components)
{
	free(components->label);
	free(components->at);
	*components = (struct les_components){0};
}
