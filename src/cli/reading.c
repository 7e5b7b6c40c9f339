#include "cli/reading.h"

#include "base/cleanup.h"

void les_reading_init(struct les_reading *reading)
{
	*reading = (struct les_reading){.engine = "auto",
					.language = "",
					.script = "auto",
					.threads = les_processors(),
					.illegible_below = 0.3f};
	if (reading->threads > LES_THREADS_MAX)
		reading->threads = LES_THREADS_MAX;
}

enum les_kind les_reading_request(struct les_reading *reading, struct les_job_request *request,
				  struct les_error *reterr)
{
	if (reading->model || reading->segmenter)
		return les_fail(reterr, LES_UNAVAILABLE,
				"--%s needs the neural reader, which this version does not have",
				reading->model ? "model" : "segmenter");
	les_job_request_init(request);
	request->engine = reading->engine;
	request->language = reading->language;
	request->script = reading->script;
	request->threads = (uint32_t)reading->threads;
	request->illegible_below = reading->illegible_below;
	if (reading->tessdata) {
		reading->tessdata_folders[0] = reading->tessdata;
		request->tessdata = reading->tessdata_folders;
	}
	return LES_OK;
}

enum les_kind les_reading_pool(const struct les_reading *reading, uint32_t files_n,
			       char **ret_binary_dir, struct les_pool **ret,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	enum les_kind kind = les_binary_dir_find(&binary_dir, reterr);

	if (kind != LES_OK)
		return kind;
	const struct les_pool_config config = {
		.binary_dir = binary_dir,
		.stock = {[LES_ROLE_DECODE] = {.spare = files_n > 1 ? 1 : 0},
			  [LES_ROLE_TESSERACT] = {.max = (uint32_t)reading->threads},
			  [LES_ROLE_READ] = {.max = 1}},
		.threads = (uint32_t)reading->threads,
		.recogniser_documents = LES_RECOGNISER_DOCUMENTS_MAX,
		.allow_weak_sandbox = reading->allow_weak_sandbox,
	};
	kind = les_pool_new(&config, ret, reterr);
	if (kind == LES_OK)
		*ret_binary_dir = LES_TAKE(binary_dir);
	return kind;
}
