/* lesart-train: pixels and texts in, line images and weights out. Started by lesart with its
 * channel on fd 3. */
#include "base/log.h"
#include "ipc/channel.h"
#include "train/serve.h"
#include "types/limits.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const int threads_n = argc > 1 ? atoi(argv[1]) : 0;
	struct les_error error;

	/* a fresh page is dear: what was had once is kept */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	if (threads_n < 0 || threads_n > (int)LES_THREADS_MAX)
		return 1;

	if (les_train_serve(LES_CHANNEL_FD, (uint32_t)threads_n, &error) == LES_OK)
		return 0;
	les_log("error", "trainer-failed", "message", error.message, NULL);
	return 1;
}
