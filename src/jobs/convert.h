#ifndef LES_JOBS_CONVERT_H
#define LES_JOBS_CONVERT_H

#include "base/error.h"
#include "jobs/pool.h"
#include "models/net.h"

/* A foreign model file through the decoder's sandbox into a net.
 *
 * fd       read-only, borrowed: .safetensors or .mlmodel of kraken
 * part     which of several models in it (uuid, or number from 1); "" where it has one
 * *ret_fd  a sealed memfd of the canonical file, the caller's
 * *ret     that file mapped, its hash and values checked; les_net_file_done()
 * errors   any kind of the decoder; ARG's words list the models where a part has to be chosen */
enum les_kind les_model_convert(struct les_pool *pool, int fd, const char *part, int *ret_fd,
				struct les_net_file *ret, struct les_error *reterr);

#endif
