/* lesart-tesseract: pages → lines and text of print, confined before the first page arrives. */
#include "confine/confine.h"
#include "confine/files.h"
#include "recognise/engine.h"

#include <stdio.h>

int main(void)
{
	struct les_session session = {LES_ROLE_TESSERACT, LES_STATE_STARTING};
	const uint32_t landlock_abi = les_landlock_abi();
	struct les_error error;

	if (les_confine_files(session.role, &error) != LES_OK ||
	    les_confine_calls(session.role, &error) != LES_OK) {
		fprintf(stderr, "lesart-tesseract: %s\n", error.message);
		return 1;
	}
	les_files_seal();
	return les_recogniser_serve(&les_engine_tesseract, &session, LES_CHANNEL_FD, landlock_abi);
}
