#include "base/random.h"
#include "image/input.h"
#include "train/augment.h"
#include "train/course_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct les_image image_of(const struct les_pack_line *line)
{
	return (struct les_image){.px = line->px,
				  .w_px = line->w_px,
				  .h_px = line->h_px,
				  .stride_bytes = line->w_px,
				  .channels = 1};
}

static struct les_input_spec input_spec(const struct course *c)
{
	return (struct les_input_spec){
		.channels = 1, .h_px = c->graph.in_h, .pad_px = COURSE_PAD_PX};
}

/* Letters of the lines to learn from. */
static enum les_kind alphabet_of(const struct les_pack *pack, struct les_alphabet *ret,
				 struct les_error *reterr)
{
	enum les_kind kind = LES_OK;

	for (uint32_t i = 0; i < pack->lines_n && kind == LES_OK; i++) {
		const struct les_pack_line line = les_pack_line(pack, i);
		if (line.flags & LES_PACK_VALIDATION)
			continue;
		LES_CLEANUP(les_free_p) char *text = strndup(line.text, line.text_bytes);
		kind = text ? les_alphabet_add(ret, text, reterr)
			    : les_fail(reterr, LES_NOMEM, "no memory for a text");
	}
	return kind;
}

/* Dropout as asked for in place of the spec's. */
static void set_dropout(struct course *c)
{
	for (uint32_t i = 0; i < c->graph.layers_n && c->options->dropout >= 0; i++)
		if (c->graph.layers[i].op == LES_OP_DROPOUT)
			c->graph.layers[i].dropout.p =
				c->options->dropout < 0.95f ? c->options->dropout : 0.95f;
}

static enum les_kind reader_net(struct course *c, const struct les_alphabet *alphabet,
				struct les_error *reterr)
{
	const struct les_weights *base = c->request.base;
	struct les_codec *codec = &c->lines.codec;
	char output[32];
	struct les_graph graph;
	enum les_kind kind = LES_OK;

	if (!base) {
		kind = les_codec_of_alphabet(alphabet, codec, reterr);
		snprintf(output, sizeof output, "O1c%u", codec->classes);
		return kind == LES_OK ? les_course_new_net(c, output, reterr) : kind;
	}
	if (base->kind != LES_NET_RECOGNITION)
		return les_fail(reterr, LES_ARG, "the base is no recogniser");
	kind = les_vgsl_parse(base->spec, &graph, reterr);
	if (kind == LES_OK && graph.layers[graph.layers_n - 1].op != LES_OP_LINEAR)
		kind = les_fail(reterr, LES_UNSUPPORTED, "the base does not end in an O1 layer");
	if (kind == LES_OK)
		kind = les_codec_of_base(base, graph.out_c, alphabet, c->options->resize, codec,
					 reterr);
	return kind == LES_OK ? les_course_base_net(c, "1c", codec->classes, reterr) : kind;
}

static enum les_kind make_net(struct course *c, struct les_error *reterr)
{
	struct les_alphabet alphabet = {0};
	enum les_kind kind;

	c->lines.pack = c->request.pack;
	kind = alphabet_of(c->lines.pack, &alphabet, reterr);
	c->lines.codec.arena = LES_ARENA(64u << 20);
	if (kind == LES_OK)
		kind = reader_net(c, &alphabet, reterr);
	les_alphabet_done(&alphabet);
	if (kind == LES_OK && c->graph.in_c != 1)
		kind = les_fail(reterr, LES_UNSUPPORTED,
				"only recognisers that read grey can be trained");
	c->rows = c->lines.codec.from;
	set_dropout(c);
	return kind;
}

static void take_line(struct course *c, uint32_t i, size_t *labels_at)
{
	const struct les_pack_line line = les_pack_line(c->lines.pack, i);
	const struct les_image image = image_of(&line);
	const struct les_input_spec spec = input_spec(c);
	const bool validation = line.flags & LES_PACK_VALIDATION;
	struct course_sample sample = {.labels_at = *labels_at};
	uint32_t w, h, missing_n;

	if (les_input_size(&image, &spec, &w, &h, NULL) != LES_OK ||
	    w + 2 * COURSE_PAD_PX > COURSE_WIDTH_MAX)
		return;
	sample.labels_n = les_codec_encode(&c->lines.codec, line.text, line.text_bytes,
					   c->lines.labels + *labels_at, &missing_n);
	*labels_at += sample.labels_n;
	if (validation || sample.labels_n > 0)
		sample.w = w + 2 * COURSE_PAD_PX;
	les_course_add(c, i, sample, line.flags);
}

