#ifndef LES_BASE_ERROR_H
#define LES_BASE_ERROR_H

#include <stdbool.h>

/* Errors are kinds, not places: a kind says what the caller can do about it. The numbers travel
 * between processes and stand in the published API; they are never renumbered. */
enum les_kind {
	LES_OK = 0,
	LES_ARG = -1,          /* the request itself is wrong */
	LES_FORMAT = -2,       /* the bytes are not what they claim to be, or are damaged */
	LES_UNSUPPORTED = -3,  /* well formed, but not something we read */
	LES_ENCRYPTED = -4,    /* needs a password, or a different one */
	LES_LIMIT = -5,        /* beyond a named limit */
	LES_DEADLINE = -6,     /* took too long */
	LES_NOMEM = -7,        /* memory ran out */
	LES_IO = -8,           /* the operating system refused a read or a write */
	LES_PEER = -9,         /* a worker died, or broke the protocol */
	LES_BUSY = -10,        /* the queue is full */
	LES_NOTFOUND = -11,    /* no such thing */
	LES_AUTH = -12,        /* no credentials */
	LES_FORBIDDEN = -13,   /* credentials that do not suffice */
	LES_UNAVAILABLE = -14, /* something needed is not there now */
	LES_CANCELLED = -15,   /* the one who asked went away */
};

enum { LES_KIND_N = 16, LES_MESSAGE_BYTES_MAX = 240 };

/* What the trusted sides make of a kind. */
struct les_kind_info {
	const char *name; /* "FORMAT": the word in JSON and in logs */
	int http_status;
	int exit_code;
	bool retry; /* the same request may work later */
};

struct les_error {
	enum les_kind kind;
	char message[LES_MESSAGE_BYTES_MAX];
};

/* Writes kind and words to *reterr (which may be NULL) and returns kind. The words are cut at
 * LES_MESSAGE_BYTES_MAX. Usage: return les_fail(reterr, LES_LIMIT, "…", …); */
enum les_kind les_fail(struct les_error *reterr, enum les_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As les_fail() with LES_IO (or LES_NOMEM for ENOMEM), errno's words appended after ": ". */
enum les_kind les_fail_errno(struct les_error *reterr, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The table's row for a kind; a number that is no kind gives PEER's row. Never NULL. */
const struct les_kind_info *les_kind_info(enum les_kind kind);

/* Turns a number from outside into a kind. Returns false where there is no such kind, or for OK. */
bool les_kind_from_number(int number, enum les_kind *ret);

#endif
