#ifndef LES_DECODE_SERVE_H
#define LES_DECODE_SERVE_H

#include "base/error.h"

#include <stdint.h>

/* Opens the fonts, confines this process for good and warms up. *ret_landlock_abi is what the
 * kernel offered. errors: as les_decode_serve(). */
enum les_kind les_decode_confine(uint32_t *ret_landlock_abi, struct les_error *reterr);

/* The whole life of a decoder: opens the fonts, confines itself, warms up, says READY, then serves
 * one document over the channel, a page for each NEXT, until lesart hangs up (LES_OK). errors: what
 * kept it from READY; PEER where a message broke the protocol. */
enum les_kind les_decode_serve(int channel, struct les_error *reterr);

#endif
