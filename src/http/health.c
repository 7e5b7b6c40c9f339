#include "base/cleanup.h"
#include "base/clock.h"
#include "base/version.h"
#include "http/request.h"
#include "jobs/models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void take_language(void *context, const char *language)
{
	json_array_append_new(context, json_string(language));
}

/* One object a role that has been started: how many there are and what confines them. */
static json_t *workers(const struct les_pool_status *status)
{
	json_t *o = json_object();

	for (int role = LES_ROLE_DECODE; role < LES_ROLE_N; role++) {
		const struct les_ready *ready = &status->of[role].ready;

		if (status->of[role].started_n)
			json_object_set_new(
				o, les_role_binary((enum les_role)role),
				json_pack("{s:i, s:i, s:i, s:b, s:b}", "ready",
					  (int)status->of[role].ready_n, "busy",
					  (int)status->of[role].busy_n, "landlockAbi",
					  (int)ready->landlock_abi, "landlock",
					  (ready->confined & LES_CONFINED_LANDLOCK) != 0, "seccomp",
					  (ready->confined & LES_CONFINED_SECCOMP) != 0));
	}
	return o;
}

/* Where imported and trained models go: "none", "writable", or read-only with what mends it. */
static void models_folder(const char *dir, char *out, size_t n)
{
	if (!dir)
		snprintf(out, n, "none");
	else if (access(dir, W_OK) == 0)
		snprintf(out, n, "writable");
	else
		snprintf(out, n, "read-only (mend with: chown %u:%u %s)", getuid(), getgid(), dir);
}

/* Why no page can be read, or NULL. */
static const char *unfit(const struct les_pool_status *status, const char *no_language)
{
	if (no_language[0])
		return no_language;
	if (status->error.kind != LES_OK)
		return status->error.message;
	if (!status->of[LES_ROLE_DECODE].started_n || !status->of[LES_ROLE_TESSERACT].started_n)
		return "the workers are starting";
	return NULL;
}

enum MHD_Result les_route_health(struct les_request *request)
{
	const struct les_server *server = request->server;
	LES_CLEANUP(les_buf_done) struct les_buf body = LES_BUF(1 << 20);
	struct les_pool_status status;
	uint32_t running, waiting;
	char models[300], no_language[200];

	les_pool_status(server->config.pool, &status);
	les_slots_count(&request->server->slots, &running, &waiting);
	models_folder(server->config.models_dir, models, sizeof models);
	json_t *found = json_array();
	les_languages_find(server->config.tessdata, take_language, found, no_language,
			   sizeof no_language);
	const char *reason = unfit(&status, no_language);
	json_t *o = json_pack("{s:s, s:s, s:s*, s:s, s:s, s:f, s:o, s:s, s:{s:i, s:i}, s:o}",
			      "schema", "lesart.health/1", "status", reason ? "unavailable" : "ok",
			      "reason", reason, "version", LES_VERSION, "build", LES_BUILD_ID,
			      "uptimeSeconds", les_clock_s() - server->since_s, "languages", found,
			      "models", models, "documents", "running", (int)running, "waiting",
			      (int)waiting, "workers", workers(&status));
	if (getuid() == 0)
		json_object_set_new(o, "warning", json_string("running as root: use another user"));
	les_json_append(&body, o);
	les_buf_puts(&body, "\n");
	if (body.failed)
		return MHD_NO;
	return les_answer(request, reason ? 503 : 200, "application/json", body.bytes, body.len);
}
