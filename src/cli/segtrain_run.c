#include "cli/train_learn.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "nn/vgsl.h"

#include <stdio.h>
#include <string.h>

static const char *const verdicts[LES_BASELINE_VERDICT_N] = {
	[LES_BASELINE_GOOD] = "good",
	[LES_BASELINE_NONE] = "without a baseline",
	[LES_BASELINE_SHORT] = "too short",
	[LES_BASELINE_OUTSIDE] = "beyond the page",
};

struct ground {
	struct les_corpus corpus;
	struct les_page_survey survey;
	struct les_packed_pages packed;
};

static void ground_done(struct ground *ground)
{
	les_packed_pages_done(&ground->packed);
	les_page_survey_done(&ground->survey);
	les_corpus_close(&ground->corpus);
}

static enum les_kind survey(const struct les_train_arguments *a, struct les_pool *pool,
			    int cancel_fd, struct ground *ground, struct les_error *reterr)
{
	enum les_kind kind = les_train_open(a, pool, &ground->corpus, reterr);
	const struct les_page_survey_request request = {
		.share = a->share,
		.sources_n = a->paths_n,
		.seed = a->training.seed,
		.threads = a->threads,
		.progress = les_train_progress(),
		.context = (void *)(uintptr_t) "looked at",
		.cancel_fd = cancel_fd,
	};
	return kind == LES_OK ? les_page_survey_run(pool, &ground->corpus, &request,
						    &ground->survey, reterr)
			      : kind;
}

/* ---- what is there ---- */

static void print_documents(const struct ground *ground)
{
	for (uint32_t i = 0; i < ground->corpus.documents_n; i++) {
		const struct les_page_survey_document *d = &ground->survey.documents[i];
		const char *name =
			les_corpus_truth_name(&ground->corpus, &ground->corpus.documents[i]);
		if (d->error.kind != LES_OK)
			printf("%s: left out: %s\n", name, d->error.message);
		else if (d->bare)
			printf("%s: left out: no baseline\n", name);
		for (uint32_t k = LES_BASELINE_GOOD + 1; k < LES_BASELINE_VERDICT_N; k++)
			if (d->error.kind == LES_OK && !d->bare && d->verdicts_n[k])
				printf("%s: %u lines %s are left out\n", name, d->verdicts_n[k],
				       verdicts[k]);
	}
}

static void print_text(const struct ground *ground, double seconds)
{
	const struct les_page_survey *s = &ground->survey;

	print_documents(ground);
	printf("%u pages, %u of them to validate by; %llu baselines\n", s->pages_n, s->validation_n,
	       (unsigned long long)s->verdicts_n[LES_BASELINE_GOOD]);
	for (uint32_t k = 0; k < LES_REGION_KIND_N; k++)
		if (s->regions_n[k])
			printf("  %llu regions: %s\n", (unsigned long long)s->regions_n[k],
			       les_region_kind_name((enum les_region_kind)k));
	printf("left out: %u pages that cannot be read, %u without a baseline; %.1f s\n",
	       s->failed_n, s->bare_n, seconds);
}

static void print_json(const struct ground *ground, double seconds)
{
	const struct les_page_survey *s = &ground->survey;
	const char *comma = "";

	printf("{\"pages\":%u,\"validation_pages\":%u,\"baselines\":%llu,"
	       "\"without_baseline\":%llu,\"short\":%llu,\"outside\":%llu,"
	       "\"failed_pages\":%u,\"bare_pages\":%u,\"regions\":{",
	       s->pages_n, s->validation_n, (unsigned long long)s->verdicts_n[LES_BASELINE_GOOD],
	       (unsigned long long)s->verdicts_n[LES_BASELINE_NONE],
	       (unsigned long long)s->verdicts_n[LES_BASELINE_SHORT],
	       (unsigned long long)s->verdicts_n[LES_BASELINE_OUTSIDE], s->failed_n, s->bare_n);
	for (uint32_t k = 0; k < LES_REGION_KIND_N; k++) {
		if (!s->regions_n[k])
			continue;
		printf("%s\"%s\":%llu", comma, les_region_kind_name((enum les_region_kind)k),
		       (unsigned long long)s->regions_n[k]);
		comma = ",";
	}
	printf("},\"seconds\":%.3f}\n", seconds);
}

