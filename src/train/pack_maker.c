#include "base/cleanup.h"
#include "train/pack_file.h"
#include "types/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEADER_BYTES = 64, BLOCK_BYTES = 1 << 20 };

static enum les_kind no_memory(const struct les_pack_form *form, struct les_error *reterr)
{
	return les_fail(reterr, LES_NOMEM, "no memory for the cache of %s", form->what);
}

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

enum les_kind les_pack_maker_open(const char *folder, const struct les_pack_form *form,
				  struct les_pack_maker *ret, struct les_error *reterr)
{
	static const uint8_t zeros[HEADER_BYTES];
	struct les_pack_maker m = {.form = form, .fd = open_nameless(folder), .at = HEADER_BYTES};

	if (m.fd < 0)
		return les_fail_errno(reterr, "cannot make a cache of %s in %.150s", form->what,
				      folder);
	m.block = LES_BUF(LES_PREPARED_BYTES_MAX);
	m.index = LES_BUF((size_t)form->items_max * form->entry_bytes);
	m.tail = LES_BUF(LES_PACK_TEXTS_BYTES_MAX);
	les_buf_put(&m.block, zeros, sizeof zeros);
	*ret = m;
	return LES_OK;
}

void les_pack_maker_close(struct les_pack_maker *m)
{
	if (!m->form)
		return;
	les_fd_close(&m->fd);
	les_buf_done(&m->block);
	les_buf_done(&m->index);
	les_buf_done(&m->tail);
	*m = (struct les_pack_maker){.fd = -1};
}

static enum les_kind write_out(struct les_pack_maker *m, const void *bytes, size_t n,
			       struct les_error *reterr)
{
	for (const uint8_t *p = bytes; n;) {
		const ssize_t written = write(m->fd, p, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return les_fail_errno(reterr, "cannot write the cache of %s",
					      m->form->what);
		p += written;
		n -= (size_t)written;
	}
	return LES_OK;
}

static enum les_kind flush(struct les_pack_maker *m, struct les_error *reterr)
{
	if (m->block.failed)
		return no_memory(m->form, reterr);
	enum les_kind kind = write_out(m, m->block.bytes, m->block.len, reterr);
	les_buf_reset(&m->block);
	return kind;
}

enum les_kind les_pack_maker_add(struct les_pack_maker *m, uint32_t document, const uint8_t *px,
				 uint64_t px_bytes, struct les_error *reterr)
{
	if (m->at + px_bytes > LES_PACK_BYTES_MAX)
		return les_fail(reterr, LES_LIMIT, "the cache of %s takes more than %llu bytes",
				m->form->what, LES_PACK_BYTES_MAX);
	les_buf_put(&m->block, px, px_bytes);
	if (m->index.failed || m->tail.failed)
		return les_fail(reterr, LES_LIMIT,
				"too much for the cache of %s, or no memory for it", m->form->what);
	m->at += px_bytes;
	m->items_n++;
	if (document >= m->documents_n)
		m->documents_n = document + 1;
	return m->block.len >= BLOCK_BYTES ? flush(m, reterr) : LES_OK;
}

uint64_t les_pack_maker_bytes(const struct les_pack_maker *m)
{
	return m->at + m->index.len + m->tail.len;
}

static enum les_kind write_header(struct les_pack_maker *m, struct les_error *reterr)
{
	LES_CLEANUP(les_buf_done) struct les_buf header = LES_BUF(HEADER_BYTES + 1);

	les_buf_u64(&header, m->form->magic);
	les_buf_u32(&header, m->items_n);
	les_buf_u32(&header, m->documents_n);
	les_buf_u64(&header, m->at);
	les_buf_u64(&header, m->at + m->index.len);
	les_buf_u64(&header, m->tail.len);
	les_buf_u64(&header, les_pack_maker_bytes(m));
	while (!header.failed && header.len < HEADER_BYTES)
		les_buf_u8(&header, 0);
	if (header.failed)
		return no_memory(m->form, reterr);
	if (lseek(m->fd, 0, SEEK_SET) != 0)
		return les_fail_errno(reterr, "cannot write the cache of %s", m->form->what);
	return write_out(m, header.bytes, header.len, reterr);
}

enum les_kind les_pack_maker_finish(struct les_pack_maker *m, int *ret_fd, struct les_error *reterr)
{
	char path[64];
	enum les_kind kind = flush(m, reterr);

	if (kind == LES_OK)
		kind = write_out(m, m->index.bytes, m->index.len, reterr);
	if (kind == LES_OK)
		kind = write_out(m, m->tail.bytes, m->tail.len, reterr);
	if (kind == LES_OK)
		kind = write_header(m, reterr);
	if (kind != LES_OK)
		return kind;
	snprintf(path, sizeof path, "/proc/self/fd/%d", m->fd);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return les_fail_errno(reterr, "cannot open the cache of %s again", m->form->what);
	*ret_fd = fd;
	return LES_OK;
}
