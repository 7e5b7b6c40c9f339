#ifndef LES_JOBS_PAIRING_H
#define LES_JOBS_PAIRING_H

#include "base/error.h"
#include "ipc/entries.h"

#include <stdint.h>

/* Which of the files in a ZIP or a folder belong together: an image and what stands on it. Names
 * only; nothing is opened.
 *
 * X.gt.txt belongs to the image X.webp, .png, .jpg, .tif … of its folder, else to X.bin.png or
 * X.nrm.png; X.xml too, and in a folder "page", "PAGE" or "alto" also to the image X beside that
 * folder. Endings in any case. Where both stand beside an image, .gt.txt counts. */
#define LES_PAIRING_NONE UINT32_MAX

struct les_pair {
	uint32_t truth; /* indices into the entries */
	uint32_t image; /* NONE: an XML file that may name its image itself */
	bool layout;    /* truth is XML */
};

/* What became of each entry. */
enum les_paired {
	LES_PAIRED_REFUSED, /* by the list itself */
	LES_PAIRED_USED,
	LES_PAIRED_OTHER, /* neither image nor truth */
	LES_PAIRED_LONELY_IMAGE,
	LES_PAIRED_LONELY_TEXT,
	LES_PAIRED_SECOND_IMAGE, /* another ending of the same name is used */
	LES_PAIRED_SECOND_TRUTH,
};

struct les_pairing {
	struct les_pair *at; /* sorted by the truth's name */
	uint32_t n;
	uint8_t *paired;   /* enum les_paired, one for each entry */
	uint32_t *by_name; /* the entries that are read, sorted by name */
	uint32_t by_name_n;
};

/* *ret: les_pairing_done(). errors: NOMEM. */
enum les_kind les_pairing_run(const struct les_entries *entries, struct les_pairing *ret,
			      struct les_error *reterr);
void les_pairing_done(struct les_pairing *pairing);

/* The image that an XML file names, by the last part of image_name: in the XML's folder or the one
 * above. NONE where there is none. */
uint32_t les_pairing_find_named(const struct les_pairing *pairing,
				const struct les_entries *entries, uint32_t truth,
				const char *image_name);

#endif