enum les_kind les_segtrain_check(const struct les_train_arguments *a, struct les_pool *pool,
				 int *ret_code, struct les_error *reterr)
{
	LES_CLEANUP(ground_done) struct ground ground = {.packed = {.fd = -1}};
	const double since = les_clock_s();
	enum les_kind kind = survey(a, pool, -1, &ground, reterr);

	if (kind != LES_OK)
		return kind;
	if (a->json)
		print_json(&ground, les_clock_s() - since);
	else
		print_text(&ground, les_clock_s() - since);
	*ret_code = ground.survey.failed_n ? 1 : 0;
	return LES_OK;
}

/* ---- training ---- */

static enum les_kind pack(const struct les_train_arguments *a, struct les_pool *pool,
			  const char *spec, int cancel_fd, struct ground *ground,
			  struct les_error *reterr)
{
	struct les_graph graph;
	const struct les_page_survey *s = &ground->survey;
	char whole[LES_SPEC_BYTES_MAX + 32];
	const size_t n = strlen(spec);

	/* the head is what is wanted; without a layer there is no net */
	snprintf(whole, sizeof whole, "%.*s%s", (int)(n ? n - 1 : 0), spec,
		 strstr(spec, " O") ? "]" : " O2l1]");
	enum les_kind kind = les_vgsl_parse(whole, &graph, reterr);
	if (kind == LES_OK && (graph.in_h == 0 || (graph.in_c != 1 && graph.in_c != 3)))
		kind = les_fail(reterr, LES_UNSUPPORTED,
				"the net must say its height, and read grey or RGB");
	if (kind != LES_OK)
		return kind;
	fprintf(stderr,
		"%u pages to learn from, %u to choose by; %llu baselines; %u documents left out\n",
		s->pages_n - s->validation_n, s->validation_n,
		(unsigned long long)s->verdicts_n[LES_BASELINE_GOOD], s->failed_n + s->bare_n);
	kind = les_train_check_cache(a, les_page_packing_estimate(s, graph.in_h, graph.in_c),
				     reterr);
	const struct les_page_packing_request request = {
		.h_px = graph.in_h,
		.channels = graph.in_c,
		.regions = a->regions,
		.folder = les_train_cache(a),
		.threads = a->threads,
		.progress = les_train_progress(),
		.context = (void *)(uintptr_t) "decoded",
		.cancel_fd = cancel_fd,
	};
	return kind == LES_OK ? les_page_packing_run(pool, &ground->corpus, &ground->survey,
						     &request, &ground->packed, reterr)
			      : kind;
}

enum les_kind les_segtrain_run(const struct les_train_arguments *a, struct les_pool *pool,
			       const char *binary_dir, int cancel_fd, struct les_error *reterr)
{
	LES_CLEANUP(ground_done) struct ground ground = {.packed = {.fd = -1}};
	LES_CLEANUP(les_net_file_done) struct les_net_file base = {0};
	LES_CLEANUP(les_registry_done) struct les_registry registry = {.n = 0};
	LES_CLEANUP(les_fd_close) int base_fd = -1;
	enum les_kind kind = les_registry_init(a->models, NULL, binary_dir, &registry, reterr);

	if (kind == LES_OK)
		kind = les_train_base(a, pool, &registry, &base_fd, &base, reterr);
	if (kind == LES_OK)
		kind = survey(a, pool, cancel_fd, &ground, reterr);
	if (kind == LES_OK)
		kind = pack(a, pool, a->base ? base.weights.spec : a->training.spec, cancel_fd,
			    &ground, reterr);
	const struct les_train_material material = {.pack_fd = ground.packed.fd,
						    .pack_bytes = ground.packed.bytes,
						    .learnt_n = ground.packed.pages_n -
								ground.packed.validation_n,
						    .kept_n = ground.packed.validation_n};
	return kind == LES_OK ? les_train_learn(a, binary_dir, &registry, base_fd, cancel_fd,
						&material, reterr)
			      : kind;
}
