/* Mail about a change of the clock (mail.h), in the words that chrony's has. Two children: one is
 * sendmail, the other writes to it, so that the daemon never waits for either. No shell: the
 * address is only ever a line of the mail. They come by _Fork(): nothing that they call takes a
 * lock in core/libc, which a lookup's thread could hold. */
#include "applets/chronyd/mail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "applets/tools/tool.h"

static const char *const programs[] = {"/usr/lib/sendmail", "/usr/sbin/sendmail"};

static void write_mail(const char *address, double offset, double threshold) {
    struct timespec now;
    struct utsname host;

    uname(&host);
    clock_gettime(CLOCK_REALTIME, &now);
    printf("To: %s\nSubject: chronyd reports change to system clock on node [%s]\n\n", address,
           host.nodename);
    tool_print_time(stdout, "On %A, %d %B %Y\n  with the system clock reading %H:%M:%S (%Z)\n\n",
                    &now);
    printf("chronyd started to apply an adjustment of %.3f seconds to it,\n"
           "  which exceeded the reporting threshold of %.3f seconds\n\n",
           offset, threshold);
    fflush(stdout);
}

static void send_mail(const char *program, const char *address, double offset, double threshold) {
    char *const arguments[] = {"sendmail", "-t", NULL};
    int ends[2];

    signal(SIGPIPE, SIG_DFL);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    switch (_Fork()) {
    case 0:
        dup2(ends[0], STDIN_FILENO);
        execve(program, arguments, environ);
        break;
    case -1:
        break;
    default:
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        write_mail(address, offset, threshold);
    }
}

void mail_change(const struct log *log, const char *address, double offset, double threshold) {
    const char *program = programs[access(programs[0], X_OK) < 0];
    pid_t child = -1;

    if (access(program, X_OK) == 0 && (child = _Fork()) == 0) {
        send_mail(program, address, offset, threshold);
        _exit(0);
    }
    if (child < 0)
        log_error(log, "Could not send mail to %s : %s : %s", address, program, strerror(errno));
}
