/* chronyd: the daemon's process around the engine. Options, configuration, account and files in the
 * order in which chrony does them, then the loop of core/linux, then everything back. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/chronyd/environment.h"
#include "applets/chronyd/mail.h"
#include "applets/chronyd/options.h"
#include "core/base/address.h"
#include "core/conf/conf.h"
#include "core/linux/clock.h"
#include "core/linux/conf_reader.h"
#include "core/linux/daemon.h"
#include "core/linux/files.h"
#include "core/linux/host.h"
#include "core/linux/log_sink.h"
#include "core/linux/privileges.h"
#include "core/linux/seccomp.h"

static const char usage[] =
    "Usage: chronyd [OPTION]... [CONFIGURATION-LINE]...\n"
    "Keep the clock right from NTP servers, and serve the time.\n"
    "Lines given as arguments replace the configuration file.\n\n"
    "  -4, -6      IPv4 or IPv6 only\n"
    "  -f FILE     configuration file (/etc/chrony.conf, /etc/chrony/chrony.conf)\n"
    "  -n          stay in the foreground\n"
    "  -d          stay in the foreground, log to standard error; twice: debug messages\n"
    "  -l FILE     log to FILE\n"
    "  -L LEVEL    least severity to log: 0 information, 1 warning, 2 error, 3 fatal\n"
    "  -p          print the configuration and exit\n"
    "  -q          set the clock once and exit\n"
    "  -Q          print the clock's offset once and exit\n"
    "  -t SECONDS  exit after that time\n"
    "  -x          leave the clock alone, serve the corrected time\n"
    "  -r          reload measurements of an earlier run\n"
    "  -R          a restart: no initial step or slew\n"
    "  -s          move the clock on to the driftfile's date first\n"
    "  -u USER     account to run as: name, UID or UID:GID\n"
    "  -U          do not insist on being root\n"
    "  -F LEVEL    system call filter: 1 allows what is needed, 2 forbids the worst\n"
    "  -P PRIO     real-time priority, 0 to 99\n"
    "  -m          lock into memory\n"
    "  -N FD       write a newline to FD once running\n"
    "  -v          print the version and exit\n"
    "  -h          print this help and exit\n";

#define FEATURES "+CMDMON -REFCLOCK -RTC +PRIVDROP +SCFILTER -SIGND -NTS +SECHASH +IPV6 -DEBUG"

#define RUN_DIRECTORY   "/run/chrony"
#define STATE_DIRECTORY "/var/lib/chrony"
#define LOG_DIRECTORY   "/var/log/chrony"
#define MAX_PRIORITY    99
#define FIRST_FREE_PORT 1024
#define AT_ONCE         1e-9 /* s: -t 0 is a time, the engine's 0 is none */

/* When this source was made, s since 1970, from scripts/build-date: no clock is right that says
 * less. 0, also where clocks are simulated: any may be. */
#ifndef BUILD_DATE
#define BUILD_DATE 0
#endif

static const char *const config_paths[] = {"/etc/chrony.conf", "/etc/chrony/chrony.conf"};

/* The directory counts only where it can be written: see read_builtin(). */
static const char *const builtin_lines[] = {"pool pool.ntp.org iburst", "makestep 1.0 3", "rtcsync",
                                            "driftfile " STATE_DIRECTORY "/chrony.drift"};

/* Of the whole process: a signal knows nothing else. */
static struct linux_signals signals;
static volatile sig_atomic_t started; /* there is something to be cleaned up */

/* One run, from the options to the exit status. */
struct chronyd {
    struct chronyd_options options;
    struct log_sink sink;
    struct log log;
    struct config *config;
    struct account account;
    int inherited;       /* sockets of the service manager */
    const char *pidfile; /* written, to be removed; NULL = none */
    struct linux_host *host;
};

static void take_stop(int number) {
    if (!started)
        _exit(0);
    signals.stop = number;
    alarm(1); /* see core/linux/loop.c */
}

static void take_alarm(int number) {
    (void)number;
}

static void take_child(int number) {
    (void)number;
    signals.child = 1;
}

static void handle(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* The kernel drops signals to process 1 that it has no handler for: this comes first of all. */
static void handle_signals(void) {
    static const int stops[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};

    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++)
        handle(stops[i], take_stop);
    handle(SIGALRM, take_alarm);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGCHLD, take_child); /* mail, and the orphans of process 1 */
}

