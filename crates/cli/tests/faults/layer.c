/* Stands between a program and the C library, and makes its file operations fail: for Linux, loaded with LD_PRELOAD.
 *
 * An operation counts if it is on a path below FAULTS_BELOW and its kind is in FAULTS_KINDS (names with commas around them, such
 * as ",write,rename,"; all without the variable). FAULTS_AT=K chooses the K-th, FAULTS_FROM=K that and all after it.
 * FAULTS_MODE says what becomes of it:
 *   fail    it fails with the number FAULTS_ERRNO; a write that finds no space writes half of its bytes first
 *   short   it reads or writes half of the bytes
 *   exit    the program ends before it
 *   torn    the program ends after half of the bytes of a write
 * FAULTS_TRACE names a file that gets a line for every operation that counts. FAULTS_CLOCK=back turns the clock of the wall back
 * by an hour whenever it is read.
 *
 * FAULTS_DURABLE names a folder that gets what a power cut would leave: INODE.data, the bytes of a file when it was last synced, and
 * INODE.list, the entries of a folder when it was last synced. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
/* Its declaration forbids the null pointers with which Rust asks for the call. */
#define statx declared_statx
#include <sys/stat.h>
#undef statx
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES 4096
#define LONGEST 4096

enum mode { NONE, FAIL, SHORT, EXIT, TORN };

