/* lesart model, as a user runs it: files of kraken through the sandbox into a folder, and out
 * again. */
#include "base/cleanup.h"
#include "models/write.h"
#include "tests/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *lesart;
static char dir[] = "/tmp/lesart-test-XX"
		    "XX"
		    "XX";

static const uint32_t label_1[] = {1}, label_2[] = {2};
static struct les_code codes[] = {{"a", 1, label_1}, {"\xc3\x9f", 1, label_2}};
static const float weight[3] = {0.5f, -0.25f, 1}, bias[3] = {1, 2, 3};
static struct les_tensor tensors[] = {{"O_0.lin.weight", 2, {3, 1}, weight},
				      {"O_0.lin.bias", 1, {3}, bias}};
static const struct les_weights net = {
	.kind = LES_NET_RECOGNITION,
	.spec = "[1,1,0,1 O{O_0}1c3]",
	.temperature = 1,
	.precision = "f32",
	.meta = "{}",
	.tensors = tensors,
	.tensors_n = 2,
	.codes = codes,
	.codes_n = 2,
};

static void write_file(const char *name, const struct les_buf *bytes, size_t n)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "wbe");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes->bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* A good file in each format, and one that is cut. */
static int make_files(void **state)
{
	LES_CLEANUP(les_buf_done) struct les_buf new = LES_BUF(1 << 20);
	LES_CLEANUP(les_buf_done) struct les_buf old = LES_BUF(1 << 20);

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(les_safetensors_write(&net, false, &new, NULL), LES_OK);
	assert_int_equal(les_mlmodel_write(&net, &old, NULL), LES_OK);
	write_file("new one.safetensors", &new, new.len);
	write_file("old.mlmodel", &old, old.len);
	write_file("cut.safetensors", &new, new.len - 1);
	write_file("huge.mlmodel", &old, old.len);
	assert_int_equal(chdir(dir) || truncate("huge.mlmodel", LES_MODEL_FILE_BYTES_MAX + 1), 0);
	return 0;
}

static int remove_files(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

/* Runs "lesart model …" in the folder, on its models/; the output, cut at size. */
static void run(const char *arguments, int want_code, char *out, size_t size)
{
	char command[600];
	size_t n;

	snprintf(command, sizeof command, "cd %s && LC_ALL=C '%s' model %s 2>&1", dir, lesart,
		 arguments);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	n = fread(out, 1, size - 1, p);
	out[n] = 0;
	const int status = pclose(p);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != want_code)
		fail_msg("%s: %d: %s", arguments, status, out);
}

static void models_go_in_and_out(void **state)
{
	char out[8192];

	(void)state;
	run("import --models models --script kurrent --licence CC0-1.0 'new one.safetensors'", 0,
	    out, sizeof out);
	assert_non_null(strstr(out, "new-one: recognition, 6 parameters"));
	run("import --models models old.mlmodel --name old", 0, out, sizeof out);
	run("list --models models", 0, out, sizeof out);
	assert_non_null(strstr(out, "new-one"));
	assert_non_null(strstr(out, "old"));
	run("show --models models new-one", 0, out, sizeof out);
	assert_non_null(strstr(out, "[1,1,0,1 O{O_0}1c3]"));
	assert_non_null(strstr(out, "\xc3\x9f"));
	run("verify --models models", 0, out, sizeof out);
	/* the same numbers, whatever they came in */
	run("export --models models new-one a.safetensors", 0, out, sizeof out);
	run("export --models models old b.safetensors", 0, out, sizeof out);
	run("export --models models new-one a.mlmodel", 0, out, sizeof out);
	run("import --models models a.safetensors", 0, out, sizeof out);
	run("import --models models a.mlmodel --name back", 0, out, sizeof out);
	run("export --models models back --f16 c.safetensors", 0, out, sizeof out);
	run("import --models models c.safetensors", 0, out, sizeof out);
	run("show --models models c --json", 0, out, sizeof out);
	json_t *json = json_loads(out, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "stored_as")), "f16");
	assert_int_equal(json_array_size(json_object_get(json, "alphabet")), 2);
	json_decref(json);
	run("show --models models ./models/c", 0, out, sizeof out);
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *arguments, *words;
		int code;
	} rows[] = {
		{"import --models bad cut.safetensors", "lies outside the file", 10},
		{"import --models bad huge.mlmodel", "more than", 13},
		{"import --models bad ../no/such.mlmodel", "no such file", 19},
		{"import --models bad /etc/hostname", "neither a .safetensors nor", 10},
		{"import --models bad old.mlmodel --name ../x", "cannot be a model's name", 2},
		{"import --models bad old.mlmodel --part 2", "one model", 2},
		{"import --models bad old.mlmodel --part 1", "", 0},
		{"import --models bad old.mlmodel", "already", 2},
		{"show --models bad nothing", "no model \"nothing\"", 19},
		{"export --models bad old x.doc", "neither safetensors nor mlmodel", 2},
		{"export --models bad old", "usage:", 2},
		{"import --models bad --part 3 'new one.safetensors'", "has no model 3", 2},
		{"", "usage:", 2},
	};
	char out[8192];

	(void)state;
	for (size_t i = 0; i < LES_COUNT(rows); i++) {
		run(rows[i].arguments, rows[i].code, out, sizeof out);
		if (!strstr(out, rows[i].words))
			fail_msg("%s: %s", rows[i].arguments, out);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_go_in_and_out),
		cmocka_unit_test(what_is_wrong_is_said),
	};
	LES_CLEANUP(les_free_p) char *path = argc == 2 ? realpath(argv[1], NULL) : NULL;

	lesart = path;
	return path ? cmocka_run_group_tests(tests, make_files, remove_files) : 1;
}
