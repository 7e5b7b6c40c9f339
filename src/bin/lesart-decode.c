/* lesart-decode: hostile bytes in, pages out. Started by lesart with its channel on fd 3.
 *
 * Our sources are Apache-2.0; this binary links poppler and is therefore, as a whole,
 * GPL-3.0-only. */
#include "base/log.h"
#include "decode/serve.h"
#include "ipc/channel.h"

int main(void)
{
	struct les_error error;

	if (les_decode_serve(LES_CHANNEL_FD, &error) == LES_OK)
		return 0;
	les_log("error", "decoder-failed", "message", error.message, NULL);
	return 1;
}
