#ifndef LES_JOBS_NETS_H
#define LES_JOBS_NETS_H

#include "jobs/models.h"
#include "jobs/pool.h"
#include "models/registry.h"

#include <stdbool.h>

/* Nets as a person names them: by a name of the registry, by the path of a model file of kraken's,
 * or not at all. */

/* By name, or where paths is set also by path: a file goes through the decoder's sandbox, once for
 * each file and process. registry may be NULL. errors: NOTFOUND with the folders looked in; ARG (a
 * net of another kind, no name); those of the conversion. */
enum les_kind les_net_named(struct les_pool *pool, const struct les_registry *registry,
			    const char *name, bool paths, enum les_net_kind kind,
			    struct les_model *ret, struct les_error *reterr);

/* The first of the registry, in the order of les_registry_each(), that is of that kind and, unless
 * script is "auto", whose card says that script. errors: NOTFOUND (words say what was looked for);
 * those of the registry. */
enum les_kind les_net_for_script(const struct les_registry *registry, const char *script,
				 enum les_net_kind kind, struct les_model *ret,
				 struct les_error *reterr);

#endif
