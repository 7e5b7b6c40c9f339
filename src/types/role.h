#ifndef LES_TYPES_ROLE_H
#define LES_TYPES_ROLE_H

/* Which process one is: each is a trust level with its own binary, message rules, environment and
 * confinement. The table of DESIGN in src/README.md says what each may see and link. */
enum les_role {
	LES_ROLE_MAIN,      /* lesart: starts the others, never parses a document */
	LES_ROLE_DECODE,    /* lesart-decode: hostile bytes → pages */
	LES_ROLE_TESSERACT, /* lesart-tesseract: pages → lines and text of print */
	LES_ROLE_READ,      /* lesart-read: pages → lines and text by neural nets */
	LES_ROLE_TRAIN, /* lesart-train: pages → line images; line images and texts → weights */
	LES_ROLE_N,
};

#endif
