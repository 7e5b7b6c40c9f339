/* lesart-read: pages → lines and text by neural nets. Its argument is the number of threads. Like
 * lesart-tesseract it is confined before the first page arrives, but it may make code: oneDNN
 * does. */
#include "confine/confine.h"
#include "confine/files.h"
#include "recognise/neural.h"
#include "types/limits.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* A page fault is dear on virtual machines, and pages are of like size: what was freed is kept. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_ARENA_MAX, 2);
}

static uint32_t threads_of(int argc, char **argv)
{
	const unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;

	return n < 1 ? 1 : n > LES_THREADS_MAX ? LES_THREADS_MAX : (uint32_t)n;
}

int main(int argc, char **argv)
{
	struct les_session session = {LES_ROLE_READ, LES_STATE_STARTING};
	const uint32_t landlock_abi = les_landlock_abi();
	struct les_error error;

	keep_memory();
	if (les_confine_files(session.role, &error) != LES_OK ||
	    les_neural_warm_up(threads_of(argc, argv), &error) != LES_OK ||
	    les_confine_calls(session.role, &error) != LES_OK) {
		fprintf(stderr, "lesart-read: %s\n", error.message);
		return 1;
	}
	les_files_seal();
	return les_recogniser_serve(&les_engine_neural, &session, LES_CHANNEL_FD, landlock_abi);
}
