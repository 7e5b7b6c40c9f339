#ifndef LES_BASE_LOG_H
#define LES_BASE_LOG_H

/* Logs are JSON lines on standard error: {"time","level","event",…}. Only cli/, http/, jobs/ and
 * bin/ log; no document text and no query strings go in. One line is one write(2) of at most
 * LINE_MAX bytes, so lines of several threads do not mix.
 *
 *   les_log("error", "page-failed", "request", request_id, "kind", "FORMAT", NULL);
 *
 * The strings after event are names and values in turn, ended by NULL. Values are escaped (control
 * bytes, quotes, invalid UTF-8), so words from a worker are safe to pass. */
void les_log(const char *level, const char *event, ...) __attribute__((sentinel));

#endif
