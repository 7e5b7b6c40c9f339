#ifndef LES_IMAGE_SEAM_H
#define LES_IMAGE_SEAM_H

#include "image/plane.h"

/* The cheapest way through a plane from its first to its last column, one row in each column,
 * neighbours at most one row apart. The higher row wins where ways cost the same.
 *
 * cost     each at least 0; borrowed
 * rows     [w_px], written
 * errors   NOMEM
 * source   Avidan, Shamir 2007
 */
enum les_kind les_seam(const struct les_plane *cost, uint32_t *rows, struct les_error *reterr);

#endif
