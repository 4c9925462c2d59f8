/* Impossible states end the program, in release builds too, with the location. */
#ifndef CHRONOBOX_BASE_CHECK_H
#define CHRONOBOX_BASE_CHECK_H

_Noreturn void check_failed(const char *file, int line, const char *condition);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#endif
