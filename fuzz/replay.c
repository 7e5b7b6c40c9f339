/* Runs a target over the files of its corpus, and over what is near them: cut short and with single
 * bytes changed. Needs no fuzzer. usage: NAME CORPUS-FOLDER */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NEIGHBOURS = 200 };

/* Each run gets bytes of exactly their length, so that a sanitizer sees one read too far. */
static void feed(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		exit(1);
	if (n)
		memcpy(copy, bytes, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void feed_neighbours(uint8_t *bytes, size_t n)
{
	const size_t step = n / NEIGHBOURS + 1;

	for (size_t i = 0; i < n; i += step) {
		const uint8_t kept = bytes[i];
		feed(bytes, i);
		bytes[i] ^= 0xff;
		feed(bytes, n);
		bytes[i] = kept ^ 1;
		feed(bytes, n);
		bytes[i] = kept;
	}
}

static int replay(const char *path)
{
	struct stat st;
	FILE *file = fopen(path, "rb");

	if (!file || fstat(fileno(file), &st) != 0)
		return 0;
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	if (S_ISREG(st.st_mode) && bytes &&
	    fread(bytes, 1, (size_t)st.st_size, file) == (size_t)st.st_size) {
		feed(bytes, (size_t)st.st_size);
		feed_neighbours(bytes, (size_t)st.st_size);
	}
	free(bytes);
	fclose(file);
	return S_ISREG(st.st_mode);
}

int main(int argc, char **argv)
{
	DIR *dir = opendir(argc > 1 ? argv[1] : "");
	int files_n = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
		files_n += replay(path);
	}
	if (dir)
		closedir(dir);
	printf("%d files replayed\n", files_n);
	return files_n ? 0 : 1;
}
