/* lesart-train: pixels and texts in, line images and weights out. Started by lesart with its
 * channel on fd 3. */
#include "base/log.h"
#include "ipc/channel.h"
#include "train/serve.h"

int main(void)
{
	struct les_error error;

	if (les_train_serve(LES_CHANNEL_FD, &error) == LES_OK)
		return 0;
	les_log("error", "trainer-failed", "message", error.message, NULL);
	return 1;
}
