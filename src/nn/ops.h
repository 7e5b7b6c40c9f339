#ifndef LES_NN_OPS_H
#define LES_NN_OPS_H

#include "nn/dnnl.h"
#include "nn/vector.h"

/* What nets do between oneDNN's primitives. An image is [H][W][C] of one type (NHWC, N = 1); rows
 * y_from to y_to are worked on, so that threads can share an image. `len` is the number of columns
 * that are the line; those behind it are padding. Twins of all these are in tests/op/. */

struct les_map {
	enum les_type type;
	uint32_t h, w, c;
};

struct les_rows {
	uint32_t y_from, y_to;
};

/* n values from f32, or to it. */
void les_op_from_f32(enum les_type type, const float *in, void *out, size_t n);
void les_op_to_f32(enum les_type type, const void *in, float *out, size_t n);

/* out[H][W][C] = in[C][H][len], f32, zeros behind len. */
void les_op_input(const float *in, uint32_t len, const struct les_map *map, void *out,
		  struct les_rows rows);

/* Columns from len on become 0. */
void les_op_zero_tail(const struct les_map *map, void *at, uint32_t len, struct les_rows rows);

/* Maximum over windows without padding (torch.nn.MaxPool2d); rows are those of out. */
struct les_window {
	uint32_t h, w, stride_h, stride_w;
};
void les_op_pool_max(const struct les_map *in_map, const void *in, const struct les_window *window,
		     const struct les_map *out_map, void *out, struct les_rows rows);

/* Group normalisation (Wu and He 2018, eq. 1; eps 1e-5) in two passes: moments of each row and
 * group into moments[H][G]; then les_op_group_scales() turns them into one scale and shift a
 * channel, which les_op_scale_channels() applies. Only columns before len count. */
struct les_moments {
	float mean, squares; /* squares: sum of squared distances from the mean */
};
void les_op_group_moments(const struct les_map *map, const void *at, uint32_t len, uint32_t groups,
			  struct les_moments *moments, float *scratch, struct les_rows rows);
void les_op_group_scales(const struct les_map *map, uint32_t len, uint32_t groups,
			 const struct les_moments *moments, const float *gamma, const float *beta,
			 float *scales, float *shifts);

/* out = in · scale[c] + shift[c]; in and out may be the same. */
void les_op_scale_channels(const struct les_map *map, const void *in, const float *scales,
			   const float *shifts, void *out, struct les_rows rows);

/* Softmax over the channels of each pixel, in place. */
void les_op_softmax(const struct les_map *map, void *at, struct les_rows rows);

/* out[H'][W][C'] from in[a·b][W][C]: keep_a: H' = a, C' = b·C; else H' = b, C' = a·C; the moved
 * part is the slow one of C'. Rows of C' values are out_stride values apart, and a row of the image
 * out_stride · W. Columns before len only. */
struct les_fold {
	uint32_t a, b;
	bool keep_a;
};
void les_op_fold(const struct les_map *in_map, const void *in, const struct les_fold *fold,
		 uint32_t len, void *out, size_t out_stride);

/* Sequences, time first: lanes first … first + n - 1 of an image, which are its rows (time runs
 * along x) or, along_y, its columns. out[T][n][stride] from in[H][W][C]. If masked (along x only),
 * value C of each is 0, or 1 from len on, where the others are 0. */
struct les_lanes {
	uint32_t first, n;
	bool along_y;
};
void les_op_to_sequences(const struct les_map *map, const void *in, const struct les_lanes *lanes,
			 uint32_t len, bool masked, void *out, size_t stride);

/* And back: in[T][n][C] into an image. If last_only it has but one column (row), the last before
 * len (the last). map is the image's. */
void les_op_from_sequences(const struct les_map *map, const void *in, const struct les_lanes *lanes,
			   bool last_only, uint32_t len, void *out);

/* out[…][out_c] gets in's channels from out_at on. */
void les_op_place_channels(const struct les_map *map, const void *in, uint32_t out_c,
			   uint32_t out_at, void *out, struct les_rows rows);

/* out[H][W][chunk]: sum of in's whole chunks of channels. */
void les_op_add_chunks(const struct les_map *map, const void *in, uint32_t chunk, void *out,
		       struct les_rows rows);

#endif