static const char *below, *kinds, *durable;
static long at, from, seen, clock_reads;
static int with_errno = EIO, trace = -1, clock_goes_back;
static enum mode mode = NONE;
static char *paths[FILES];
static DIR *listed[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
    const char *text;
    below = getenv("FAULTS_BELOW");
    kinds = getenv("FAULTS_KINDS");
    durable = getenv("FAULTS_DURABLE");
    if ((text = getenv("FAULTS_AT"))) at = atol(text);
    if ((text = getenv("FAULTS_FROM"))) from = atol(text);
    if ((text = getenv("FAULTS_ERRNO"))) with_errno = atoi(text);
    if ((text = getenv("FAULTS_CLOCK"))) clock_goes_back = !strcmp(text, "back");
    if ((text = getenv("FAULTS_MODE")))
        mode = !strcmp(text, "fail") ? FAIL : !strcmp(text, "short") ? SHORT : !strcmp(text, "exit") ? EXIT : TORN;
    if ((text = getenv("FAULTS_TRACE")))
        trace = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int is_below(const char *path) {
    size_t length = below ? strlen(below) : 0;
    return length && !strncmp(path, below, length) && (path[length] == '/' || !path[length]);
}

/* The absolute path of `path`, which is relative to the folder `fd`; 0 if it is not below FAULTS_BELOW. */
static int resolve(int fd, const char *path, char *out) {
    if (!below || !path) return 0;
    if (path[0] == '/') {
        snprintf(out, LONGEST, "%s", path);
    } else if (fd != AT_FDCWD) {
        if (fd < 0 || fd >= FILES || !paths[fd]) return 0;
        snprintf(out, LONGEST, path[0] ? "%s/%s" : "%s%s", paths[fd], path);
    } else {
        char folder[LONGEST / 2];
        if (syscall(SYS_getcwd, folder, sizeof folder) < 0) return 0;
        snprintf(out, LONGEST, "%s/%s", folder, path);
    }
    return is_below(out);
}

/* Counts an operation; gives what is to become of it. */
static enum mode count(const char *kind, const char *path) {
    char name[32];
    snprintf(name, sizeof name, ",%s,", kind);
    if (kinds && !strstr(kinds, name)) return NONE;
    pthread_mutex_lock(&lock);
    long number = ++seen;
    int is_chosen = mode != NONE && (number == at || (from && number >= from));
    if (trace >= 0) {
        char line[LONGEST + 64];
        int length = snprintf(line, sizeof line, "%ld %s %s%s\n", number, kind, path, is_chosen ? " CHOSEN" : "");
        syscall(SYS_write, trace, line, (size_t)length);
    }
    pthread_mutex_unlock(&lock);
    if (is_chosen && mode == EXIT) _exit(99);
    return is_chosen ? mode : NONE;
}

/* For operations of which no half can be done: whether it fails. */
static int fails(const char *kind, const char *path) {
    if (count(kind, path) != FAIL) return 0;
    errno = with_errno;
    return 1;
}

static int keep(ino_t inode, const char *what) {
    char path[LONGEST];
    snprintf(path, sizeof path, "%s/%lu.%s", durable, (unsigned long)inode, what);
    return syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* A new or emptied file, or a new folder, of which nothing is synced yet. */
static void keep_nothing(int fd, const char *path) {
    struct stat found;
    if (!durable || (fd >= 0 ? fstat(fd, &found) : lstat(path, &found))) return;
    syscall(SYS_close, keep(found.st_ino, S_ISDIR(found.st_mode) ? "list" : "data"));
}

/* Holds what is removed, so that its inode is not given to another file. */
static void hold(const char *path) {
    if (durable) syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
}

static void keep_list(int fd, ino_t inode) {
    int out = keep(inode, "list");
    char place[64], line[LONGEST];
    snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
    int folder = syscall(SYS_openat, AT_FDCWD, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char entries[1 << 15];
    long size;
    while ((size = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0)
        for (long place = 0; place < size;) {
            struct dirent64 *entry = (struct dirent64 *)(entries + place);
            place += entry->d_reclen;
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
            int length = snprintf(line, sizeof line, "%c %lu %s\n", entry->d_type == DT_DIR ? 'd' : 'f',
                                  (unsigned long)entry->d_ino, entry->d_name);
            syscall(SYS_write, out, line, (size_t)length);
        }
    syscall(SYS_close, folder);
    syscall(SYS_close, out);
}

static void keep_synced(int fd) {
    struct stat found;
    if (!durable || fstat(fd, &found)) return;
    pthread_mutex_lock(&lock);
    if (S_ISDIR(found.st_mode)) {
        keep_list(fd, found.st_ino);
    } else {
        int out = keep(found.st_ino, "data");
        char place[64], bytes[1 << 15];
        snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
        int in = syscall(SYS_openat, AT_FDCWD, place, O_RDONLY | O_CLOEXEC);
        long size;
        while ((size = syscall(SYS_read, in, bytes, sizeof bytes)) > 0) syscall(SYS_write, out, bytes, (size_t)size);
        syscall(SYS_close, in);
        syscall(SYS_close, out);
    }
    pthread_mutex_unlock(&lock);
}

static void name(int fd, const char *path) {
    if (fd < 0 || fd >= FILES) return;
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = path ? strdup(path) : NULL;
    pthread_mutex_unlock(&lock);
}

static const char *name_of(int fd) { return fd >= 0 && fd < FILES ? paths[fd] : NULL; }

static int open_at(int folder, const char *path, int flags, mode_t access) {
    char full[LONGEST];
    int counts = resolve(folder, path, full), writes = flags & (O_WRONLY | O_RDWR | O_CREAT);
    if (counts && fails(writes ? "create" : "open", full)) return -1;
    struct stat before;
    int is_new = counts && durable && writes && (flags & O_TRUNC || lstat(full, &before));
    int fd = syscall(SYS_openat, folder, path, flags, access);
    if (fd >= 0) name(fd, counts ? full : NULL);
    if (fd >= 0 && is_new) keep_nothing(fd, full);
    return fd;
}

#define ACCESS(flags)                                                                                                              \
    mode_t access = 0;                                                                                                             \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                                         \
        va_list more;                                                                                                              \
        va_start(more, flags);                                                                                                     \
        access = va_arg(more, mode_t);                                                                                             \
        va_end(more);                                                                                                              \
    }

int open(const char *path, int flags, ...) {
    ACCESS(flags)
    return open_at(AT_FDCWD, path, flags, access);
}

int open64(const char *path, int flags, ...) {
    ACCESS(flags)
    return open_at(AT_FDCWD, path, flags, access);
}

int openat(int folder, const char *path, int flags, ...) {
    ACCESS(flags)
    return open_at(folder, path, flags, access);
}

int openat64(int folder, const char *path, int flags, ...) {
    ACCESS(flags)
    return open_at(folder, path, flags, access);
}

static int copied(int fd, int copy) {
    if (copy >= 0 && name_of(fd)) name(copy, name_of(fd));
    return copy;
}

static int control(int fd, int command, long argument) {
    int result = syscall(SYS_fcntl, fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

int fcntl(int fd, int command, ...) {
    va_list more;
    va_start(more, command);
    long argument = va_arg(more, long);
    va_end(more);
    return control(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list more;
    va_start(more, command);
    long argument = va_arg(more, long);
    va_end(more);
    return control(fd, command, argument);
}

int close(int fd) {
    name(fd, NULL);
    return syscall(SYS_close, fd);
}

/* How many of `size` bytes are read; -1 if none. */
static long wanted(const char *kind, int fd, size_t size) {
    const char *path = name_of(fd);
    enum mode now = path ? count(kind, path) : NONE;
    if (now == FAIL) errno = with_errno;
    return now == FAIL ? -1 : now == SHORT ? (long)(size + 1) / 2 : (long)size;
}

static ssize_t put(int fd, const void *bytes, size_t size, off_t place, int has_place) {
    const char *path = name_of(fd);
    enum mode now = path ? count("write", path) : NONE;
    if (now == FAIL && with_errno != ENOSPC) return errno = with_errno, -1;
    size_t half = now == NONE ? size : now == SHORT ? (size + 1) / 2 : size / 2;
    ssize_t done = has_place ? syscall(SYS_pwrite64, fd, bytes, half, place) : syscall(SYS_write, fd, bytes, half);
    if (now == TORN) _exit(99);
    if (now == FAIL) return errno = with_errno, -1;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) { return put(fd, bytes, size, 0, 0); }

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t place) { return put(fd, bytes, size, place, 1); }

ssize_t writev(int fd, const struct iovec *parts, int number) {
    if (!name_of(fd)) return syscall(SYS_writev, fd, parts, number);
    /* Fewer bytes than asked for are a success. */
    for (int part = 0; part < number; part++)
        if (parts[part].iov_len) return put(fd, parts[part].iov_base, parts[part].iov_len, 0, 0);
    return 0;
}

ssize_t read(int fd, void *bytes, size_t size) {
    long number = wanted("read", fd, size);
    return number < 0 ? -1 : syscall(SYS_read, fd, bytes, (size_t)number);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t place) {
    long number = wanted("read", fd, size);
    return number < 0 ? -1 : syscall(SYS_pread64, fd, bytes, (size_t)number, place);
}

void *mmap64(void *wished, size_t size, int access, int flags, int fd, off64_t place) {
    if (name_of(fd) && fails("map", name_of(fd))) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, wished, size, access, flags, fd, place);
}

int ftruncate64(int fd, off64_t size) {
    if (name_of(fd) && fails("truncate", name_of(fd))) return -1;
    return syscall(SYS_ftruncate, fd, size);
}

int fsync(int fd) {
    if (name_of(fd) && fails("sync", name_of(fd))) return -1;
    /* The layer plays the disk: nothing here depends on a power cut of the machine itself. */
    if (name_of(fd)) keep_synced(fd);
    return 0;
}

int fdatasync(int fd) { return fsync(fd); }

int flock(int fd, int how) {
    if (name_of(fd) && fails("lock", name_of(fd))) return -1;
    return syscall(SYS_flock, fd, how);
}

static int rename_at(int folder, const char *old, int other, const char *new, unsigned flags) {
    char full[LONGEST], target[LONGEST];
    int counts = resolve(folder, old, full) | resolve(other, new, target);
    if (counts && fails("rename", target)) return -1;
    if (counts) hold(target);
    return syscall(SYS_renameat2, folder, old, other, new, flags);
}

int rename(const char *old, const char *new) { return rename_at(AT_FDCWD, old, AT_FDCWD, new, 0); }

int renameat(int folder, const char *old, int other, const char *new) { return rename_at(folder, old, other, new, 0); }

int renameat2(int folder, const char *old, int other, const char *new, unsigned flags) {
    return rename_at(folder, old, other, new, flags);
}

int unlinkat(int folder, const char *path, int flags) {
    char full[LONGEST];
    int counts = resolve(folder, path, full);
    if (counts && fails("remove", full)) return -1;
    if (counts) hold(full);
    return syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *path, mode_t access) {
    char full[LONGEST];
    int counts = resolve(folder, path, full);
    if (counts && fails("mkdir", full)) return -1;
    int result = syscall(SYS_mkdirat, folder, path, access);
    if (counts && !result) keep_nothing(-1, full);
    return result;
}

int mkdir(const char *path, mode_t access) { return mkdirat(AT_FDCWD, path, access); }

int statx(int folder, const char *path, int flags, unsigned mask, void *found) {
    char full[LONGEST];
    /* Without a place for the answer, Rust asks whether the kernel has this call. */
    if (found && resolve(folder, path, full) && fails("stat", full)) return -1;
    return syscall(SYS_statx, folder, path, flags, mask, found);
}

DIR *opendir(const char *path) {
    static DIR *(*next)(const char *);
    if (!next) next = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
    char full[LONGEST];
    int counts = resolve(AT_FDCWD, path, full);
    if (counts && fails("list", full)) return NULL;
    DIR *folder = next(path);
    if (folder && counts) {
        name(dirfd(folder), full);
        if (dirfd(folder) < FILES) listed[dirfd(folder)] = folder;
    }
    return folder;
}

struct dirent64 *readdir64(DIR *folder) {
    static struct dirent64 *(*next)(DIR *);
    if (!next) next = (struct dirent64 * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64");
    int fd = dirfd(folder);
    if (name_of(fd) && listed[fd] == folder && fails("entry", name_of(fd))) return NULL;
    return next(folder);
}

int closedir(DIR *folder) {
    static int (*next)(DIR *);
    if (!next) next = (int (*)(DIR *))dlsym(RTLD_NEXT, "closedir");
    int fd = dirfd(folder);
    if (fd >= 0 && fd < FILES) listed[fd] = NULL;
    name(fd, NULL);
    return next(folder);
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, which, now);
    if (clock_goes_back && which == CLOCK_REALTIME && !result) now->tv_sec -= 3600 * __sync_add_and_fetch(&clock_reads, 1);
    return result;
}
