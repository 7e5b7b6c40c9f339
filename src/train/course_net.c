#include "train/course_inside.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends a spec with a name for every layer, as weights have it. The layers stand in a row. */
static void put_named(struct les_buf *out, const char *spec, const struct les_graph *graph)
{
	uint32_t layer = 0;
	const char *at = strchr(spec, ' ');

	les_buf_put(out, spec, at ? (size_t)(at - spec) : strlen(spec));
	while (at) {
		const char *word = at + 1, *rest = word;
		at = strchr(word, ' ');
		while (isalpha((unsigned char)*rest))
			rest++;
		les_buf_puts(out, " ");
		les_buf_put(out, word, (size_t)(rest - word));
		if (*rest != '{' && layer < graph->layers_n)
			les_buf_printf(out, "{%s}", graph->layers[layer].name);
		les_buf_put(out, rest, at ? (size_t)(at - rest) : strlen(rest));
		layer++;
	}
}

/* The spec without what follows its last blank: of a whole net, without its output layer. */
static int body_length(const char *spec)
{
	const char *last = strrchr(spec, ' ');

	return last ? (int)(last - spec) : (int)strlen(spec);
}

static enum les_kind set_spec(struct course *c, const char *spec, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf named = LES_BUF(LES_SPEC_BYTES_MAX);
	enum les_kind kind = les_vgsl_parse(spec, &c->graph, reterr);

	if (kind != LES_OK)
		return kind;
	put_named(&named, spec, &c->graph);
	if (named.failed)
		return les_fail(reterr, LES_LIMIT, "the spec is too long");
	snprintf(c->spec, sizeof c->spec, "%s", (const char *)named.bytes);
	return les_vgsl_parse(c->spec, &c->graph, reterr);
}

enum les_kind les_course_new_net(struct course *c, const char *output, struct les_error *reterr)
{
	const char *spec = c->options->spec;
	char whole[LES_SPEC_BYTES_MAX + 32];
	const size_t n = strlen(spec);

	if (n < 2 || spec[n - 1] != ']')
		return les_fail(reterr, LES_ARG, "the spec is not in brackets");
	snprintf(whole, sizeof whole, "%.*s %s]", (int)n - 1, spec, output);
	return set_spec(c, whole, reterr);
}

enum les_kind les_course_base_net(struct course *c, const char *type, uint32_t out_c,
				  struct les_error *reterr)
{
	const char *spec = c->request.base->spec;
	char whole[LES_SPEC_BYTES_MAX + 96];
	enum les_kind kind = les_vgsl_parse(spec, &c->graph, reterr);

	if (kind != LES_OK)
		return kind;
	snprintf(whole, sizeof whole, "%.*s O{%s}%s%u]", body_length(spec), spec,
		 c->graph.layers[c->graph.layers_n - 1].name, type, out_c);
	return set_spec(c, whole, reterr);
}

/* The output layer's rows follow their labels or classes; those of new ones begin at zero. */
static void copy_rows(const struct course *c, const struct les_param *p, const struct les_tensor *t)
{
	const size_t row = p->n / p->dims[0];
	float *to = c->params->values + p->at;

	memset(to, 0, p->n * sizeof *to);
	for (uint32_t i = 0; i < p->dims[0]; i++)
		if (c->rows[i] < t->dims[0])
			memcpy(to + i * row, t->values + c->rows[i] * row, row * sizeof *to);
}

enum les_kind les_course_first_weights(struct course *c, struct les_error *reterr)
{
	const struct les_weights *base = c->request.base;

	if (!base)
		return les_params_init(c->params, c->options->seed, reterr);
	for (uint32_t i = 0; i < c->params->tensors_n; i++) {
		const struct les_param *p = &c->params->tensors[i];
		const struct les_tensor *t = les_weights_lookup(base, p->name);
		const bool output = p->layer + 1 == c->graph.layers_n;
		if (!t || t->rank != p->rank ||
		    memcmp(t->dims + output, p->dims + output,
			   (p->rank - output) * sizeof *t->dims) != 0)
			return les_fail(reterr, LES_FORMAT, "the base's %s is missing or odd",
					p->name);
		if (output)
			copy_rows(c, p, t);
		else
			memcpy(c->params->values + p->at, t->values, p->n * sizeof(float));
	}
	return LES_OK;
}

/* How it was trained and how it went, in kraken's words: hyper_params, and accuracy as pairs of
 * steps and 1 − error (of CER or F1), up to the epoch that is told. */
static void put_meta(const struct course *c, struct les_buf *out)
{
	static const char *const schedules[] = {[LES_SCHEDULE_CONSTANT] = "constant",
						[LES_SCHEDULE_COSINE] = "cosine",
						[LES_SCHEDULE_PLATEAU] = "reduceonplateau"};
	const struct les_training *o = c->options;
	const char *comma = "";

	les_buf_printf(
		out,
		"{\"hyper_params\":{\"optimizer\":\"AdamW\",\"lrate\":%g,\"weight_decay\":%g,"
		"\"gradient_clip_val\":%g,\"schedule\":\"%s\",\"warmup\":%u,"
		"\"batch_size\":%u,\"epochs\":%u,\"completed_epochs\":%u,\"lag\":%u,"
		"\"augmentation\":%g,\"freeze_epochs\":%u,\"seed\":%llu},\"accuracy\":[",
		(double)o->rate, (double)o->weight_decay, (double)o->gradient_max,
		schedules[o->schedule], o->warm_up_steps, o->batch_lines, o->epochs_max,
		c->place.best_epoch, o->patience, (double)o->augmentation, o->frozen_epochs,
		(unsigned long long)o->seed);
	for (uint32_t i = 0; i < c->place.best_epoch; i++) {
		const float error = les_training_error(&c->past[i]);
		if (!(error >= 0))
			continue;
		les_buf_printf(out, "%s[%llu,%.5f]", comma,
			       (unsigned long long)(i + 1) * les_course_batches(c),
			       1 - (double)error);
		comma = ",";
	}
	les_buf_puts(out, "]}");
}

enum les_kind les_course_tell_best(struct course *c, const float *values, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf meta = LES_BUF(LES_MODEL_META_BYTES_MAX);
	LES_CLEANUP(les_free_p)
	struct les_tensor *tensors = calloc(c->params->tensors_n, sizeof *tensors);
	struct les_params as = *c->params;
	struct les_weights weights = {.kind = c->task->net,
				      .spec = c->spec,
				      .temperature = 1,
				      .precision = "f32",
				      .tensors = tensors,
				      .tensors_n = as.tensors_n};

	put_meta(c, &meta);
	if (!tensors || meta.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for a model");
	weights.meta = (const char *)meta.bytes;
	as.values = (float *)(uintptr_t)values; /* only read */
	les_params_describe(&as, tensors);
	c->task->describe(c, &weights);
	return c->events->best(c->events->context, &weights, reterr);
}
