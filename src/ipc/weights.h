#ifndef LES_IPC_WEIGHTS_H
#define LES_IPC_WEIGHTS_H

#include "base/arena.h"
#include "base/error.h"
#include "types/weights.h"

#include <stddef.h>
#include <stdint.h>

/* A net as one file: what lesart-decode makes of a foreign model, what the registry keeps, what a
 * reader maps. Little-endian; the same net gives the same bytes, and nothing can be said in two
 * ways: every place follows from the counts before it.
 *
 *   header  LES_WEIGHTS_HEADER_BYTES
 *             0  8 bytes "LESNET1\n"
 *             8  u32 version (1) · u32 kind
 *            16  u64 bytes of the file
 *            24  32 bytes SHA-256 of all that follows the header
 *            56  u32 flags: 1 boxes, 2 legacy polygons, 4 topline, 8 plain boxes,
 *                16 bands (not both 2 and 16)
 *            60  f32 temperature
 *            64  u32 tensors · u32 classes · u32 codes · u32 labels
 *            80  u64 bytes of the strings
 *            88  zeros
 *   tensors u32 rank · u32 dims[4] (0 from rank on)
 *   classes u32 kind · u32 channel
 *   codes   u32 labels
 *   labels  u32, code after code
 *   strings spec, precision, meta, the tensors' names, the classes' names, the codes' texts; each
 *           with its NUL, UTF-8
 *   values  f32, each tensor at a multiple of 64 bytes; zeros between
 */
enum { LES_WEIGHTS_HEADER_BYTES = 128, LES_SHA256_BYTES = 32 };

/* How many bytes that file has. errors: LIMIT (LES_WEIGHTS_BYTES_MAX, or a count beyond its cap).
 */
enum les_kind les_weights_size(const struct les_weights *weights, size_t *ret_bytes,
			       struct les_error *reterr);

/* Writes it to n = les_weights_size() bytes of zeros. */
void les_weights_write(const struct les_weights *weights, uint8_t *bytes, size_t n);

/* Reads untrusted bytes; the small tables go to arena, values, labels and strings stay where they
 * are. bytes must be 64-byte aligned (a mapping is). Checks everything but the hash and that values
 * are finite. errors: FORMAT, LIMIT, NOMEM; UNSUPPORTED another version. */
enum les_kind les_weights_parse(const uint8_t *bytes, size_t n, struct les_arena *arena,
				struct les_weights *ret, struct les_error *reterr);

/* For whoever takes such a file over: its hash is right and every value is finite. bytes are such
 * that les_weights_parse() took. errors: FORMAT. */
enum les_kind les_weights_verify(const uint8_t *bytes, size_t n, const struct les_weights *weights,
				 struct les_error *reterr);

/* SHA-256 of any bytes, as 64 hex digits and NUL. */
void les_sha256_hex(const void *bytes, size_t n, char out[static 2 * LES_SHA256_BYTES + 1]);

#endif
