/* Writes the seed corpora: small, of our own making. usage: fuzz-seeds FOLDER (fuzz/run seeds) */
#include "base/cleanup.h"
#include "ipc/entries.h"
#include "ipc/message.h"
#include "ipc/record.h"
#include "ipc/training.h"
#include "ipc/weights.h"
#include "models/write.h"
#include "tests/documents/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

static void seed(const char *target, const char *name, const void *bytes, size_t n)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, target);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void seed_text(const char *target, const char *name, const char *text)
{
	seed(target, name, text, strlen(text));
}

static const struct les_page_info info = {.number = 1,
					  .w_px = 40,
					  .h_px = 30,
					  .stride_bytes = 40,
					  .channels = 1,
					  .dpi = 300,
					  .source = LES_SOURCE_IMAGE,
					  .stored_w_px = 40,
					  .stored_h_px = 30,
					  .to_stored = {.a = 1, .e = 1}};

static const struct les_training training = {.net = LES_NET_RECOGNITION,
					     .spec = "[1,48,0,1 Cr3,3,8 S1(1x0)1,3 Lbx16]",
					     .seed = 1,
					     .epochs_max = 20,
					     .batch_lines = 4,
					     .rate = 1e-3f,
					     .schedule = LES_SCHEDULE_COSINE,
					     .resize = LES_RESIZE_UNION,
					     .precision = LES_PRECISION_AUTO,
					     .layer_rate = 1,
					     .threads = 1};

/* The target's own head: which parser, type, fds; then the body. */
static void seed_body(const char *name, uint8_t parser, uint16_t type, uint8_t fds,
		      struct les_buf *body)
{
	struct les_buf out = LES_BUF(LES_BODY_BYTES_MAX);

	les_buf_u8(&out, parser);
	les_buf_u16(&out, type);
	les_buf_u8(&out, fds);
	les_buf_put(&out, body->bytes, body->len);
	seed("messages", name, out.bytes, out.len);
	les_buf_done(&out);
	les_buf_reset(body);
}

static void seed_messages(void)
{
	struct les_buf body = LES_BUF(LES_BODY_BYTES_MAX);
	const struct les_open open = {LES_OPEN_DOCUMENT, 10, 1000000, 300, .password = "Linde"};
	const struct les_read read = {.page = info, .mode = LES_READ_PAGE, .language = "deu"};

	les_ready_encode(&body, &(struct les_ready){6, 7, "0123456789ab"});
	seed_body("ready", 0, LES_MESSAGE_READY, 0, &body);
	les_open_encode(&body, &open);
	seed_body("open", 1, LES_MESSAGE_OPEN, 1, &body);
	les_document_encode(&body, &(struct les_document){3, LES_DOCUMENT_PDF});
	seed_body("document", 2, LES_MESSAGE_DOCUMENT, 0, &body);
	les_next_encode(&body, 1);
	seed_body("next", 3, LES_MESSAGE_NEXT, 0, &body);
	les_page_info_encode(&body, &info);
	seed_body("page", 4, LES_MESSAGE_PAGE, 1, &body);
	les_payload_encode(&body, &(struct les_payload){100, LES_PICTURE_NONE});
	seed_body("payload", 5, LES_MESSAGE_LINES, 1, &body);
	les_read_encode(&body, &read);
	seed_body("read", 7, LES_MESSAGE_READ, 1, &body);
	les_read_done_encode(&body, &(struct les_read_done){3, 1, 2});
	seed_body("read-done", 8, LES_MESSAGE_READ_DONE, 0, &body);
	les_training_encode(&body, &training);
	seed_body("training", 9, LES_MESSAGE_TRAIN, 3, &body);
	les_prepare_ask_encode(&body, &(struct les_prepare_ask){info, LES_CUT_BAND, 64, 1000});
	seed_body("prepare", 13, LES_MESSAGE_PREPARE, 2, &body);
	les_prepare_page_ask_encode(&body, &(struct les_prepare_page_ask){info, 1200, 1});
	seed_body("prepare-page", 14, LES_MESSAGE_PREPARE_PAGE, 1, &body);
	les_fail_encode(&body, &(struct les_error){LES_FORMAT, "the file is empty"});
	seed_body("fail", 12, LES_MESSAGE_FAIL, 0, &body);
	les_buf_done(&body);
	seed("messages", "framed", "LESL\1\0\15\0\4\0\0\0\1\0\0\0", 16);
}

