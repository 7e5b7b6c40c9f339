#ifndef LES_NN_DNNL_INSIDE_H
#define LES_NN_DNNL_INSIDE_H

/* What the adapter's own files share: dnnl.c (descriptors, weights, calls), dnnl_forward.c. Nobody
 * else includes this. */

#include "nn/dnnl.h"

#include <oneapi/dnnl/dnnl.h>

/* Memory descriptors: a struct in 2.x, a handle in 3.x. A descriptor of ours is owned; a view is
 * lent by a primitive descriptor. */
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t descriptor;
typedef const_dnnl_memory_desc_t descriptor_view;
#else
typedef dnnl_memory_desc_t *descriptor;
typedef const dnnl_memory_desc_t *descriptor_view;
#endif

struct les_prim {
	dnnl_primitive_desc_t descriptor;
	dnnl_primitive_t primitive;
	descriptor plain[LES_ARG_N]; /* arguments as callers give them, where packing is needed */
};

extern dnnl_engine_t les_dnnl_engine;       /* there once les_prim_new() went well */
extern dnnl_primitive_attr_t les_dnnl_attr; /* scratch memory is the caller's */

/* les_dnnl_attr with what follows a primitive; ops may be NULL and stays the caller's. */
dnnl_status_t les_attr_with(const_dnnl_post_ops_t ops, dnnl_primitive_attr_t *ret);

enum les_kind les_dnnl_fail(struct les_error *reterr, dnnl_status_t status, const char *what);

dnnl_status_t les_descriptor_by_tag(descriptor *ret, int rank, const dnnl_dims_t dims,
				    dnnl_data_type_t type, dnnl_format_tag_t tag);
dnnl_status_t les_descriptor_by_strides(descriptor *ret, int rank, const dnnl_dims_t dims,
					dnnl_data_type_t type, const dnnl_dims_t strides);
dnnl_status_t les_descriptor_copy(descriptor *ret, descriptor_view from);
void les_descriptor_free(descriptor *at);

dnnl_data_type_t les_number_of(enum les_type type);
dnnl_format_tag_t les_tag_of_block(int block);

/* The argument's layout as the primitive has it; NULL where it has no such argument. */
descriptor_view les_layout_of(const struct les_prim *prim, enum les_arg arg);

/* Bytes of one layout into another, in one step, on the calling thread. */
dnnl_status_t les_reorder(descriptor_view from, void *src, descriptor_view to, void *dst);

/* An empty primitive: its maker fills descriptor and plain, then hands it to les_prim_finish(),
 * which compiles it, or fails with the status that came before. */
enum les_kind les_prim_new(struct les_prim **ret, struct les_error *reterr);
enum les_kind les_prim_finish(struct les_prim **prim, dnnl_status_t status, const char *what,
			      struct les_prim **ret, struct les_error *reterr);

#endif
