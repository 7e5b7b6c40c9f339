#include "tests/flow/setting.h"

#include "base/clock.h"
#include "tests/test.h"

#include <unistd.h>

void setting_make(struct setting *setting, uint32_t recognisers_max)
{
	const struct les_pool_config config = {
		.binary_dir = FLOW_WORKERS,
		.stock = {[LES_ROLE_DECODE] = {1, 0}, [LES_ROLE_TESSERACT] = {1, recognisers_max}},
		.threads = 1,
		.recogniser_documents = 1000,
		.allow_weak_sandbox = true};
	struct les_error error;

	folder_make(&setting->models);
	folder_write(&setting->models, "deu.traineddata", "a model", 7, NULL);
	setting->tessdata[0] = setting->models.path;
	setting->tessdata[1] = NULL;
	if (les_pool_new(&config, &setting->pool, &error) != LES_OK)
		fail_msg("%s", error.message);
}

void setting_remove(struct setting *setting)
{
	les_pool_free(setting->pool);
	folder_remove(&setting->models);
}

bool setting_await(const struct setting *setting, enum les_role role, enum count count,
		   uint32_t want, int wait_ms)
{
	const int64_t deadline_ms = les_clock_ms() + wait_ms;
	struct les_pool_status status;
	uint32_t n;

	do {
		les_pool_status(setting->pool, &status);
		n = count == READY_N ? status.of[role].ready_n : status.of[role].busy_n;
		if (n == want)
			return true;
		usleep(5000);
	} while (les_clock_left_ms(deadline_ms));
	return false;
}
