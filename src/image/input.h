#ifndef LES_IMAGE_INPUT_H
#define LES_IMAGE_INPUT_H

#include "image/bitmap.h"

/* What a net wants to see, from the head of its VGSL spec [n,h,w,c]. */
struct les_input_spec {
	uint32_t channels;   /* 1: grey, 3: RGB */
	uint32_t h_px, w_px; /* 0: follows from the other side; both 0: the image's own size */
	uint32_t pad_px;     /* white columns on the left and as many on the right */
};

/* An image as a net's input: float [channels, h_px, w_px], 0 = the lightest pixel of the image with
 * its padding, at most 1. les_input_done() frees. */
struct les_input {
	float *at;
	uint32_t channels, h_px, w_px; /* w_px with the padding */
	bool flat;                     /* one grey level all over: nothing to read */
};

/* The size an image has after resizing, before padding. A side that would be 0 is a LIMIT. */
enum les_kind les_input_size(const struct les_image *image, const struct les_input_spec *spec,
			     uint32_t *ret_w_px, uint32_t *ret_h_px, struct les_error *reterr);

/* The first half of what follows: grey or RGB, resized, as bytes. */
enum les_kind les_input_resize(const struct les_image *image, const struct les_input_spec *spec,
			       struct les_bitmap *ret, struct les_error *reterr);

/* Grey or RGB, resized (Lanczos), padded, /255, inverted as max(x) − x over the whole tensor.
 *
 * image    borrowed
 * *ret     les_input_done()
 * errors   LIMIT (an empty image, more than LES_INPUT_FLOATS_MAX values), NOMEM
 * source   kraken lib/dataset/utils.py ImageInputTransforms; ours has no binarisation
 */
enum les_kind les_input_from_image(const struct les_image *image, const struct les_input_spec *spec,
				   struct les_input *ret, struct les_error *reterr);

/* The second half of the above: an image of the final size already. */
enum les_kind les_input_from_resized(const struct les_image *image, uint32_t pad_px,
				     struct les_input *ret, struct les_error *reterr);
void les_input_done(struct les_input *input);

#endif
