#ifndef LES_TRAIN_SHAPE_H
#define LES_TRAIN_SHAPE_H

#include "types/geometry.h"

/* A baseline or a region on a page of training, in pixels of the page as the net sees it. */
struct les_shape {
	struct les_points points;
	uint32_t class_number; /* a channel of the pages' class mapping (train/pages.h) */
};

#endif