static void seed_records(void)
{
	struct les_buf out = LES_BUF(100000);
	struct les_point points[] = {{1, 20}, {30, 21.5f}};
	struct les_alternative other = {"m", 0.25f};
	struct les_alternative readings[] = {{"\xc3\xbc", 0.5f}, {"m", 0.125f}};
	struct les_char chars[] = {{"\xc3\xbc", {1, 2, 3, 4}, 0.75f, &other, 1}};
	struct les_word words[] = {{"\xc3\xbc", {1, 2, 3, 4}, {points, 2}, 0.75f, 1, 0, 1}};
	struct les_region regions[] = {{"r1", LES_REGION_TEXT, {0, 0, 40, 30}, {points, 2}}};
	struct les_line lines[] = {{.id = "l1",
				    .baseline = {points, 2},
				    .box = {1, 2, 30, 22},
				    .text = "\xc3\xbc",
				    .language = "deu",
				    .script = "kurrent",
				    .confidence = 0.75f,
				    .words = words,
				    .words_n = 1,
				    .chars = chars,
				    .chars_n = 1,
				    .readings = readings,
				    .readings_n = 2}};
	struct les_page page = {.regions = regions, .lines = lines};

	les_records_encode(&out, &page);
	seed("records", "empty", out.bytes, out.len);
	les_buf_reset(&out);
	page.regions_n = page.lines_n = 1;
	page.image_name = "brief.jpg";
	les_records_encode(&out, &page);
	seed("records", "line", out.bytes, out.len);
	les_buf_done(&out);
}

static void seed_texts(void)
{
	seed_text("params", "all",
		  "format=alto\npages=1-3,5\nnBest=3\nillegibleBelow=0.25\nlanguage=deu+"
		  "frk\nscriptType="
		  "fraktur"
		  "\nengine=tesseract\nillegibleText=[?]\npassword=Linde\nsenderId=Anna\n");
	seed_text("params", "wrong", "format=pdf\nnothing=1\nillegibleBelow=nan\npages=0\n=\n");
	seed_text("ranges", "list", "1-3,5,7-");
	seed_text("ranges", "last", "2000");
	seed_text("ranges", "beyond", "1,4294967297-");
	seed_text(
		"vgsl", "reader",
		"[1,120,0,1 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,13,32 Do0.1,2 Mp2,2 Cr3,9,64 Do0.1,2 Mp2,2 "
		"Cr3,9,64 Do0.1,2 S1(1x0)1,3 Lbx200 Do0.1,2 Lbx200 Do0.1,2 Lbx200 Do O1c59]");
	seed_text(
		"vgsl", "segmenter",
		"[1,1200,0,3 Cr7,7,64,2,2 Gn32 Cr3,3,128,2,2 Gn32 Lbx32 Lby32 Cr1,1,32 Gn32 Lby32 "
		"Lbx32 O2l4]");
	seed_text("layout", "page",
		  "<?xml version=\"1.0\"?><PcGts><Page imageFilename=\"a.jpg\" imageWidth=\"100\" "
		  "imageHeight=\"80\"><ReadingOrder><OrderedGroup><RegionRefIndexed index=\"0\" "
		  "regionRef=\"r\"/></OrderedGroup></ReadingOrder><TextRegion id=\"r\"><Coords "
		  "points=\"0,0 9,0 9,9\"/><TextLine id=\"l\"><Coords points=\"1,1 8,1 8,8\"/>"
		  "<Baseline points=\"1,7 8,7\"/><TextEquiv index=\"0\"><Unicode>a&amp;b</Unicode>"
		  "</TextEquiv></TextLine></TextRegion></Page></PcGts>");
	seed_text(
		"layout", "alto",
		"<alto><Description><MeasurementUnit>pixel</MeasurementUnit></Description><Layout>"
		"<Page WIDTH=\"100\" HEIGHT=\"80\"><PrintSpace><TextBlock ID=\"b\" HPOS=\"1\" "
		"VPOS=\"1\" WIDTH=\"50\" HEIGHT=\"20\"><Shape><Polygon POINTS=\"1,1 50,1 50,20\"/>"
		"</Shape><TextLine ID=\"l\" BASELINE=\"18\" HPOS=\"1\" VPOS=\"1\" WIDTH=\"50\" "
		"HEIGHT=\"20\"><String CONTENT=\"a\"/><SP/><String CONTENT=\"b\"/></TextLine>"
		"</TextBlock></PrintSpace></Page></Layout></alto>");
	seed_text("layout", "entity",
		  "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><alto>&x;</alto>");
	seed("models", "safetensors",
	     "\x3a\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  "
	     "\0\0\0\0",
	     70);
	seed("models", "mlmodel", "\x08\x01\x12\x04\x0a\x02\x08\x01\xaa\x1f\x02\x0a\x00", 13);
}

static void seed_entries(void)
{
	LES_CLEANUP(les_entries_done) struct les_entries entries = LES_ENTRIES;
	LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(100000);
	const struct les_error why = {LES_FORBIDDEN, "leads out of the archive"};

	les_entries_add(&entries, "briefe/0001.png", 15, 1000, NULL, NULL);
	les_entries_add(&entries, "../x", 4, 10, &why, NULL);
	les_entries_encode(&out, &entries);
	seed("entries", "two", out.bytes, out.len);
}

