#include "jobs/training_card.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/version.h"

#include <string.h>

/* A JSON string is a YAML string. */
static void put_field(struct les_buf *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	les_buf_printf(out, "%s: ", name);
	les_json_string(out, value);
	les_buf_puts(out, "\n");
}

static void put_one(struct les_buf *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	les_buf_printf(out, "%s:\n  - ", name);
	les_json_string(out, value);
	les_buf_puts(out, "\n");
}

const char *les_training_card_path(const char *path)
{
	const char *at = path + strlen(path);

	while (at > path && at[-1] == '/')
		at--;
	for (int parts = 0; at > path; at--)
		if (at[-1] == '/' && ++parts == 2)
			break;
	return at;
}

static void put_sources(struct les_buf *out, const struct les_training_card *card)
{
	if (card->sources_n == 0)
		return;
	les_buf_puts(out, "datasets:\n");
	for (uint32_t i = 0; i < card->sources_n; i++) {
		les_buf_puts(out, "  - ");
		les_json_string(out, les_training_card_path(card->sources[i]));
		les_buf_puts(out, "\n");
	}
}

/* Ours are hands and faces; the schema wants ISO 15924. */
static const char *script_code(const char *script)
{
	static const struct {
		const char *ours, *code;
	} codes[] = {{"kurrent", "Latf"},
		     {"fraktur", "Latf"},
		     {"latin", "Latn"},
		     {"typescript", "Latn"}};

	for (size_t i = 0; i < LES_COUNT(codes); i++)
		if (strcmp(codes[i].ours, script) == 0)
			return codes[i].code;
	return script;
}

static bool finds_lines(const struct les_training_card *card)
{
	return card->options->net == LES_NET_SEGMENTATION;
}

static void put_front(struct les_buf *out, const struct les_training_card *card)
{
	const struct les_training_report *best = &card->result->best;

	les_buf_puts(out, "---\n");
	put_field(out, "summary", card->summary);
	if (card->author[0]) {
		les_buf_puts(out, "authors:\n  - name: ");
		les_json_string(out, card->author);
		les_buf_puts(out, "\n");
	}
	put_field(out, "license", card->licence);
	les_buf_puts(out, "software_name: kraken\nsoftware_hints:\n  - kind=vgsl\n"
			  "  - kraken_version>=7.0\n");
	put_one(out, "language", card->language);
	put_one(out, "script", script_code(card->script));
	put_one(out, "tags", card->script); /* its code does not tell a hand from print */
	les_buf_printf(out, "model_type:\n  - %s\n",
		       finds_lines(card) ? "segmentation" : "recognition");
	put_sources(out, card);
	put_one(out, "base_model", les_training_card_path(card->base));
	if (best->epoch && !finds_lines(card) && best->cer >= 0)
		les_buf_printf(out, "metrics:\n  cer: %.2f\n  cer_normalised: %.2f\n",
			       100 * (double)best->cer, 100 * (double)best->cer_normalised);
	if (best->epoch && finds_lines(card) && best->f1 >= 0)
		les_buf_printf(out, "metrics:\n  baseline_f1: %.2f\n", 100 * (double)best->f1);
	les_buf_puts(out, "---\n\n");
}

static void put_rules(struct les_buf *out, const struct les_text_rules *rules,
		      enum les_line_cut cut)
{
	static const char *const hyphens[] = {"as transcribed", "⸗ and ¬ as -",
					      "⸗ and ¬ as -, none at a line's end"};

	les_buf_printf(
		out,
		"Text was learnt in %s; ſ %s; hyphens %s%s%s. Lines were cut out by their %s.\n\n",
		rules->decompose ? "NFD" : "NFC", rules->round_s ? "as s" : "as transcribed",
		hyphens[rules->hyphens], rules->plain_quotes ? "; plain quotes" : "",
		rules->expand_macron ? "; m̄ and n̄ as mm and nn" : "",
		cut == LES_CUT_BAND ? "bands, with what is around" : "polygons");
}