static bool in_foreground(const struct chronyd_options *options) {
    return options->debug > 0 || options->syslog_foreground || options->set_once ||
           options->print_once || options->print_config;
}

static bool open_log(struct chronyd *daemon) {
    const struct chronyd_options *options = &daemon->options;
    struct log_sink *sink = &daemon->sink;
    int level = options->log_level;

    if (level < LOG_DEBUG_LEVEL || options->debug > 1)
        level = LOG_DEBUG_LEVEL;
    if (level > LOG_FATAL_LEVEL)
        level = LOG_FATAL_LEVEL;
    if (options->print_config && level < LOG_WARNING_LEVEL)
        level = LOG_WARNING_LEVEL;
    sink->threshold = (enum log_level)level;
    if (options->log_file && !log_sink_open_file(sink, options->log_file)) {
        log_fatal(&daemon->log, "Could not open %s : %s", options->log_file, strerror(errno));
        return false;
    }
    if (!options->log_file &&
        !(options->debug || options->set_once || options->print_once || options->print_config) &&
        !log_sink_open_syslog(sink))
        log_sink_keep_stderr(sink);
    return true;
}

static void print_line(void *context, const char *line) {
    (void)context;
    puts(line);
}

/* -Q opens nothing unless the configuration says so. */
static void close_by_default(struct config *config) {
    config->port = 0;
    config->command_port = 0;
    free(config->bind_command_path);
    config->bind_command_path = strdup("");
    free(config->pid_file);
    config->pid_file = strdup("/");
}

static bool read_lines(struct conf *conf, char *const *lines, int count) {
    for (int i = 0; i < count; i++)
        if (!conf_parse_line(conf, lines[i], NULL, i + 1))
            return false;
    return true;
}

static bool read_builtin(struct conf *conf) {
    int count = (int)(sizeof builtin_lines / sizeof builtin_lines[0]);

    if (access(STATE_DIRECTORY, W_OK) < 0)
        count--;
    log_info(conf->log, "No %s or %s: built-in configuration, client of pool.ntp.org",
             config_paths[0], config_paths[1]);
    for (int i = 0; i < count; i++)
        if (!conf_parse_line(conf, builtin_lines[i], NULL, i + 1))
            return false;
    return true;
}

static bool read_sources_of_config(struct conf *conf, struct chronyd_options *options) {
    if (options->line_count > 0)
        return read_lines(conf, options->lines, options->line_count);
    if (options->config_file)
        return conf_parse_file(conf, options->config_file);
    for (size_t i = 0; i < sizeof config_paths / sizeof config_paths[0]; i++)
        if (access(config_paths[i], F_OK) == 0)
            return conf_parse_file(conf, config_paths[i]);
    return process_in_container() ? environment_read(conf, options) : read_builtin(conf);
}

/* The command line's word over the file's, and defaults that depend on where we run. */
static void complete_config(struct chronyd *daemon) {
    struct config *config = daemon->config;
    const struct chronyd_options *options = &daemon->options;

    config->lock_all = config->lock_all || options->lock_memory;
    if (options->priority != 0)
        config->sched_priority = options->priority;
    if (options->user) {
        free(config->user);
        config->user = strdup(options->user);
    }
    if (!config->user)
        config->user = strdup("root");
    if (!config->bind_command_path)
        config->bind_command_path = strdup(RUN_DIRECTORY "/chronyd.sock");
    if (!config->pid_file)
        config->pid_file = strdup(RUN_DIRECTORY "/chronyd.pid");
    /* Commands over the network are for those who ask for them. */
    if (config->bind_command_address4.family == ADDRESS_NONE)
        address_parse("127.0.0.1", &config->bind_command_address4);
    if (config->bind_command_address6.family == ADDRESS_NONE)
        address_parse("::1", &config->bind_command_address6);
}

static bool read_config(struct chronyd *daemon) {
    struct conf conf = {.config = daemon->config,
                        .reader = &linux_conf_reader,
                        .log = &daemon->log,
                        .print_line = daemon->options.print_config ? print_line : NULL};

    config_set_defaults(daemon->config);
    if (daemon->options.print_once)
        close_by_default(daemon->config);
    if (!read_sources_of_config(&conf, &daemon->options) ||
        (!daemon->options.print_config && !conf_check(&conf))) {
        log_fatal(&daemon->log, "%s", conf.error);
        return false;
    }
    if (daemon->options.print_config)
        return true;
    if (daemon->options.log_level > (int)daemon->sink.threshold)
        daemon->sink.threshold = LOG_INFO_LEVEL + (enum log_level)daemon->options.log_level;
    complete_config(daemon);
    if (daemon->config->sched_priority < 0 || daemon->config->sched_priority > MAX_PRIORITY) {
        log_fatal(&daemon->log, "Bad scheduler priority: %d", daemon->config->sched_priority);
        return false;
    }
    return true;
}

