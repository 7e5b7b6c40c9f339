#ifndef LES_CLI_CHECK_H
#define LES_CLI_CHECK_H

#include "jobs/survey.h"

/* A survey to standard output: for people, or one JSON document. */
void les_check_print_text(const struct les_survey *survey, double seconds);
void les_check_print_json(const struct les_survey *survey, double seconds);

/* Whether there is anything to learn from, and all of it was sound: 0, else 1. */
int les_check_exit(const struct les_survey *survey);

#endif
