#ifndef LES_TESTS_TRAINER_H
#define LES_TESTS_TRAINER_H

/* What the trainer of the tests does; options.seed says it. */
enum act {
	ACT_GOOD,       /* two epochs, the second better; a checkpoint and a picture */
	ACT_FAIL,       /* says that it cannot */
	ACT_CRASH,      /* a model, then SIGABRT */
	ACT_NO_MODEL,   /* ends well, and has nothing */
	ACT_WAIT,       /* goes on until it is stopped */
	ACT_UNSEALED,   /* a model in memory that still changes */
	ACT_GARBAGE,    /* a model that is none */
	ACT_WRONG_SIZE, /* a model of another size than it says */
	ACT_ABSURD,     /* a report of an epoch that cannot be */
	ACT_UNASKED,    /* line images that nobody asked for */
	ACT_N,
};

#endif