static bool is_path(const char *path) {
    return path && path[0] != '\0' && strcmp(path, "/") != 0;
}

static bool has_pidfile(const struct config *config) {
    return is_path(config->pid_file);
}

static bool check_pidfile(const struct chronyd *daemon) {
    const char *path = daemon->config->pid_file;
    pid_t owner = has_pidfile(daemon->config) ? pidfile_owner(path) : 0;

    if (owner > 0)
        log_fatal(&daemon->log, "Another chronyd may already be running (pid=%d), check %s",
                  (int)owner, path);
    return owner == 0;
}

/* Only root can become someone else; for anybody else the name makes no difference. */
static bool find_account(struct chronyd *daemon) {
    if (geteuid() == 0 && !account_find(daemon->config->user, &daemon->account)) {
        log_fatal(&daemon->log, "Could not get user/group ID of %s", daemon->config->user);
        return false;
    }
    if (geteuid() != 0)
        daemon->account = (struct account){geteuid(), getegid()};
    return true;
}

static bool same_directory(const char *a, const char *b) {
    size_t length = (size_t)(strrchr(a, '/') ? strrchr(a, '/') - a : 0);

    return strncmp(a, b, length) == 0 && b[length] == '/' && !strchr(b + length + 1, '/');
}

/* A directory that cannot be made is said in the log, once, and felt where it is used. */
static void make_directories(const struct chronyd *daemon) {
    const struct config *config = daemon->config;
    const struct account *account = &daemon->account;
    bool once = daemon->options.set_once || daemon->options.print_once;
    const char *socket = is_path(config->bind_command_path) ? config->bind_command_path : "";
    const char *const files[] = {config->pid_file, once ? NULL : config->drift_file};
    const char *const directories[] = {config->log_dir, config->dump_dir, config->nts_dump_dir};

    if (*socket)
        directory_make_parent(&daemon->log, socket, 0770, account->uid, account->gid);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (is_path(files[i]) && !(*socket && same_directory(socket, files[i])))
            directory_make_parent(&daemon->log, files[i], 0750, account->uid, account->gid);
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        if (is_path(directories[i]))
            directory_make(&daemon->log, directories[i], 0750, account->uid, account->gid);
}

/* In a container they are volumes, and whoever made those knew no accounts. What cannot be put
 * right is felt where it is used. */
static void own_directories(const struct account *account) {
    uid_t uid = account->uid;
    gid_t gid = account->gid;

    if (uid == geteuid() || !process_in_container())
        return;
    if ((chown(RUN_DIRECTORY, uid, gid) | chown(STATE_DIRECTORY, uid, gid) |
         chown(LOG_DIRECTORY, uid, gid)) < 0)
        return;
}

static bool write_pidfile(struct chronyd *daemon) {
    const char *path = daemon->config->pid_file;

    if (!has_pidfile(daemon->config))
        return true;
    if (pidfile_write(path)) {
        daemon->pidfile = path;
        return true;
    }
    if (process_in_container())
        return true; /* nobody misses it there */
    log_fatal(&daemon->log, "Could not open %s : %s", path, strerror(errno));
    return false;
}

/* -s, for a machine whose own clock does not run while it is off. The driftfile was written when
 * the clock was last known to be right, so it is no later than that. */
static void restore_time(const struct chronyd *daemon) {
    const char *drift_file = daemon->config->drift_file;

    if (!daemon->options.set_from_rtc)
        return;
    log_warning(&daemon->log, "-s : the real-time clock is not read yet");
    if (!daemon->host->host.clock_control)
        return;
    if (system_clock_advance(BUILD_DATE * NS_PER_S))
        log_info(&daemon->log, "System time moved on to the build date");
    if (drift_file && system_clock_advance(file_modified(drift_file)))
        log_info(&daemon->log, "System time restored from driftfile");
}

/* After root is gone: the socket's directory has to be that of the account. */
static void check_socket_directory(struct chronyd *daemon) {
    struct config *config = daemon->config;

    if (!is_path(config->bind_command_path) ||
        directory_is_private(&daemon->log, config->bind_command_path, geteuid(), getegid()))
        return;
    log_warning(&daemon->log, "Disabled command socket %s", config->bind_command_path);
    config->bind_command_path[0] = '\0';
}

