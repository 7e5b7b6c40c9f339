#include "nn/optimiser.h"

#include "nn/vector.h"

#include <math.h>

LES_VECTOR
void les_adam_run(const struct les_adam *adam, float *restrict weights,
		  const float *restrict gradient, float *restrict moment1, float *restrict moment2,
		  size_t n)
{
	const float unbias1 = (float)(1 / (1 - pow((double)adam->beta1, (double)adam->step)));
	const float unbias2 = (float)(1 / sqrt(1 - pow((double)adam->beta2, (double)adam->step)));
	const float keep = 1 - adam->rate * adam->decay, rate = adam->rate * unbias1;
	const float b1 = adam->beta1, b2 = adam->beta2, scale = adam->scale, e = adam->epsilon;

	for (size_t i = 0; i < n; i++) {
		const float g = gradient[i] * scale;
		const float m1 = b1 * moment1[i] + (1 - b1) * g;
		const float m2 = b2 * moment2[i] + (1 - b2) * g * g;
		moment1[i] = m1;
		moment2[i] = m2;
		weights[i] = weights[i] * keep - rate * m1 / (sqrtf(m2) * unbias2 + e);
	}
}

LES_VECTOR
static float chunk_square_sum(const float *at, size_t n)
{
	float lanes[16] = {0}, sum = 0;
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		for (size_t k = 0; k < 16; k++)
			lanes[k] += at[i + k] * at[i + k];
	for (; i < n; i++)
		lanes[i % 16] += at[i] * at[i];
	for (size_t k = 0; k < 16; k++)
		sum += lanes[k];
	return sum;
}

double les_square_sum(const float *at, size_t n)
{
	enum { CHUNK = 4096 };
	double sum = 0;

	for (size_t i = 0; i < n; i += CHUNK)
		sum += (double)chunk_square_sum(at + i, n - i < CHUNK ? n - i : CHUNK);
	return sum;
}

float les_clip_scale(double norm, float max)
{
	const double scale = (double)max / (norm + 1e-6);

	return scale < 1 ? (float)scale : 1;
}

float les_rate_at(const struct les_rate *r, const struct les_plateau *plateau, uint64_t step)
{
	if (step < r->warm_up)
		return r->high * (float)(step + 1) / (float)r->warm_up;
	if (r->schedule == LES_SCHEDULE_PLATEAU)
		return fmaxf(r->high * plateau->scale, r->low);
	if (r->schedule == LES_SCHEDULE_CONSTANT || r->steps <= r->warm_up)
		return r->high;
	const double part = (double)(step - r->warm_up) / (double)(r->steps - r->warm_up);
	return r->low +
	       (r->high - r->low) * (float)(0.5 * (1 + cos(3.14159265358979 * fmin(1, part))));
}

void les_plateau_note(const struct les_rate *rate, struct les_plateau *plateau, float error)
{
	if (error < plateau->best) {
		plateau->best = error;
		plateau->since = 0;
	} else if (++plateau->since > rate->patience) {
		plateau->scale *= rate->factor;
		plateau->since = 0;
	}
}
