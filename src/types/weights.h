#ifndef LES_TYPES_WEIGHTS_H
#define LES_TYPES_WEIGHTS_H

#include "types/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A net as it travels between files and processes: what it is, and its numbers. Everything is
 * borrowed from the bytes it was read from, or from the arena of who made it. */

enum les_net_kind { /* the numbers travel */
		    LES_NET_RECOGNITION = 1,
		    LES_NET_SEGMENTATION = 2,
};

/* f32 values, row-major, in torch's layout. Names are kraken 7's without the model's id and the
 * leading "nn.": "C_0.co.weight" [out,in,kh,kw] (transposed: [in,out,kh,kw]), "C_0.co.bias",
 * "L_3.layer.weight_ih_l0", "L_3.layer.weight_hh_l0_reverse", "L_3.layer.bias_ih_l0" (gates i, f,
 * g, o), "Gn_1.layer.weight", "O_5.lin.weight" [out,in]. */
struct les_tensor {
	const char *name;
	uint32_t rank; /* 1..LES_TENSOR_RANK_MAX */
	uint32_t dims[LES_TENSOR_RANK_MAX];
	const float *values; /* 64-byte aligned where it lies in a file */
};

/* One code of a recogniser's alphabet: text that stands for one or more labels in a row. Label 0 is
 * the blank. */
struct les_code {
	const char *text; /* UTF-8 */
	uint32_t labels_n;
	const uint32_t *labels;
};

enum les_class_kind {                    /* the numbers travel */
		      LES_CLASS_AUX = 1, /* "_start_separator", "_end_separator" */
		      LES_CLASS_BASELINE = 2,
		      LES_CLASS_REGION = 3,
};

/* One channel of a line finder's heatmap. */
struct les_class {
	const char *name;
	enum les_class_kind kind;
	uint32_t channel;
};

/* How a recogniser wants a line with a baseline cut out of its page. */
enum les_line_cut {                      /* the numbers travel */
		    LES_CUT_POLYGON = 0, /* all outside its polygon black, as in kraken 6 and 7 */
		    LES_CUT_POLYGON_LEGACY = 1, /* as kraken's models up to 5 were trained with */
		    LES_CUT_BAND = 2,           /* the whole band it is written in: lines/band.h */
};

struct les_weights {
	enum les_net_kind kind;
	const char *spec; /* VGSL with layer names: "[1,120,0,1 Cr{C_0}3,13,32 … O{O_9}1c94]" */
	bool boxes;       /* recognition: lines are boxes, not baselines (seg_type "bbox") */
	enum les_line_cut cut; /* recognition */
	bool plain_boxes;      /* recognition: lines that are boxes are scaled and no more, as our
				  training does; else they are dewarped, as kraken does */
	bool topline;          /* segmentation: baselines run along the top */
	float temperature;     /* recognition: softmax temperature, 1 where there is none */
	const char *precision; /* "f32", "f16", "f16+f32": how the file stored them */
	const char *meta;      /* the rest of the model's metadata, JSON, for its card */
	struct les_tensor *tensors;
	uint32_t tensors_n;
	struct les_code *codes;
	uint32_t codes_n;
	struct les_class *classes;
	uint32_t classes_n;
};

/* The tensor of that name, or NULL. */
const struct les_tensor *les_weights_lookup(const struct les_weights *weights, const char *name);

/* How many values it has; 0 where the product overflows or a side is 0. */
size_t les_tensor_values(const struct les_tensor *tensor);

#endif