static bool is_privileged(int port) {
    return port > 0 && port < FIRST_FREE_PORT;
}

/* A container's volumes have the owners and modes that its engine gives them, and nobody else is in
 * there: it is enough that we can write. */
static void check_volume(struct chronyd *daemon, const char *what, char **path) {
    if (!is_path(*path) || directory_is_writable(*path))
        return;
    log_warning(&daemon->log, "Disabled %s %s; add a volume there, uid=%d,gid=%d,mode=750", what,
                *path, (int)geteuid(), (int)getegid());
    free(*path);
    *path = NULL;
}

static bool set_process(struct chronyd *daemon) {
    const struct config *config = daemon->config;
    bool keep_ports = is_privileged(config->port) || is_privileged(config->command_port) ||
                      is_privileged(config->acquisition_port);

    if (config->key_file)
        daemon->host->secret = file_read_secret(&daemon->log, config->key_file);
    privileges_set_priority(&daemon->log, config->sched_priority);
    if (config->lock_all)
        privileges_lock_memory(&daemon->log);
    if (!privileges_drop(&daemon->log, &daemon->account, daemon->host->host.clock_control,
                         keep_ports))
        return false;
    if (geteuid() == 0)
        log_warning(&daemon->log, "Running with root privileges");
    else if (config->key_file)
        file_check_secret(&daemon->log, config->key_file);
    if (process_in_container()) {
        check_volume(daemon, "command socket", &daemon->config->bind_command_path);
        check_volume(daemon, "driftfile", &daemon->config->drift_file);
    } else {
        check_socket_directory(daemon);
    }
    return true;
}

/* Whoever waits for us to run is told. */
static void say_ready(void *owner) {
    struct chronyd *daemon = owner;

    if (daemon->sink.launcher >= 0)
        daemon_started(&daemon->sink.launcher);
    if (daemon->options.ready_descriptor >= 0) {
        file_write(daemon->options.ready_descriptor, "\n", 1);
        close(daemon->options.ready_descriptor);
    }
    if (!service_notify(&daemon->log, "READY=1"))
        daemon->host->host.stop(daemon->host, 1);
    daemon_forget_start();
}

static void send_mail(void *owner, double offset) {
    const struct chronyd *daemon = owner;

    mail_change(&daemon->log, daemon->config->mail_on_change_address, offset,
                daemon->config->mail_on_change_threshold);
}

static void start_host(struct chronyd *daemon) {
    struct linux_options options = {
        .log = daemon->log,
        .signals = &signals,
        .control_clock = !daemon->options.no_clock_control && !daemon->options.print_once,
        .log_dir = daemon->config->log_dir,
        .workers =
            daemon->options.set_once || daemon->options.print_once ? 0 : daemon->config->workers,
        .inherited = daemon->inherited,
        .ready = say_ready,
        .mail_change = send_mail,
        .owner = daemon,
    };

    linux_host_init(daemon->host, &options);
    if (!daemon->host->host.clock_control)
        log_info(&daemon->log, "Disabled control of system clock");
}

static struct engine *start_engine(const struct chronyd *daemon) {
    const struct chronyd_options *options = &daemon->options;
    struct engine_options engine_options = {
        .mode = options->print_once ? ENGINE_PRINT_ONCE
                : options->set_once ? ENGINE_SET_ONCE
                                    : ENGINE_DAEMON,
        .timeout = options->timeout == 0 ? AT_ONCE : options->timeout,
        .restarted = options->restarted,
        .reload_dumps = options->reload_dumps,
        .family = options->ipv4   ? ADDRESS_IPV4
                  : options->ipv6 ? ADDRESS_IPV6
                                  : ADDRESS_NONE,
        .initial_precision = system_clock_precision(),
        .earliest = BUILD_DATE * NS_PER_S,
    };

    return engine_new(daemon->config, &engine_options, &daemon->host->host);
}

/* The last step of the start: what comes after it is the daemon's daily work. */
static bool load_filter(const struct chronyd *daemon) {
    int level = daemon->options.filter_level;

    if (level != 0 && daemon->config->mail_on_change_address) {
        log_fatal(&daemon->log, "mailonchange directive cannot be used with -F enabled");
        return false;
    }
    return seccomp_load(&daemon->log, level);
}

