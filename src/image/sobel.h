#ifndef LES_IMAGE_SOBEL_H
#define LES_IMAGE_SOBEL_H

#include "image/plane.h"

/* Strength of edges: √((h² + v²)/2) of the Sobel kernels [1 2 1]/4 × [1 0 −1] on grey/255, the
 * border mirrored. At most 1.
 *
 * grey     1 channel
 * target   as large as the image
 * as       skimage.filters.sobel
 */
void les_sobel(const struct les_image *grey, struct les_plane *target);

#endif