static enum les_kind take_lines(struct course *c, struct les_error *reterr)
{
	const struct les_pack *pack = c->lines.pack;
	const struct les_codec *codec = &c->lines.codec;
	size_t labels_at = 0;
	enum les_kind kind = les_course_room(c, pack->lines_n, reterr);

	/* a byte of text is at most one code, a code at most so many labels */
	uint32_t per_code = 1;
	for (uint32_t i = 0; i < codec->codes_n; i++)
		if (codec->codes[i].labels_n > per_code)
			per_code = codec->codes[i].labels_n;
	c->lines.labels = calloc((size_t)pack->texts_bytes * per_code + 1, sizeof(uint32_t));
	if (kind == LES_OK && !c->lines.labels)
		kind = les_fail(reterr, LES_NOMEM, "no memory for the lines' labels");
	for (uint32_t i = 0; i < pack->lines_n && kind == LES_OK; i++)
		take_line(c, i, &labels_at);
	c->w_max += c->w_max / 8; /* augmentation stretches */
	return kind == LES_OK ? les_course_added(c, reterr) : kind;
}

/* A line that cannot be made is as good as an empty one. */
static void make_line(void *context, uint32_t i, float *image, struct les_sample *ret)
{
	const struct course *c = context;
	const struct les_pack_line line = les_pack_line(c->lines.pack, i);
	const struct les_image from = image_of(&line);
	const struct les_input_spec spec = input_spec(c);
	const uint32_t h = c->graph.in_h;
	LES_CLEANUP(les_free_p) float *scratch = NULL;
	struct les_input input;

	ret->labels = c->lines.labels + c->samples[i].labels_at;
	ret->labels_n = c->samples[i].labels_n;
	ret->w = c->samples[i].w ? c->samples[i].w : 2 * COURSE_PAD_PX;
	if (c->samples[i].w == 0 || les_input_from_image(&from, &spec, &input, NULL) != LES_OK) {
		memset(image, 0, (size_t)h * ret->w * sizeof(float));
		return;
	}
	if (c->strength > 0)
		scratch = malloc(2 * sizeof(float) * h * c->w_max);
	if (scratch)
		les_augment(input.at, h, input.w_px, c->strength,
			    c->options->seed ^ les_random_mix(c->place.epoch * 0x100000001u + i),
			    c->w_max, image, &ret->w, scratch);
	else
		memcpy(image, input.at, sizeof(float) * h * input.w_px);
	les_input_done(&input);
}

static void read_line(void *context, uint32_t i, const struct les_sample *sample,
		      const struct les_reading *reading)
{
	struct course *c = context;
	const struct les_pack_line line = les_pack_line(c->lines.pack, i);
	LES_CLEANUP(les_buf_done) struct les_buf read = LES_BUF(LES_LINE_TEXT_BYTES_MAX);
	LES_CLEANUP(les_free_p) char *truth = strndup(line.text, line.text_bytes);

	(void)sample;
	les_buf_puts(&read, "");
	les_codec_decode(&c->lines.codec, reading->labels, reading->labels_n, &read);
	if (!truth || read.failed)
		c->read_kind = LES_NOMEM;
	else if (les_rates_add(&c->lines.read, NULL, truth, (const char *)read.bytes, NULL) ==
		 LES_NOMEM)
		c->read_kind = LES_NOMEM;
}

static void begin(struct course *c)
{
	c->lines.read = (struct les_rates){0};
}

static float score(const struct course *c, struct les_training_report *report)
{
	report->cer = (float)les_rates_cer(&c->lines.read);
	report->cer_normalised = (float)les_rates_cer_normalised(&c->lines.read);
	report->wer = (float)les_rates_wer(&c->lines.read);
	return report->cer;
}

static void describe(const struct course *c, struct les_weights *weights)
{
	const struct les_weights *base = c->request.base;

	weights->boxes = base && base->boxes;
	weights->plain_boxes = true;
	weights->cut = c->options->cut;
	weights->codes = c->lines.codec.codes;
	weights->codes_n = c->lines.codec.codes_n;
}

static void done(struct course *c)
{
	les_codec_done(&c->lines.codec);
	free(c->lines.labels);
}

const struct course_task les_course_of_lines = {.net = LES_NET_RECOGNITION,
						.loss_slack = 10,
						.make_net = make_net,
						.take_samples = take_lines,
						.make = make_line,
						.begin = begin,
						.read = read_line,
						.score = score,
						.describe = describe,
						.done = done};
