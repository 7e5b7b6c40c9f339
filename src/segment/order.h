#ifndef LES_SEGMENT_ORDER_H
#define LES_SEGMENT_ORDER_H

#include "base/error.h"
#include "types/page.h"

/* Puts a page's lines into reading order and says in which region each lies: the first that
 * contains the middle of its baseline, else -1. Lines of a region stay together. Lines and regions
 * that overlap from left to right are read from top to bottom; of those that do not, the left one
 * comes first, unless something lies across both columns between them.
 *
 * right_to_left  columns are read from the right
 * errors         NOMEM
 * source         kraken lib/segmentation.py polygonal_reading_order(), reading_order(), topsort()
 *                (after Breuel's ocropus). Right to left is the mirror image here; kraken's misses
 *                most columns. A line without a baseline goes by its box.
 */
enum les_kind les_order_lines(struct les_page *page, bool right_to_left, struct les_error *reterr);

#endif
