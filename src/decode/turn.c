#include "decode/turn.h"

struct les_turn les_turn_from_orientation(uint32_t orientation)
{
	static const struct les_turn turns[9] = {
		{0, false},  {0, false},  {0, true},  {180, false}, {180, true},
		{270, true}, {90, false}, {90, true}, {270, false},
	};

	return turns[orientation <= 8 ? orientation : 0];
}

void les_turn_size(struct les_turn turn, uint32_t w_px, uint32_t h_px, uint32_t *ret_w_px,
		   uint32_t *ret_h_px)
{
	bool lies = turn.rotation_deg % 180 != 0;

	*ret_w_px = lies ? h_px : w_px;
	*ret_h_px = lies ? w_px : h_px;
}

struct les_affine les_turn_to_stored(struct les_turn turn, uint32_t w_px, uint32_t h_px)
{
	float w = (float)w_px, h = (float)h_px;
	struct les_affine m;

	switch (turn.rotation_deg) {
	case 90: /* the stored image's left bottom corner is the page's left top one */
		m = (struct les_affine){0, 1, 0, -1, 0, h};
		break;
	case 180:
		m = (struct les_affine){-1, 0, w, 0, -1, h};
		break;
	case 270:
		m = (struct les_affine){0, -1, w, 1, 0, 0};
		break;
	default:
		m = (struct les_affine){1, 0, 0, 0, 1, 0};
	}
	if (turn.mirrored) { /* undone last, on the stored image */
		m.a = -m.a;
		m.b = -m.b;
		m.c = w - m.c;
	}
	return m;
}
