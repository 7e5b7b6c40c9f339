#include "lines/tensor.h"

#include "lines/dewarp.h"

enum les_kind les_line_tensor(const struct les_image *line, const struct les_input_spec *spec,
			      bool dewarp, struct les_input *ret, struct les_error *reterr)
{
	LES_CLEANUP(les_bitmap_done) struct les_bitmap grey = {0}, straight = {0};
	enum les_kind kind;

	if (!dewarp || spec->channels != 1 || spec->h_px <= 1 || spec->w_px != 0)
		return les_input_from_image(line, spec, ret, reterr);
	if ((kind = les_bitmap_copy(line, 1, &grey, reterr)))
		return kind;
	const struct les_image view = les_bitmap_view(&grey);
	if ((kind = les_line_dewarp(&view, spec->h_px, &straight, reterr)))
		return kind;
	const struct les_image resized = les_bitmap_view(&straight);
	return les_input_from_resized(&resized, spec->pad_px, ret, reterr);
}
