#include "cli/progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_CELLS = 20 };

static void show_left(double seconds)
{
	if (seconds < 100)
		fprintf(stderr, ", %.0f s left", seconds);
	else
		fprintf(stderr, ", %.0f min left", seconds / 60);
}

static void show(const struct les_progress *p)
{
	char bar[BAR_CELLS + 1];
	const uint32_t full = p->pages_n ? p->done_n * BAR_CELLS / p->pages_n : 0;
	const double spent = les_clock_s() - p->since_s;

	for (uint32_t i = 0; i < BAR_CELLS; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR_CELLS] = 0;
	fprintf(stderr, "\r%.30s [%s] %u of %u pages, %u lines", p->name, bar, p->done_n,
		p->pages_n, p->lines_n);
	if (p->done_n && p->done_n < p->pages_n)
		show_left(spent / p->done_n * (p->pages_n - p->done_n));
	fputs("\033[K", stderr);
}

void les_progress_begin(struct les_progress *progress, const char *name, uint32_t pages_n)
{
	*progress = (struct les_progress){.shown = isatty(STDERR_FILENO) == 1,
					  .since_s = les_clock_s(),
					  .pages_n = pages_n,
					  .name = name};
	if (progress->shown)
		show(progress);
}

void les_progress_page(struct les_progress *progress, uint32_t lines_n)
{
	progress->done_n++;
	progress->lines_n += lines_n;
	if (progress->shown)
		show(progress);
}

void les_progress_end(struct les_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
