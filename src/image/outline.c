#include "image/outline.h"

/* The eight neighbours clockwise on the page, from the west. */
static const int8_t DX[8] = {-1, -1, 0, 1, 1, 1, 0, -1};
static const int8_t DY[8] = {0, -1, -1, -1, 0, 1, 1, 1};

static bool belongs(const struct les_components *c, uint32_t component, int64_t x, int64_t y)
{
	return x >= 0 && y >= 0 && x < c->w_px && y < c->h_px &&
	       c->label[(size_t)y * c->w_px + (size_t)x] == component + 1;
}

enum les_kind les_outline(const struct les_components *components, uint32_t component, size_t max,
			  struct les_polyline *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_polyline_done) struct les_polyline line = {0};
	const int64_t start_x = components->at[component].x_px;
	const int64_t start_y = components->at[component].y_px;
	int64_t x = start_x, y = start_y;
	unsigned from = 0, first = 8; /* where we came from; the first step taken */
	enum les_kind kind = LES_OK;

	while (!kind) {
		unsigned k = 0, step = from;
		while (k < 8 && !belongs(components, component, x + DX[step], y + DY[step])) {
			step = (step + 1) % 8;
			k++;
		}
		if (x == start_x && y == start_y && step == first)
			break;
		if (line.n == max)
			return les_fail(reterr, LES_LIMIT, "an outline of more than %zu points",
					max);
		kind = les_polyline_push(&line, (struct les_vec){(double)x, (double)y}, reterr);
		if (k == 8)
			break;
		if (first == 8)
			first = step;
		x += DX[step];
		y += DY[step];
		/* the unset neighbour looked at last, seen from the new pixel */
		from = step % 2 ? (step + 5) % 8 : (step + 6) % 8;
	}
	if (kind)
		return kind;
	*ret = line;
	line = (struct les_polyline){0};
	return LES_OK;
}
