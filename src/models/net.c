#include "models/net.h"

#include "ipc/weights.h"
#include "types/limits.h"

enum les_kind les_net_file_open(int fd, bool verify, struct les_net_file *ret,
				struct les_error *reterr)
{
	struct les_net_file net = {.arena = LES_ARENA(LES_WEIGHTS_TABLES_BYTES_MAX)};
	enum les_kind kind = les_view_open(fd, LES_WEIGHTS_BYTES_MAX, &net.view, reterr);

	if (kind == LES_OK)
		kind = les_weights_parse(net.view.bytes, net.view.n, &net.arena, &net.weights,
					 reterr);
	if (kind == LES_OK && verify)
		kind = les_weights_verify(net.view.bytes, net.view.n, &net.weights, reterr);
	if (kind == LES_OK)
		*ret = net;
	else
		les_net_file_done(&net);
	return kind;
}

void les_net_file_done(struct les_net_file *net)
{
	les_arena_done(&net->arena);
	les_view_close(&net->view);
}

uint64_t les_net_parameters(const struct les_weights *weights)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < weights->tensors_n; i++)
		n += les_tensor_values(&weights->tensors[i]);
	return n;
}