/* Files of sources that are no longer configured would be believed when they come back. With -r the
 * engine has the first word; what it left goes at the end, before it writes its own. */
static void forget_dumps(const struct chronyd *daemon) {
    if (is_path(daemon->config->dump_dir) && !daemon->options.set_once &&
        !daemon->options.print_once)
        directory_forget_dumps(&daemon->log, daemon->config->dump_dir);
}

/* Clients are allowed, and none can be heard: chrony's would go on, a server that serves nobody. In
 * a container somebody else can start us better. */
static bool serves_nobody(const struct chronyd *daemon, const struct engine *engine) {
    int reason = daemon->host->sockets.server_error;

    if (!engine_is_deaf(engine) || !process_in_container())
        return false;
    log_fatal(&daemon->log, "Nobody can be served : %s%s", strerror(reason),
              reason == EACCES       ? "; add --sysctl net.ipv4.ip_unprivileged_port_start=0"
              : reason == EADDRINUSE ? "; stop what has the port"
                                     : "");
    return true;
}

static int serve(struct chronyd *daemon) {
    struct engine *engine;
    int status;

    start_host(daemon);
    restore_time(daemon);
    if (!set_process(daemon))
        return 1;
    if (!daemon->options.reload_dumps)
        forget_dumps(daemon);
    engine = start_engine(daemon);
    if (!engine || serves_nobody(daemon, engine) || !load_filter(daemon))
        return 1;
    status = linux_host_run(daemon->host, engine);
    service_notify(&daemon->log, "STOPPING=1");
    log_info(&daemon->log, "chronyd exiting");
    forget_dumps(daemon);
    engine_free(engine);
    linux_host_close(daemon->host);
    if (daemon->pidfile)
        file_remove(&daemon->log, daemon->pidfile);
    return status;
}

static int run(struct chronyd *daemon) {
    if (!open_log(daemon))
        return 1;
    log_info(&daemon->log, "chronyd version %s starting (%s)", CHRONY_VERSION, FEATURES);
    if (!read_config(daemon))
        return 1;
    if (daemon->options.print_config)
        return 0;
    if (!check_pidfile(daemon) || !find_account(daemon))
        return 1;
    started = 1;
    make_directories(daemon);
    own_directories(&daemon->account);
    return write_pidfile(daemon) ? serve(daemon) : 1;
}

/* chrony's rule, but for those who do not mean the clock at all, and for a container that has no
 * root. */
static bool may_run(const struct chronyd_options *options) {
    return getuid() == 0 || options->any_user || options->print_once || options->print_config ||
           options->no_clock_control || process_in_container();
}

int chronyd_main(int argc, char **argv) {
    struct chronyd daemon = {.pidfile = NULL};
    enum options_result result;
    const char *culprit;
    int status = 1;

    handle_signals();
    daemon.inherited = service_sockets();      /* before we open anything */
    prctl(PR_SET_NAME, "chronyd", 0L, 0L, 0L); /* pidfile_owner() of the next one looks for it */
    log_sink_init(&daemon.sink);
    daemon.log = log_sink_log(&daemon.sink);
    result = options_parse(&daemon.options, argc, argv, &culprit);
    switch (result) {
    case OPTIONS_UNKNOWN:
    case OPTIONS_NO_VALUE:
        fprintf(stderr, "chronyd: %s -- '%c'\n",
                result == OPTIONS_UNKNOWN ? "invalid option" : "option requires an argument",
                *culprit);
        fputs(usage, stdout);
        return 1;
    case OPTIONS_BAD_NUMBER:
        log_fatal(&daemon.log, "Invalid argument %s", culprit);
        return 1;
    default:
        break;
    }
    if (daemon.options.help || daemon.options.version) {
        if (daemon.options.help)
            fputs(usage, stdout);
        else
            puts("chronyd (chrony) version " CHRONY_VERSION " (" FEATURES ")");
        return 0;
    }
    if (!may_run(&daemon.options)) {
        log_fatal(&daemon.log, "Not superuser");
        return 1;
    }
    if (!in_foreground(&daemon.options) && !daemon_start(&daemon.sink.launcher, &status))
        return status;
    daemon.config = calloc(1, sizeof *daemon.config);
    daemon.host = calloc(1, sizeof *daemon.host);
    if (daemon.config && daemon.host)
        status = run(&daemon);
    if (daemon.config)
        config_free(daemon.config);
    free(daemon.config);
    free(daemon.host);
    return status;
}
