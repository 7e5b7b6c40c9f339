#ifndef LES_NN_VGSL_H
#define LES_NN_VGSL_H

#include "base/error.h"
#include "nn/dnnl.h"
#include "types/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* VGSL, the language in which kraken describes nets (H lib/vgsl/model.py):
 *
 *   [1,120,0,1 Cr{C_0}3,13,32 Do{Do_1}0.1,2 Mp{Mp_2}2,2 … S{S_4}1(1x0)1,3 Lbx{L_5}200 O{O_6}1c94]
 *
 * The head is batch, height, width, channels; 0 is "any". Then layers in series; (…) runs layers
 * side by side and joins their channels, […] is a series inside such a block. Names in braces are
 * optional, and then made as kraken makes them. Ours is stricter: what stands behind a layer's
 * numbers is an error.
 */

enum les_op {
	LES_OP_CONV,    /* C[T](s|t|r|l|lr|m)Y,X,OUT[,SY,SX][,DY,DX], O2(l|s)OUT, O1… on images */
	LES_OP_POOL,    /* MpY,X[,SY,SX]: maximum, no padding */
	LES_OP_LSTM,    /* L(f|r|b)(x|y)[s][c]OUT; r is f, as in kraken */
	LES_OP_LINEAR,  /* O1(c|l|s)[a]OUT, along every pixel */
	LES_OP_RESHAPE, /* S1(AxB)1,3 or S1(AxB)3,1: a part of the height becomes channels */
	LES_OP_DROPOUT, /* Do[P][,DIMS] */
	LES_OP_GROUP_NORM, /* GnGROUPS */
	LES_OP_ADDITION,   /* A3,CHUNK: sums chunks of channels */
	LES_OP_IDENTITY,   /* I */
	LES_OP_CONCAT,     /* made of (…) */
};

enum { LES_LAYER_NAME_BYTES_MAX = 64, LES_INPUT = -1 };

struct les_layer {
	enum les_op op;
	char name[LES_LAYER_NAME_BYTES_MAX]; /* "C_0"; "" for a concat */
	int32_t from;                        /* the layer it reads, LES_INPUT for the net's input */
	uint32_t in_c, out_c;
	union {
		struct {
			uint32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
			bool transposed, softmax; /* softmax: over channels, after it */
			enum les_act act;
		} conv;
		struct {
			uint32_t kernel_h, kernel_w, stride_h, stride_w;
		} pool;
		struct {
			uint32_t hidden;
			bool both_ways, along_y, last_only;
			bool clstm; /* no biases, a 1 goes before the input */
		} lstm;
		struct {
			bool augmented; /* a 1 goes before the input */
		} linear;
		struct {
			uint32_t a, b; /* height = a · b */
			bool keep_a;   /* a stays height and b becomes channels, or the reverse */
		} reshape;
		struct {
			float p;
			uint32_t dims; /* 1: single values, 2: whole channels */
		} dropout;
		struct {
			uint32_t groups;
		} group_norm;
		struct {
			uint32_t first, n; /* into the graph's branches */
		} concat;
	};
};

struct les_graph {
	uint32_t in_c, in_h, in_w; /* h and w: 0 where any */
	uint32_t out_c;
	struct les_layer layers[LES_LAYERS_MAX];
	uint32_t layers_n;                /* at least 1; the last one's output is the net's */
	int32_t branches[LES_LAYERS_MAX]; /* of concats: layers whose outputs are joined */
	uint32_t branches_n;
};

/* FORMAT where the words are no VGSL, UNSUPPORTED where they are but we have no such layer, LIMIT
 * beyond limits.h; the message names the layer. */
enum les_kind les_vgsl_parse(const char *spec, struct les_graph *ret, struct les_error *reterr);

/* One layer's output for one image. */
struct les_extent {
	uint32_t h, w;
};

/* Height and width of every layer's output for an input of h × w; 0 × 0 from where nothing is left
 * (an image smaller than a window). out holds layers_n. UNSUPPORTED, with the layer's name, where
 * branches or a reshape do not fit. */
enum les_kind les_graph_extents(const struct les_graph *graph, uint32_t h, uint32_t w,
				struct les_extent *out, struct les_error *reterr);

/* One layer's output height and width for an input's, by the same rules (a concat's: the input's
 * own). */
uint32_t les_layer_height(const struct les_layer *layer, uint32_t h);
uint32_t les_layer_width(const struct les_layer *layer, uint32_t w);

/* What kraken pads a convolution with on each side. */
uint32_t les_conv_pad(uint32_t kernel, uint32_t dilation);

#endif
