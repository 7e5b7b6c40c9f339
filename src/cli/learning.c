#include "cli/learning.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR_CELLS = 20, SPARKS = 24 };

void les_learning_begin(struct les_learning *l, enum les_net_kind net, bool json,
			uint32_t epochs_max)
{
	*l = (struct les_learning){.net = net,
				   .json = json,
				   .terminal = isatty(STDERR_FILENO) == 1,
				   .since_s = les_clock_s(),
				   .epochs_max = epochs_max};
}

void les_learning_done(struct les_learning *l)
{
	free(l->epochs);
	*l = (struct les_learning){0};
}

/* Without memory the epoch is missing in the card, no more. */
static void remember(struct les_learning *l, const struct les_training_report *report)
{
	if (l->epochs_n == l->capacity) {
		const uint32_t more = l->capacity ? 2 * l->capacity : 64;
		struct les_training_report *epochs = realloc(l->epochs, more * sizeof *epochs);
		if (!epochs)
			return;
		l->epochs = epochs;
		l->capacity = more;
	}
	l->epochs[l->epochs_n++] = *report;
}

static const char *many_of(const struct les_learning *l)
{
	return l->net == LES_NET_SEGMENTATION ? "pages" : "lines";
}

/* The latest errors as a row of blocks, the highest of them full. */
static void put_sparks(const struct les_learning *l, char *out, size_t size)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	const uint32_t from = l->epochs_n > SPARKS ? l->epochs_n - SPARKS : 0;
	float top = 0;
	size_t n = 0;

	out[0] = 0;
	for (uint32_t i = from; i < l->epochs_n; i++)
		top = les_training_error(&l->epochs[i]) > top ? les_training_error(&l->epochs[i])
							      : top;
	for (uint32_t i = from; i < l->epochs_n && top > 0 && n + 4 < size; i++) {
		const float error = les_training_error(&l->epochs[i]),
			    share = error > 0 ? error / top : 0;
		const char *block = blocks[(int)(share * 7.99f)];
		memcpy(out + n, block, strlen(block) + 1);
		n += strlen(block);
	}
}

static double epochs_done(const struct les_training_report *r)
{
	return (double)(r->epoch - 1) + (r->lines_all ? (double)r->lines_done / r->lines_all : 0);
}

/* To the end of all epochs, if none is saved by stopping early. What a resumed training did before
 * took no time of this one. */
static double seconds_left(const struct les_learning *l, const struct les_training_report *r)
{
	const double done = epochs_done(r), since = done - l->first_done;

	return since > 0 ? (les_clock_s() - l->first_s) / since * (l->epochs_max - done) : 0;
}

static void print_json(const struct les_learning *l, const struct les_training_report *r)
{
	const char *many = many_of(l);

	printf("{\"event\":\"%s\",\"epoch\":%u,\"epochs\":%u,\"%s_done\":%u,\"%s\":%u,"
	       "\"loss\":%.6g,\"rate\":%.6g,\"%s_per_second\":%.4g,\"best_epoch\":%u,"
	       "\"rollbacks\":%u,\"memory_bytes\":%llu,\"seconds\":%.3f,\"seconds_left\":%.0f",
	       r->epoch_done ? "epoch" : "progress", r->epoch, l->epochs_max, many, r->lines_done,
	       many, r->lines_all, (double)r->loss, (double)r->rate, many,
	       (double)r->lines_per_second, r->best_epoch, r->rollbacks_n,
	       (unsigned long long)r->memory_bytes, les_clock_s() - l->since_s, seconds_left(l, r));
	if (r->epoch_done && r->cer >= 0)
		printf(",\"cer\":%.6g,\"cer_normalised\":%.6g,\"wer\":%.6g", (double)r->cer,
		       (double)r->cer_normalised, (double)r->wer);
	if (r->epoch_done && r->f1 >= 0)
		printf(",\"precision\":%.6g,\"recall\":%.6g,\"f1\":%.6g,\"pixel_f1\":%.6g",
		       (double)r->precision, (double)r->recall, (double)r->f1, (double)r->pixel_f1);
	if (r->best_error >= 0 && l->net == LES_NET_SEGMENTATION)
		printf(",\"best_f1\":%.6g", 1 - (double)r->best_error);
	else if (r->best_error >= 0)
		printf(",\"best_cer\":%.6g", (double)r->best_error);
	puts("}");
	fflush(stdout);
}

static void print_epoch(const struct les_learning *l, const struct les_training_report *r)
{
	fprintf(stderr, "%sepoch %u: loss %.3f", l->terminal ? "\r\033[K" : "", r->epoch,
		(double)r->loss);
	if (r->cer >= 0)
		fprintf(stderr, ", CER %.2f %% (normalised %.2f %%), best %.2f %% in epoch %u",
			100 * (double)r->cer, 100 * (double)r->cer_normalised,
			100 * (double)r->best_error, r->best_epoch);
	if (r->f1 >= 0)
		fprintf(stderr,
			", baselines %.3f (precision %.3f, recall %.3f), pixels %.3f, best %.3f in "
			"epoch %u",
			(double)r->f1, (double)r->precision, (double)r->recall, (double)r->pixel_f1,
			1 - (double)r->best_error, r->best_epoch);
	fprintf(stderr, ", %.1f %s/s%s\n", (double)r->lines_per_second, many_of(l),
		r->rollbacks_n ? ", gone back after divergence" : "");
}

static void print_line(const struct les_learning *l, const struct les_training_report *r)
{
	char bar[BAR_CELLS + 1], sparks[4 * SPARKS + 1];
	const double left = seconds_left(l, r);
	const uint32_t full =
		r->lines_all ? (uint32_t)((uint64_t)r->lines_done * BAR_CELLS / r->lines_all) : 0;

	for (uint32_t i = 0; i < BAR_CELLS; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR_CELLS] = 0;
	put_sparks(l, sparks, sizeof sparks);
	fprintf(stderr, "\repoch %u of %u [%s] loss %.3f, %.1f %s/s, %.0f:%02.0f left  %s\033[K",
		r->epoch, l->epochs_max, bar, (double)r->loss, (double)r->lines_per_second,
		many_of(l), (double)((uint64_t)left / 60), (double)((uint64_t)left % 60), sparks);
}

void les_learning_report(void *context, const struct les_training_report *report)
{
	struct les_learning *l = context;

	if (report->earlier) {
		remember(l, report);
		return;
	}
	if (l->first_s == 0) {
		l->first_s = les_clock_s();
		l->first_done = epochs_done(report);
	}
	if (report->epoch_done)
		remember(l, report);
	if (l->json)
		print_json(l, report);
	else if (report->epoch_done)
		print_epoch(l, report);
	else if (l->terminal)
		print_line(l, report);
}

void les_learning_plan(void *context, const struct les_training_plan *plan)
{
	const struct les_learning *l = context;

	if (l->json) {
		printf("{\"event\":\"plan\",\"memory_bytes\":%llu}\n",
		       (unsigned long long)plan->memory_bytes);
		fflush(stdout);
	} else {
		fprintf(stderr, "needs about %.0f MB of memory\n",
			(double)plan->memory_bytes / 1e6);
	}
}

void les_learning_end(struct les_learning *l)
{
	if (l->terminal && !l->json)
		fputs("\r\033[K", stderr);
}