static void put_rates(struct les_buf *out, const struct les_training_card *card)
{
	const struct les_training_report *best = &card->result->best;
	const char *many = finds_lines(card) ? "pages" : "lines";

	if (best->epoch == 0 || (finds_lines(card) ? best->f1 : best->cer) < 0) {
		les_buf_printf(out, "No %s were kept apart: it was not measured.\n\n", many);
		return;
	}
	les_buf_printf(out, "On the %llu %s kept apart, after epoch %u: ",
		       (unsigned long long)card->validation_n, many, best->epoch);
	if (finds_lines(card))
		les_buf_printf(out,
			       "baselines found with precision %.3f, recall %.3f, F1 %.3f (cBAD); "
			       "F1 of pixels %.3f. ",
			       (double)best->precision, (double)best->recall, (double)best->f1,
			       (double)best->pixel_f1);
	else
		les_buf_printf(out, "CER %.2f %% (raw), %.2f %% (reader-normalised), WER %.2f %%. ",
			       100 * (double)best->cer, 100 * (double)best->cer_normalised,
			       100 * (double)best->wer);
	les_buf_printf(out, "It was chosen by these very %s; on others expect somewhat %s.\n\n",
		       many, finds_lines(card) ? "less" : "more");
}

static void put_epochs(struct les_buf *out, const struct les_training_card *card)
{
	const bool pages = finds_lines(card);

	les_buf_puts(out, pages ? "| epoch | loss a page | F1 | precision | recall | rate |\n"
				  "|---|---|---|---|---|---|\n"
				: "| epoch | loss a line | CER % | normalised % | rate |\n"
				  "|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < card->epochs_n; i++) {
		const struct les_training_report *e = &card->epochs[i];
		les_buf_printf(out, "| %u | %.3f |", e->epoch, (double)e->loss);
		if (pages)
			les_buf_printf(out, " %.3f | %.3f | %.3f |", (double)e->f1,
				       (double)e->precision, (double)e->recall);
		else
			les_buf_printf(out, " %.2f | %.2f |", 100 * (double)e->cer,
				       100 * (double)e->cer_normalised);
		les_buf_printf(out, " %.2e |\n", (double)e->rate);
	}
	les_buf_puts(out, "\n");
}

static void put_classes(struct les_buf *out, const struct les_training_card *card)
{
	static const char *const kinds[] = {[LES_CLASS_AUX] = "aid",
					    [LES_CLASS_BASELINE] = "baselines",
					    [LES_CLASS_REGION] = "regions"};

	les_buf_puts(out, "## Classes\n\n");
	for (uint32_t i = 0; i < card->classes_n; i++)
		les_buf_printf(out, "- %s (%s)\n", card->classes[i].name,
			       kinds[card->classes[i].kind]);
}

static void put_alphabet(struct les_buf *out, const struct les_alphabet *alphabet)
{
	les_buf_printf(out, "## Alphabet\n\n%u characters:", alphabet->n);
	for (uint32_t i = 0; i < alphabet->n; i++)
		les_buf_printf(out, " U+%04X", alphabet->at[i].code);
	les_buf_puts(out, "\n");
}

void les_training_card_write(struct les_buf *out, const struct les_training_card *card)
{
	const struct les_training *o = card->options;
	const char *many = finds_lines(card) ? "pages" : "lines";

	put_front(out, card);
	les_buf_printf(out, "# %s\n\n%s\n\n", card->name, card->summary);
	if (card->sender[0])
		les_buf_printf(out, "Trained for one writer: %s.\n\n", card->sender);
	les_buf_printf(
		out, "Trained with Lesart " LES_VERSION " on %llu %s%s%s. %llu parameters.\n\n",
		(unsigned long long)card->lines_n, many, card->base[0] ? ", from the model " : "",
		les_training_card_path(card->base), (unsigned long long)card->result->parameters_n);
	put_rates(out, card);
	if (!finds_lines(card))
		put_rules(out, &card->rules, o->cut);
	les_buf_printf(out,
		       "## Training\n\nSpec `%s`; seed %llu; AdamW, rate %g, decay %g, "
		       "batches of %u %s, augmentation %g; %u epochs in %.0f s.\n\n",
		       o->spec[0] ? o->spec : "of the base", (unsigned long long)o->seed,
		       (double)o->rate, (double)o->weight_decay, o->batch_lines, many,
		       (double)o->augmentation, card->result->last.epoch, card->result->seconds);
	put_epochs(out, card);
	if (finds_lines(card))
		put_classes(out, card);
	else
		put_alphabet(out, card->alphabet);
}
