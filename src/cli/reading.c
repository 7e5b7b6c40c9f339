#include "cli/reading.h"

#include "base/cleanup.h"
#include "jobs/choice.h"

void les_reading_init(struct les_reading *reading)
{
	*reading = (struct les_reading){.engine = "auto",
					.language = "",
					.script = "auto",
					.model = "",
					.segmenter = "",
					.precision = "auto",
					.threads = les_processors(),
					.illegible_below = 0.3f};
	if (reading->threads > LES_THREADS_MAX)
		reading->threads = LES_THREADS_MAX;
}

void les_reading_done(struct les_reading *reading)
{
	les_registry_done(&reading->registry);
}

void les_reading_request(struct les_reading *reading, struct les_job_request *request)
{
	les_job_request_init(request);
	request->engine = reading->engine;
	request->language = reading->language;
	request->script = reading->script;
	request->model = reading->model;
	request->segmenter = reading->segmenter;
	request->registry = &reading->registry;
	request->model_paths = true;
	request->precision = reading->precision;
	request->threads = (uint32_t)reading->threads;
	request->illegible_below = reading->illegible_below;
	if (reading->tessdata) {
		reading->tessdata_folders[0] = reading->tessdata;
		request->tessdata = reading->tessdata_folders;
	}
}

/* Of the recogniser that will be asked for, one starts at once, while the first page is decoded. */
static void stock_recognisers(struct les_reading *reading, uint32_t at_once,
			      struct les_pool_config *config)
{
	const uint32_t threads = (uint32_t)reading->threads;
	const uint32_t readers = at_once < threads ? at_once : threads;
	struct les_job_request request;

	les_reading_request(reading, &request);
	config->stock[LES_ROLE_TESSERACT].max = threads;
	config->stock[LES_ROLE_READ].max = readers;
	config->threads = threads / readers;
	config->stock[les_choice_is_neural(&request) ? LES_ROLE_READ : LES_ROLE_TESSERACT].spare =
		1;
}

enum les_kind les_reading_pool(struct les_reading *reading, uint32_t files_n, uint32_t at_once,
			       char **ret_binary_dir, struct les_pool **ret,
			       struct les_error *reterr)
{
	LES_CLEANUP(les_free_p) char *binary_dir = NULL;
	enum les_kind kind = les_binary_dir_find(&binary_dir, reterr);

	if (kind != LES_OK)
		return kind;
	struct les_pool_config config = {
		.binary_dir = binary_dir,
		.stock = {[LES_ROLE_DECODE] = {.spare = files_n > 1 ? 1 : 0}},
		.recogniser_documents = LES_RECOGNISER_DOCUMENTS_MAX,
		.allow_weak_sandbox = reading->allow_weak_sandbox,
	};
	kind = les_registry_init(reading->models, NULL, binary_dir, &reading->registry, reterr);
	if (kind != LES_OK)
		return kind;
	stock_recognisers(reading, at_once, &config);
	kind = les_pool_new(&config, ret, reterr);
	if (kind == LES_OK)
		*ret_binary_dir = LES_TAKE(binary_dir);
	return kind;
}
