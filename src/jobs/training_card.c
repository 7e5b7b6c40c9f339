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

static void put_list(struct les_buf *out, const char *name, const char *const *values, uint32_t n)
{
	if (n == 0)
		return;
	les_buf_printf(out, "%s:\n", name);
	for (uint32_t i = 0; i < n; i++) {
		les_buf_puts(out, "  - ");
		les_json_string(out, values[i]);
		les_buf_puts(out, "\n");
	}
}

static void put_one(struct les_buf *out, const char *name, const char *value)
{
	put_list(out, name, &value, value[0] ? 1 : 0);
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
	les_buf_puts(out, "model_type:\n  - recognition\n");
	put_list(out, "datasets", card->sources, card->sources_n);
	put_one(out, "base_model", card->base);
	if (best->epoch && best->cer >= 0)
		les_buf_printf(out, "metrics:\n  cer: %.2f\n  cer_normalised: %.2f\n",
			       100 * (double)best->cer, 100 * (double)best->cer_normalised);
	les_buf_puts(out, "---\n\n");
}

static void put_rules(struct les_buf *out, const struct les_text_rules *rules)
{
	static const char *const hyphens[] = {"as transcribed", "⸗ and ¬ as -",
					      "⸗ and ¬ as -, none at a line's end"};

	les_buf_printf(out, "Text was learnt in %s; ſ %s; hyphens %s%s%s.\n\n",
		       rules->decompose ? "NFD" : "NFC", rules->round_s ? "as s" : "as transcribed",
		       hyphens[rules->hyphens], rules->plain_quotes ? "; plain quotes" : "",
		       rules->expand_macron ? "; m̄ and n̄ as mm and nn" : "");
}

static void put_rates(struct les_buf *out, const struct les_training_card *card)
{
	const struct les_training_report *best = &card->result->best;

	if (best->epoch == 0 || best->cer < 0) {
		les_buf_puts(out, "No lines were kept apart: it was not measured.\n\n");
		return;
	}
	les_buf_printf(out,
		       "On the %llu lines kept apart, after epoch %u: CER %.2f %% (raw), %.2f %% "
		       "(reader-normalised), WER %.2f %%. It was chosen by these very lines; on "
		       "others expect somewhat more.\n\n",
		       (unsigned long long)card->validation_n, best->epoch, 100 * (double)best->cer,
		       100 * (double)best->cer_normalised, 100 * (double)best->wer);
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

	put_front(out, card);
	les_buf_printf(out, "# %s\n\n%s\n\n", card->name, card->summary);
	if (card->sender[0])
		les_buf_printf(out, "Trained for one writer: %s.\n\n", card->sender);
	les_buf_printf(
		out, "Trained with Lesart " LES_VERSION " on %llu lines%s%s. %llu parameters.\n\n",
		(unsigned long long)card->lines_n, card->base[0] ? ", from the model " : "",
		card->base, (unsigned long long)card->result->parameters_n);
	put_rates(out, card);
	put_rules(out, &card->rules);
	les_buf_printf(out,
		       "## Training\n\nSpec `%s`; seed %llu; AdamW, rate %g, decay %g, "
		       "batches of %u lines, augmentation %g; %u epochs in %.0f s.\n\n",
		       o->spec[0] ? o->spec : "of the base", (unsigned long long)o->seed,
		       (double)o->rate, (double)o->weight_decay, o->batch_lines,
		       (double)o->augmentation, card->result->last.epoch, card->result->seconds);
	les_buf_puts(out, "| epoch | loss a line | CER % | normalised % | rate |\n"
			  "|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < card->epochs_n; i++) {
		const struct les_training_report *e = &card->epochs[i];
		les_buf_printf(out, "| %u | %.3f | %.2f | %.2f | %.2e |\n", e->epoch,
			       (double)e->loss, 100 * (double)e->cer,
			       100 * (double)e->cer_normalised, (double)e->rate);
	}
	les_buf_puts(out, "\n");
	put_alphabet(out, card->alphabet);
}
