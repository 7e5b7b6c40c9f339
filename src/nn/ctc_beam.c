#include "nn/ctc.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Prefixes share their beginnings: a node is a prefix's last label and the prefix before it. */
struct node {
	uint32_t parent, label, length;
};

/* A prefix that is still in the race, with the logarithms of what its alignments sum to. */
struct beam {
	uint32_t node;
	float blank, label; /* those that end in a blank, and in its last label */
	float total;
};

struct search {
	const struct les_ctc_logits *logits;
	uint32_t width;
	struct node *nodes; /* [0] is the empty prefix */
	uint32_t nodes_n, nodes_room;
	struct beam *now, *next; /* next has room for every extension of now */
	uint32_t now_n, next_n;
	float *log_p; /* of one step's labels */
};

static float log_add(float a, float b)
{
	const float high = fmaxf(a, b), low = fminf(a, b);

	return low == -INFINITY ? high : high + log1pf(expf(low - high));
}

static void log_softmax(const struct les_ctc_logits *l, uint32_t step, float *out)
{
	float high = -INFINITY, sum = 0;

	for (uint32_t i = 0; i < l->labels; i++) {
		out[i] = l->at[(size_t)step * l->step_stride + (size_t)i * l->label_stride] /
			 l->temperature;
		high = fmaxf(high, out[i]);
	}
	for (uint32_t i = 0; i < l->labels; i++)
		sum += expf(out[i] - high);
	for (uint32_t i = 0; i < l->labels; i++)
		out[i] -= high + logf(sum);
}

/* The prefix of a node and one more label: the node it has already, or UINT32_MAX. */
static uint32_t node_find(const struct search *s, uint32_t parent, uint32_t label)
{
	for (uint32_t i = 0; i < s->now_n; i++) {
		const struct node *node = &s->nodes[s->now[i].node];
		if (node->length && node->parent == parent && node->label == label)
			return s->now[i].node;
	}
	return UINT32_MAX;
}

static struct beam *beam_of(struct search *s, uint32_t node)
{
	for (uint32_t i = 0; i < s->now_n; i++) /* the first of next are those of now */
		if (s->next[i].node == node)
			return &s->next[i];
	return NULL;
}

static enum les_kind node_add(struct search *s, uint32_t parent, uint32_t label, uint32_t *ret,
			      struct les_error *reterr)
{
	if (s->nodes_n == s->nodes_room) {
		const uint32_t room = 2 * s->nodes_room;
		struct node *grown = realloc(s->nodes, room * sizeof *grown);
		if (!grown)
			return les_fail(reterr, LES_NOMEM, "no memory for a beam search");
		s->nodes = grown;
		s->nodes_room = room;
	}
	s->nodes[s->nodes_n] = (struct node){parent, label, s->nodes[parent].length + 1};
	*ret = s->nodes_n++;
	return LES_OK;
}

/* Appends a label to a prefix. An extension gets its node only if it survives: until then `node` is
 * its parent's, and the label stands in the list beside. */
static void extend(struct search *s, const struct beam *from, uint32_t label, uint32_t *labels)
{
	const struct node *last = &s->nodes[from->node];
	const bool doubles = last->length && last->label == label;
	const float p = s->log_p[label];
	/* a second one of the same needs a blank between */
	const float gain = p + (doubles ? from->blank : log_add(from->blank, from->label));

	if (gain == -INFINITY)
		return;
	const uint32_t known = node_find(s, from->node, label);
	struct beam *to = known == UINT32_MAX ? NULL : beam_of(s, known);
	if (to) {
		to->label = log_add(to->label, gain);
		return;
	}
	labels[s->next_n] = label;
	s->next[s->next_n++] = (struct beam){from->node, -INFINITY, gain, 0};
}

struct ranked {
	float total;
	uint32_t at;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The best of next become now, each extension with a node of its own. */
static enum les_kind survive(struct search *s, const uint32_t *labels, struct ranked *ranks,
			     struct les_error *reterr)
{
	const uint32_t old_n = s->now_n;
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < s->next_n; i++) {
		s->next[i].total = log_add(s->next[i].blank, s->next[i].label);
		ranks[i] = (struct ranked){s->next[i].total, i};
	}
	qsort(ranks, s->next_n, sizeof *ranks, compare_ranks);
	s->now_n = s->next_n < s->width ? s->next_n : s->width;
	for (uint32_t i = 0; i < s->now_n && kind == LES_OK; i++) {
		s->now[i] = s->next[ranks[i].at];
		if (ranks[i].at >= old_n)
			kind = node_add(s, s->now[i].node, labels[ranks[i].at], &s->now[i].node,
					reterr);
	}
	return kind;
}

