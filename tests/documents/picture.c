#include "tests/documents/documents.h"

uint8_t picture_grey(uint32_t x, uint32_t y)
{
	if (y >= PICTURE_BLOCK_H_PX)
		return 255;
	if (x < PICTURE_BLOCK_W_PX)
		return 0;
	return x >= PICTURE_W_PX - PICTURE_BLOCK_W_PX ? 128 : 255;
}

void picture_rgb(uint32_t x, uint32_t y, uint8_t rgb[3])
{
	rgb[0] = rgb[1] = rgb[2] = picture_grey(x, y);
	if (rgb[0] == 0)
		rgb[0] = 200;
}
