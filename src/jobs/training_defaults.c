#include "jobs/training_defaults.h"

struct schedule {
	uint64_t samples_n; /* up to so many */
	uint32_t epochs_max, patience, batch_lines, warm_up_steps;
	float rate, augmentation;
};

/* Of a base: measured with bench/few_lines.py. Without lines to validate by, the last epoch is the
 * model, so the number of epochs is how much it learns. */
static const struct schedule of_base[] = {
	{3, 30, 0, 1, 10, 5e-4f, 0.4f},     {12, 40, 0, 2, 10, 1e-3f, 0.4f},
	{60, 50, 0, 2, 20, 1e-3f, 0.4f},    {150, 50, 0, 4, 20, 1e-3f, 0.4f},
	{1000, 60, 15, 4, 50, 1e-3f, 0.6f}, {UINT64_MAX, 50, 10, 8, 100, 1e-3f, 0.4f},
};
static const struct schedule of_lines = {0, 50, 10, 8, 100, 1e-3f, 0.5f};
static const struct schedule of_pages = {0, 50, 10, 2, 100, 1e-3f, 0.5f};

static uint32_t chosen(uint32_t given, uint32_t other)
{
	return given == LES_TRAINING_UNSET ? other : given;
}

void les_training_default(struct les_training *t, bool with_base, uint64_t samples_n)
{
	const struct schedule *s = t->net == LES_NET_SEGMENTATION ? &of_pages : &of_lines;

	if (with_base && t->net == LES_NET_RECOGNITION)
		for (s = of_base; samples_n > s->samples_n;)
			s++;
	t->epochs_max = chosen(t->epochs_max, s->epochs_max);
	t->patience = chosen(t->patience, s->patience);
	t->batch_lines = chosen(t->batch_lines, s->batch_lines);
	t->warm_up_steps = chosen(t->warm_up_steps, s->warm_up_steps);
	t->rate = t->rate < 0 ? s->rate : t->rate;
	t->augmentation = t->augmentation < 0 ? s->augmentation : t->augmentation;
}
