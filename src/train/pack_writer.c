#include "base/buf.h"
#include "train/pack.h"
#include "types/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_BYTES = 64, BLOCK_BYTES = 1 << 20 };

static const uint64_t MAGIC = 0x314b43415053454cull; /* "LESPACK1" */

struct les_pack_writer {
	int fd;
	uint64_t at; /* where the next byte goes */
	struct les_buf block, index, texts;
	uint32_t lines_n, documents_n;
};

/* Where a file system has no files without a name, one whose name goes at once. */
static int open_nameless(const char *folder)
{
	char path[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	const int n = snprintf(path, sizeof path, "%s/lesart-cache-%s", folder,
			       "XX"
			       "XX"
			       "XX");
	if (n < 0 || (size_t)n >= sizeof path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

enum les_kind les_pack_writer_new(const char *folder, struct les_pack_writer **ret,
				  struct les_error *reterr)
{
	static const uint8_t zeros[HEADER_BYTES];
	struct les_pack_writer *w = calloc(1, sizeof *w);

	if (!w)
		return les_fail(reterr, LES_NOMEM, "no memory for the cache of line images");
	w->fd = open_nameless(folder);
	if (w->fd < 0) {
		free(w);
		return les_fail_errno(reterr, "cannot make a cache of line images in %.150s",
				      folder);
	}
	w->block = LES_BUF(LES_PREPARED_BYTES_MAX);
	w->index = LES_BUF(LES_SURVEY_LINES_MAX * 40ull);
	w->texts = LES_BUF(LES_PACK_TEXTS_BYTES_MAX);
	les_buf_put(&w->block, zeros, sizeof zeros);
	w->at = HEADER_BYTES;
	*ret = w;
	return LES_OK;
}

void les_pack_writer_free(struct les_pack_writer *w)
{
	if (!w)
		return;
	les_fd_close(&w->fd);
	les_buf_done(&w->block);
	les_buf_done(&w->index);
	les_buf_done(&w->texts);
	free(w);
}

static enum les_kind write_out(struct les_pack_writer *w, const void *bytes, size_t n,
			       struct les_error *reterr)
{
	for (const uint8_t *p = bytes; n;) {
		const ssize_t written = write(w->fd, p, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return les_fail_errno(reterr, "cannot write the cache of line images");
		p += written;
		n -= (size_t)written;
	}
	return LES_OK;
}

static enum les_kind flush(struct les_pack_writer *w, struct les_error *reterr)
{
	if (w->block.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for the cache of line images");
	enum les_kind kind = write_out(w, w->block.bytes, w->block.len, reterr);
	les_buf_reset(&w->block);
	return kind;
}

enum les_kind les_pack_add(struct les_pack_writer *w, const struct les_pack_line *line,
			   struct les_error *reterr)
{
	const uint64_t px_bytes = (uint64_t)line->w_px * line->h_px;

	if (w->at + px_bytes > LES_PACK_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "the line images take more than %llu bytes",
				LES_PACK_BYTES_MAX);
	les_buf_u64(&w->index, w->at);
	les_buf_u64(&w->index, w->texts.len);
	les_buf_u32(&w->index, line->text_bytes);
	les_buf_u32(&w->index, line->w_px);
	les_buf_u32(&w->index, line->h_px);
	les_buf_u32(&w->index, line->document);
	les_buf_u32(&w->index, line->flags);
	les_buf_u32(&w->index, 0);
	les_buf_put(&w->texts, line->text, line->text_bytes);
	les_buf_put(&w->block, line->px, px_bytes);
	if (w->index.failed || w->texts.failed)
		return les_fail(reterr, LES_LIMIT,
				"too many lines, or too much text, or no memory");
	w->at += px_bytes;
	w->lines_n++;
	if (line->document >= w->documents_n)
		w->documents_n = line->document + 1;
	return w->block.len >= BLOCK_BYTES ? flush(w, reterr) : LES_OK;
}

uint32_t les_pack_lines(const struct les_pack_writer *w)
{
	return w->lines_n;
}

uint64_t les_pack_bytes(const struct les_pack_writer *w)
{
	return w->at + w->index.len + w->texts.len;
}

static enum les_kind write_header(struct les_pack_writer *w, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf header = LES_BUF(HEADER_BYTES + 1);

	les_buf_u64(&header, MAGIC);
	les_buf_u32(&header, w->lines_n);
	les_buf_u32(&header, w->documents_n);
	les_buf_u64(&header, w->at);
	les_buf_u64(&header, w->at + w->index.len);
	les_buf_u64(&header, w->texts.len);
	les_buf_u64(&header, les_pack_bytes(w));
	while (!header.failed && header.len < HEADER_BYTES)
		les_buf_u8(&header, 0);
	if (header.failed)
		return les_fail(reterr, LES_NOMEM, "no memory for the cache of line images");
	if (lseek(w->fd, 0, SEEK_SET) != 0)
		return les_fail_errno(reterr, "cannot write the cache of line images");
	return write_out(w, header.bytes, header.len, reterr);
}

enum les_kind les_pack_finish(struct les_pack_writer *w, int *ret_fd, struct les_error *reterr)
{
	char path[64];
	enum les_kind kind = flush(w, reterr);

	if (kind == LES_OK)
		kind = write_out(w, w->index.bytes, w->index.len, reterr);
	if (kind == LES_OK)
		kind = write_out(w, w->texts.bytes, w->texts.len, reterr);
	if (kind == LES_OK)
		kind = write_header(w, reterr);
	if (kind != LES_OK)
		return kind;
	snprintf(path, sizeof path, "/proc/self/fd/%d", w->fd);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return les_fail_errno(reterr, "cannot open the cache of line images again");
	*ret_fd = fd;
	return LES_OK;
}