static enum les_kind step(struct search *s, uint32_t step, uint32_t *labels, struct ranked *ranks,
			  struct les_error *reterr)
{
	/* labels less probable than this beside the best of the step decide nothing */
	const float least = -12;
	float best = -INFINITY;

	log_softmax(s->logits, step, s->log_p);
	for (uint32_t label = 0; label < s->logits->labels; label++)
		best = fmaxf(best, s->log_p[label]);
	s->next_n = s->now_n;
	for (uint32_t i = 0; i < s->now_n; i++) {
		const struct beam *b = &s->now[i];
		const struct node *last = &s->nodes[b->node];
		s->next[i] = (struct beam){
			b->node, s->log_p[0] + log_add(b->blank, b->label),
			last->length ? s->log_p[last->label] + b->label : -INFINITY, 0};
	}
	for (uint32_t i = 0; i < s->now_n; i++)
		for (uint32_t label = 1; label < s->logits->labels; label++)
			if (s->log_p[label] > best + least)
				extend(s, &s->now[i], label, labels);
	return survive(s, labels, ranks, reterr);
}

static enum les_kind take_reading(const struct search *s, const struct beam *beam,
				  struct les_ctc_reading *ret, struct les_error *reterr)
{
	uint32_t node = beam->node;
	const uint32_t n = s->nodes[node].length;

	ret->labels = malloc((n ? n : 1) * sizeof *ret->labels);
	if (!ret->labels)
		return les_fail(reterr, LES_NOMEM, "no memory for a reading");
	for (uint32_t i = n; i-- > 0; node = s->nodes[node].parent)
		ret->labels[i] = s->nodes[node].label;
	ret->labels_n = n;
	ret->log_probability = beam->total;
	return LES_OK;
}

static enum les_kind search(struct search *s, uint32_t *labels, struct ranked *ranks, uint32_t n,
			    struct les_ctc_reading *ret, uint32_t *ret_n, struct les_error *reterr)
{
	enum les_kind kind = LES_OK;
	uint32_t taken = 0;

	s->nodes[0] = (struct node){0};
	s->nodes_n = 1;
	s->now[0] = (struct beam){0, 0, -INFINITY, 0};
	s->now_n = 1;
	for (uint32_t t = 0; t < s->logits->steps && kind == LES_OK; t++)
		kind = step(s, t, labels, ranks, reterr);
	while (kind == LES_OK && taken < n && taken < s->now_n) {
		kind = take_reading(s, &s->now[taken], &ret[taken], reterr);
		taken += kind == LES_OK;
	}
	if (kind == LES_OK)
		*ret_n = taken;
	else
		while (taken)
			free(ret[--taken].labels);
	return kind;
}

enum les_kind les_ctc_beam(const struct les_ctc_logits *logits, uint32_t width, uint32_t n,
			   struct les_ctc_reading *ret, uint32_t *ret_n, struct les_error *reterr)
{
	const size_t room = (size_t)width * logits->labels;
	struct search s = {.logits = logits, .width = width, .nodes_room = 1024};

	if (n == 0 || n > width || width > LES_CTC_WIDTH_MAX)
		return les_fail(reterr, LES_ARG, "%u readings of a beam of %u", n, width);
	s.nodes = malloc(s.nodes_room * sizeof *s.nodes);
	s.now = malloc(width * sizeof *s.now);
	s.next = malloc((room + width) * sizeof *s.next);
	s.log_p = malloc(logits->labels * sizeof *s.log_p);
	uint32_t *labels = malloc((room + width) * sizeof *labels);
	struct ranked *ranks = malloc((room + width) * sizeof *ranks);
	enum les_kind kind = s.nodes && s.now && s.next && s.log_p && labels && ranks
				     ? search(&s, labels, ranks, n, ret, ret_n, reterr)
				     : les_fail(reterr, LES_NOMEM, "no memory for a beam search");
	free(s.nodes);
	free(s.now);
	free(s.next);
	free(s.log_p);
	free(labels);
	free(ranks);
	return kind;
}
