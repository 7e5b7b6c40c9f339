/* Right-to-left text through FriBidi. The only file that knows it. */
#include "recognise/bidi.h"

#include "base/cleanup.h"

#include <fribidi.h>
#include <stdlib.h>
#include <string.h>

static bool has_rtl(const FriBidiCharType *types, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (FRIBIDI_IS_RTL(types[i]))
			return true;
	return false;
}

struct memory {
	FriBidiCharType *types;
	FriBidiBracketType *brackets;
	FriBidiLevel *levels;
	FriBidiStrIndex *map;
};

static void memory_done(struct memory *m)
{
	free(m->types);
	free(m->brackets);
	free(m->levels);
	free(m->map);
}

static enum les_kind reorder(struct memory *m, uint32_t *text, uint32_t n, uint32_t *order,
			     bool *ret_rtl)
{
	const FriBidiStrIndex length = (FriBidiStrIndex)n;
	FriBidiParType base = FRIBIDI_PAR_ON;

	fribidi_get_bracket_types(text, length, m->types, m->brackets);
	if (fribidi_get_par_embedding_levels_ex(m->types, m->brackets, length, &base, m->levels) ==
	    0)
		return LES_NOMEM;
	fribidi_shape_mirroring(m->levels, length, text);
	for (uint32_t i = 0; i < n; i++)
		m->map[i] = (FriBidiStrIndex)i;
	if (fribidi_reorder_line(FRIBIDI_FLAGS_DEFAULT, m->types, length, 0, base, m->levels, NULL,
				 m->map) == 0)
		return LES_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		order[i] = (uint32_t)m->map[i];
	*ret_rtl = FRIBIDI_IS_RTL(base);
	return LES_OK;
}

enum les_kind les_bidi_logical(uint32_t *text, uint32_t n, uint32_t *order, bool *ret_rtl,
			       struct les_error *reterr)
{
	LES_CLEANUP(memory_done)
	struct memory m = {.types = malloc((n ? n : 1) * sizeof *m.types)};

	*ret_rtl = false;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	if (m.types && n)
		fribidi_get_bidi_types(text, (FriBidiStrIndex)n, m.types);
	if (m.types && (n == 0 || !has_rtl(m.types, n)))
		return LES_OK;
	m.brackets = malloc(n * sizeof *m.brackets);
	m.levels = malloc(n * sizeof *m.levels);
	m.map = malloc(n * sizeof *m.map);
	enum les_kind kind = m.types && m.brackets && m.levels && m.map
				     ? reorder(&m, text, n, order, ret_rtl)
				     : LES_NOMEM;
	if (kind != LES_OK)
		return les_fail(reterr, kind, "no memory to put a line into reading order");
	return LES_OK;
}