static void seed_images(void)
{
	static const char *const names[] = {"jpeg", "png", "webp", "jp2", "pdf"};

	for (size_t i = 0; i < LES_COUNT(names); i++) {
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(DOCUMENT_BYTES_MAX);
		if (i == 0)
			document_jpeg(&out, &(struct jpeg_options){.orientation = 6});
		else if (i == 1)
			document_png(&out, PNG_BIT);
		else if (i == 2)
			document_webp(&out);
		else if (i == 3)
			document_jp2(&out);
		else
			les_buf_puts(&out, "%PDF-1.7\n");
		seed("sniff", names[i], out.bytes, out.len < 400 ? out.len : 400);
	}
	seed("sniff", "exif", "II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22);
}

static void seed_weights(void)
{
	static const float values[4] = {1, 2, 3, 4};
	static uint8_t file[4096] __attribute__((aligned(64)));
	struct les_tensor tensor = {.name = "a.weight", .rank = 1, .dims = {4}, .values = values};
	const struct les_weights weights = {.kind = LES_NET_RECOGNITION,
					    .spec = "[1,48,0,1 O{O_0}1c4]",
					    .temperature = 1,
					    .precision = "f32",
					    .meta = "{}",
					    .tensors = &tensor,
					    .tensors_n = 1};
	size_t n;

	if (les_weights_size(&weights, &n, NULL) != LES_OK || n > sizeof file)
		return;
	les_weights_write(&weights, file, n);
	seed("weights", "one", file, n);
}

/* A net with every kind of layer that has weights, small enough to be changed byte by byte. */
static void seed_models(void)
{
	static const float values[64] = {1, -2, 0.5f};
	static const uint32_t label_1[] = {1}, label_12[] = {2, 1};
	static struct les_code codes[] = {{"a", 1, label_1}, {"\xc3\xa4", 2, label_12}};
	static struct les_tensor tensors[] = {
		{"C_0.co.weight", 4, {2, 1, 1, 1}, values},
		{"C_0.co.bias", 1, {2}, values},
		{"Gn_1.layer.weight", 1, {2}, values},
		{"Gn_1.layer.bias", 1, {2}, values},
		{"L_3.layer.weight_ih_l0", 2, {4, 4}, values},
		{"L_3.layer.weight_hh_l0", 2, {4, 1}, values},
		{"L_3.layer.bias_ih_l0", 1, {4}, values},
		{"L_3.layer.bias_hh_l0", 1, {4}, values},
		{"O_4.lin.weight", 2, {3, 1}, values},
		{"O_4.lin.bias", 1, {3}, values},
	};
	const struct les_weights weights = {
		.kind = LES_NET_RECOGNITION,
		.spec = "[1,2,0,1 Cr{C_0}1,1,2 Gn{Gn_1}2 S{S_2}1(1x0)1,3 Lfx{L_3}1 O{O_4}1c3]",
		.temperature = 1,
		.precision = "f32",
		.meta = "{\"seg_type\":\"bbox\"}",
		.tensors = tensors,
		.tensors_n = LES_COUNT(tensors),
		.codes = codes,
		.codes_n = LES_COUNT(codes)};

	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"net-f32", "net-f16", "net-coreml"};
		LES_CLEANUP(les_buf_done) struct les_buf out = LES_BUF(1 << 16);
		const enum les_kind kind =
			i == 2 ? les_mlmodel_write(&weights, &out, NULL)
			       : les_safetensors_write(&weights, i == 1, &out, NULL);
		if (kind == LES_OK)
			seed("models", names[i], out.bytes, out.len);
	}
}

static void seed_ground_truth(void)
{
	static const char text[] = "Liebe Mutter,";
	const struct zip_item items[] = {
		{.name = "a.gt.txt", .bytes = text, .n = sizeof text - 1},
		{.name = "in/b.gt.txt", .bytes = text, .n = sizeof text - 1, .deflated = true},
		{.name = "../c", .bytes = "", .n = 0, .flags = 1},
	};
	struct les_buf out = LES_BUF(100000);

	document_zip(&out, items, LES_COUNT(items), NULL);
	seed("archive", "three", out.bytes, out.len);
	les_buf_done(&out);
	seed_text("pairing", "pairs", "a.png\na.gt.txt\na.xml\nd/1.jpg\nd/page/1.xml\nmets.xml\n");
	seed_text("pairing", "tricks",
		  "../a.png\na\\b.xml\n/etc/x.gt.txt\n.xml\nx.bin.png\nx.gt.txt\n");
	seed_text("texts", "plain",
		  "@ver\xc2\xac  Gr\xc3\xbc\xc3\x9f"
		  "e\t\xe2\x80\x9e a\xe2\x80\x9c");
	seed_text("texts", "rules", "?kom\xcc\x84t \xc5\xbfo u\xcc\x88 \xef\xbb\xbf");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	folder = argv[1];
	mkdir(folder, 0777);
	seed_messages();
	seed_records();
	seed_texts();
	seed_entries();
	seed_images();
	seed_weights();
	seed_models();
	seed_ground_truth();
	return 0;
}
