#include "base/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LOG_LINE_BYTES_MAX = 4096 };

void les_log(const char *level, const char *event, ...)
{
	LES_CLEANUP(les_buf_done) struct les_buf line = LES_BUF(LOG_LINE_BYTES_MAX);
	char now[21];
	va_list args;

	les_clock_utc(now);
	les_buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", now, level);
	les_json_string(&line, event);
	va_start(args, event);
	for (const char *name; (name = va_arg(args, const char *));) {
		const char *value = va_arg(args, const char *);

		les_buf_puts(&line, ",");
		les_json_string(&line, name);
		les_buf_puts(&line, ":");
		les_json_string(&line, value ? value : "");
	}
	va_end(args);
	les_buf_puts(&line, "}\n");
	if (line.failed) /* a line that is too long is named, not cut in the middle of a string */
		dprintf(STDERR_FILENO,
			"{\"time\":\"%s\",\"level\":\"error\",\"event\":\"log-line-too-long\"}\n",
			now);
	else if (write(STDERR_FILENO, line.bytes, line.len) < 0)
		return; /* nobody listens; nothing else can be done */
}
