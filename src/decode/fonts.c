#include "decode/fonts.h"

#include "base/cleanup.h"
#include "confine/files.h"

#include <fontconfig/fontconfig.h>

#define URW "/usr/share/fonts/opentype/urw-base35/"
#define DEJAVU "/usr/share/fonts/truetype/dejavu/"

/* The 14 fonts that every PDF reader must have, as metric twins, and one with many scripts. */
static const struct font {
	const char *path, *package;
} fonts[] = {
	{URW "NimbusRoman-Regular.otf", "fonts-urw-base35"},
	{URW "NimbusRoman-Bold.otf", "fonts-urw-base35"},
	{URW "NimbusRoman-Italic.otf", "fonts-urw-base35"},
	{URW "NimbusRoman-BoldItalic.otf", "fonts-urw-base35"},
	{URW "NimbusSans-Regular.otf", "fonts-urw-base35"},
	{URW "NimbusSans-Bold.otf", "fonts-urw-base35"},
	{URW "NimbusSans-Italic.otf", "fonts-urw-base35"},
	{URW "NimbusSans-BoldItalic.otf", "fonts-urw-base35"},
	{URW "NimbusMonoPS-Regular.otf", "fonts-urw-base35"},
	{URW "NimbusMonoPS-Bold.otf", "fonts-urw-base35"},
	{URW "NimbusMonoPS-Italic.otf", "fonts-urw-base35"},
	{URW "NimbusMonoPS-BoldItalic.otf", "fonts-urw-base35"},
	{URW "StandardSymbolsPS.otf", "fonts-urw-base35"},
	{URW "D050000L.otf", "fonts-urw-base35"},
	{DEJAVU "DejaVuSans.ttf", "fonts-dejavu-core"},
};

/* The names that PDFs use for fonts they do not bring, then what any other name falls back to. */
#define ALIAS(name, font)                                                                          \
	"<alias binding='same'><family>" name "</family><prefer><family>" font                     \
	"</family></prefer></alias>"

static const char config_xml[] = {"<?xml version='1.0'?><fontconfig>"                         //
				  ALIAS("Times", "Nimbus Roman")                              //
				  ALIAS("Times New Roman", "Nimbus Roman")                    //
				  ALIAS("Times-Roman", "Nimbus Roman")                        //
				  ALIAS("TimesNewRoman", "Nimbus Roman")                      //
				  ALIAS("TimesNewRomanPSMT", "Nimbus Roman")                  //
				  ALIAS("serif", "Nimbus Roman")                              //
				  ALIAS("Helvetica", "Nimbus Sans")                           //
				  ALIAS("Arial", "Nimbus Sans")                               //
				  ALIAS("ArialMT", "Nimbus Sans")                             //
				  ALIAS("sans-serif", "Nimbus Sans")                          //
				  ALIAS("Courier", "Nimbus Mono PS")                          //
				  ALIAS("Courier New", "Nimbus Mono PS")                      //
				  ALIAS("CourierNew", "Nimbus Mono PS")                       //
				  ALIAS("CourierNewPSMT", "Nimbus Mono PS")                   //
				  ALIAS("monospace", "Nimbus Mono PS")                        //
				  ALIAS("Symbol", "Standard Symbols PS")                      //
				  ALIAS("ZapfDingbats", "D050000L")                           //
				  "<match target='pattern'>"                                  //
				  "<edit name='family' mode='append_last'>"                   //
				  "<string>Nimbus Roman</string><string>DejaVu Sans</string>" //
				  "</edit></match></fontconfig>"};

enum les_kind les_fonts_open(struct les_error *reterr)
{
	FcConfig *config = FcConfigCreate();

	if (!config || !FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)config_xml, FcTrue))
		return les_fail(reterr, LES_NOMEM, "fontconfig does not take its configuration");
	for (size_t i = 0; i < LES_COUNT(fonts); i++) {
		struct les_error why;
		if (les_files_add(fonts[i].path, &why) != LES_OK)
			return les_fail(reterr, LES_UNAVAILABLE, "%s: install %s", why.message,
					fonts[i].package);
		if (!FcConfigAppFontAddFile(config, (const FcChar8 *)fonts[i].path))
			return les_fail(reterr, LES_UNAVAILABLE, "%s is not a font: install %s",
					fonts[i].path, fonts[i].package);
	}
	if (!FcConfigSetCurrent(config))
		return les_fail(reterr, LES_NOMEM, "fontconfig does not take its configuration");
	FcConfigDestroy(config); /* the current one keeps a reference of its own */
	return LES_OK;
}
