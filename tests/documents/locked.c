/* PDF 32000-1, 7.6.3, revision 2 of the standard handler: what anyone can open, but not everyone
 * should. */
#include "tests/documents/documents.h"

#include <nettle/arcfour.h>
#include <nettle/md5.h>
#include <string.h>

enum { KEY_BYTES = 5, FIELD_BYTES = 32, PERMISSIONS = -4 };

static const uint8_t padding[FIELD_BYTES] = {0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41,
					     0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08,
					     0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80,
					     0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a};

static const uint8_t file_id[16] = "lesart-test-file";

static void pad(const char *password, uint8_t out[FIELD_BYTES])
{
	const size_t n = strlen(password) < FIELD_BYTES ? strlen(password) : FIELD_BYTES;

	memcpy(out, password, n);
	memcpy(out + n, padding, FIELD_BYTES - n);
}

static void encrypt(const uint8_t key[KEY_BYTES], const uint8_t *from, uint8_t out[FIELD_BYTES])
{
	struct arcfour_ctx cipher;

	arcfour_set_key(&cipher, KEY_BYTES, key);
	arcfour_crypt(&cipher, FIELD_BYTES, out, from);
}

/* Algorithms 3 and 2: the owner's entry, and the key of the file. */
static void derive(const char *password, uint8_t owner[FIELD_BYTES], uint8_t key[KEY_BYTES])
{
	const uint8_t permissions[4] = {0xfc, 0xff, 0xff, 0xff};
	uint8_t padded[FIELD_BYTES], digest[MD5_DIGEST_SIZE];
	struct md5_ctx md5;

	pad(password, padded);
	md5_init(&md5);
	md5_update(&md5, FIELD_BYTES, padded);
	md5_digest(&md5, sizeof digest, digest);
	encrypt(digest, padded, owner);
	md5_init(&md5);
	md5_update(&md5, FIELD_BYTES, padded);
	md5_update(&md5, FIELD_BYTES, owner);
	md5_update(&md5, sizeof permissions, permissions);
	md5_update(&md5, sizeof file_id, file_id);
	md5_digest(&md5, sizeof digest, digest);
	memcpy(key, digest, KEY_BYTES);
}

static void put_hex(struct les_buf *out, const uint8_t *bytes, size_t n)
{
	les_buf_puts(out, "<");
	for (size_t i = 0; i < n; i++)
		les_buf_printf(out, "%02x", bytes[i]);
	les_buf_puts(out, ">");
}

void document_pdf_locked(struct les_buf *out, const char *password, const char *page)
{
	static struct pdf_writer pdf;
	uint8_t owner[FIELD_BYTES], user[FIELD_BYTES], key[KEY_BYTES];

	derive(password, owner, key);
	encrypt(key, padding, user);
	pdf_begin(&pdf, out);
	pdf_object(&pdf, "<</Type/Catalog/Pages 2 0 R>>");
	pdf_object(&pdf, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
	pdf_object(&pdf, "<</Type/Page/Parent 2 0 R%s>>", page);
	pdf_end(&pdf);
	/* the trailer's entries, put in front of those it has */
	const char *trailer = "trailer\n<<";
	uint8_t *at = memmem(out->bytes, out->len, trailer, strlen(trailer));
	struct les_buf tail = LES_BUF(DOCUMENT_BYTES_MAX);
	const size_t rest = (size_t)(at - out->bytes) + strlen(trailer);
	les_buf_put(&tail, out->bytes + rest, out->len - rest);
	out->len = rest;
	les_buf_printf(out, "/Encrypt<</Filter/Standard/V 1/R 2/P %d/O", PERMISSIONS);
	put_hex(out, owner, FIELD_BYTES);
	les_buf_puts(out, "/U");
	put_hex(out, user, FIELD_BYTES);
	les_buf_puts(out, ">>/ID[");
	put_hex(out, file_id, sizeof file_id);
	put_hex(out, file_id, sizeof file_id);
	les_buf_puts(out, "]");
	les_buf_put(out, tail.bytes, tail.len);
	les_buf_done(&tail);
}
