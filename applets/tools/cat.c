/* cat: prints files, one behind the other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/tools/tool.h"

static const char usage[] = "cat [FILE]...\n"
                            "Print FILEs; without any, or where FILE is -, standard input.\n"
                            "  -u  ignored: output is never buffered\n";

static int print_file(const struct tool *tool, const char *name) {
    char block[4096];
    int file = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    ssize_t count;

    if (file < 0)
        return tool_failed(tool, "can't open", name);
    while ((count = read(file, block, sizeof block)) > 0 || (count < 0 && errno == EINTR)) {
        if (count > 0 && !tool_write(STDOUT_FILENO, block, (size_t)count))
            return tool_failed(tool, "can't print", name);
    }
    if (count < 0)
        tool_failed(tool, "read error", NULL);
    if (file != STDIN_FILENO)
        close(file);
    return count < 0;
}

int cat_main(int argc, char **argv) {
    struct tool tool = tool_begin(argv, "cat", usage);
    int status = 0;

    (void)argc;
    while (tool_option(&tool, "u") != 0)
        ;
    if (tool.operand_count == 0)
        return print_file(&tool, "-");
    for (char **name = tool.operands; *name != NULL; name++)
        status |= print_file(&tool, *name);
    return status;
}
