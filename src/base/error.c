#include "base/error.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct les_kind_info infos[LES_KIND_N] = {
	[-LES_OK] = {"OK", 200, 0, false},
	[-LES_ARG] = {"ARG", 400, 2, false},
	[-LES_FORMAT] = {"FORMAT", 422, 10, false},
	[-LES_UNSUPPORTED] = {"UNSUPPORTED", 415, 11, false},
	[-LES_ENCRYPTED] = {"ENCRYPTED", 422, 12, false},
	[-LES_LIMIT] = {"LIMIT", 413, 13, false},
	[-LES_DEADLINE] = {"DEADLINE", 504, 14, true},
	[-LES_NOMEM] = {"NOMEM", 503, 15, true},
	[-LES_IO] = {"IO", 500, 16, true},
	[-LES_PEER] = {"PEER", 500, 17, false},
	[-LES_BUSY] = {"BUSY", 429, 18, true},
	[-LES_NOTFOUND] = {"NOTFOUND", 404, 19, false},
	[-LES_AUTH] = {"AUTH", 401, 20, false},
	[-LES_FORBIDDEN] = {"FORBIDDEN", 403, 21, false},
	[-LES_UNAVAILABLE] = {"UNAVAILABLE", 503, 22, true},
	[-LES_CANCELLED] = {"CANCELLED", 499, 130, true},
};

enum les_kind les_fail(struct les_error *reterr, enum les_kind kind, const char *format, ...)
{
	va_list args;

	if (!reterr)
		return kind;
	reterr->kind = kind;
	va_start(args, format);
	vsnprintf(reterr->message, sizeof reterr->message, format, args);
	va_end(args);
	return kind;
}

enum les_kind les_fail_errno(struct les_error *reterr, const char *format, ...)
{
	int number = errno;
	enum les_kind kind = number == ENOMEM ? LES_NOMEM : LES_IO;
	char reason[80];
	va_list args;

	if (!reterr)
		return kind;
	reterr->kind = kind;
	va_start(args, format);
	vsnprintf(reterr->message, sizeof reterr->message, format, args);
	va_end(args);
	size_t used = strlen(reterr->message);
	snprintf(reterr->message + used, sizeof reterr->message - used, ": %s",
		 strerror_r(number, reason, sizeof reason));
	return kind;
}

const struct les_kind_info *les_kind_info(enum les_kind kind)
{
	int row = -(int)kind;

	return row >= 0 && row < LES_KIND_N ? &infos[row] : &infos[-LES_PEER];
}

bool les_kind_from_number(int number, enum les_kind *ret)
{
	if (number >= 0 || number <= -LES_KIND_N)
		return false;
	*ret = (enum les_kind)number;
	return true;
}
