#ifndef LES_CLI_CLI_H
#define LES_CLI_CLI_H

/* One file per subcommand. argv[0] is the subcommand's name. Each returns the exit code of the
 * process (base/error.h: les_kind_info()->exit_code; 1: some files or pages failed). */
int les_cli_read(int argc, char **argv);
int les_cli_model(int argc, char **argv);
int les_cli_eval(int argc, char **argv);
int les_cli_serve(int argc, char **argv);
int les_cli_segtrain(int argc, char **argv);
int les_cli_train(int argc, char **argv);
int les_cli_health(int argc, char **argv);
int les_cli_doctor(int argc, char **argv);

#endif
