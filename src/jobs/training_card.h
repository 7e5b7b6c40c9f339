#ifndef LES_JOBS_TRAINING_CARD_H
#define LES_JOBS_TRAINING_CARD_H

#include "base/buf.h"
#include "jobs/survey.h"
#include "jobs/training.h"

/* What the card of a model says that its training does not know; "" where nothing is to be said. */
struct les_training_card {
	const char *name;    /* the file's, without ending */
	const char *summary; /* one line */
	const char *author, *licence, *language, *script, *sender, *base;
	const char *const *sources; /* paths of what it has learnt from */
	uint32_t sources_n;
	uint64_t lines_n, validation_n; /* of a line finder, pages */
	struct les_text_rules rules;
	const struct les_alphabet *alphabet; /* of a recogniser */
	const struct les_class *classes;     /* of a line finder */
	uint32_t classes_n;
	const struct les_training *options;
	const struct les_training_result *result;
	const struct les_training_report *epochs; /* each one's last report */
	uint32_t epochs_n;
};

/* A path as a card may show it: its last two parts. Cards are published, and where something lay on
 * whose machine is nobody's business. Lent by path. */
const char *les_training_card_path(const char *path);

/* Appends a model card: Markdown with the front matter of HTRMoPo v1. */
void les_training_card_write(struct les_buf *out, const struct les_training_card *card);

#endif
