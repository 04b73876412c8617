//! Systems that lack a service or fail: faults put into the C library by a shim that is compiled here, where there is a C compiler.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::common::{Temporary, ended, names, program, stderr, temporary};

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fault(const char *name) {
    const char *wanted = getenv("FAULT");
    return wanted && !strcmp(wanted, name);
}

static int fail(int code) { errno = code; return -1; }

int flock(int fd, int operation) {
    if (fault("flock ENOLCK")) return fail(ENOLCK);
    if (fault("flock EIO")) return fail(EIO);
    return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(fd, operation);
}

int fsync(int fd) {
    struct stat data;
    int directory = !fstat(fd, &data) && S_ISDIR(data.st_mode);
    if (fault("fsync EINVAL") && directory) return fail(EINVAL);
    if (fault("fsync ENOSYS")) return fail(ENOSYS);
    if (fault("fsync EOPNOTSUPP")) return fail(EOPNOTSUPP);
    if (fault("fsync EIO") && !directory) return fail(EIO);
    if (fault("fsync EIO of directories") && directory) return fail(EIO);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (fault("stdout EIO") && fd == 1) return fail(EIO);
    return ((ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, bytes, count);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    if (fault("no threads")) return EAGAIN;
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, run, argument);
}
"#;

/// The shim, or nothing where there is no C compiler or no `LD_PRELOAD`.
fn shim() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<(Temporary, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let directory = temporary();
        let (source, library) = (directory.path().join("shim.c"), directory.path().join("shim.so"));
        std::fs::write(&source, SHIM).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let is_built = cfg!(target_os = "linux") && compiler.status().is_ok_and(|status| status.success());
        is_built.then_some((directory, library))
    });
    built.as_ref().map(|(_, library)| library.as_path())
}

fn with_fault(shim: &Path, fault: &str, name: &str, directory: &Path, arguments: &str) -> Output {
    program(name, directory, arguments).env("LD_PRELOAD", shim).env("FAULT", fault).output().unwrap()
}

#[test]
fn a_service_that_is_missing_is_no_failure() {
    let Some(shim) = shim() else { return };
    for fault in ["flock ENOLCK", "fsync EINVAL", "fsync ENOSYS", "fsync EOPNOTSUPP"] {
        let directory = temporary();
        let arguments = "--samples 6 --dim 9 --tolerance 0 --steps 30000 --checkpoint-every 0.01 --out run";
        let output = with_fault(shim, fault, "train", directory.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{fault}: {}", stderr(&output));
        assert_eq!(names(directory.path()), ["run"], "{fault}");
        let output = with_fault(
            shim,
            fault,
            "reproduce",
            directory.path(),
            "--effort quick --only landscape --out run --force",
        );
        assert_eq!(output.status.code(), Some(0), "{fault}: {}", stderr(&output));
        assert_eq!(names(directory.path()), ["run"], "{fault}");
    }
}

#[test]
fn a_failure_is_said_and_leaves_nothing_half_done() {
    let Some(shim) = shim() else { return };
    for (fault, needle) in [
        ("flock EIO", ".run.lock: Input/output error"),
        ("fsync EIO", ".run.partial: Input/output error"),
        ("fsync EIO of directories", ".run.partial: Input/output error"),
    ] {
        let directory = temporary();
        ended(&with_fault(shim, fault, "train", directory.path(), "--steps 20 --out run"), 2, needle);
        assert!(!directory.path().join("run").exists());
    }
    let directory = temporary();
    ended(
        &with_fault(shim, "stdout EIO", "train", directory.path(), "--steps 20 --out run"),
        2,
        "standard output cannot be written: Input/output error",
    );
    assert_eq!(names(directory.path()), ["run"], "the run itself is there");
}

#[test]
fn a_system_without_threads_gets_a_message() {
    let Some(shim) = shim() else { return };
    for (name, arguments) in [
        ("train", "--steps 20 --out run"),
        ("train", "--steps 20 --engine reduced --replicas 100 --out run"),
        ("reproduce", "--effort quick --only landscape --out run"),
    ] {
        let directory = temporary();
        let output = with_fault(shim, "no threads", name, directory.path(), arguments);
        let error = stderr(&output);
        assert!(!error.contains("panicked"), "{name} {arguments}: {error}");
        assert_eq!(output.status.code(), Some(2), "{name} {arguments}: {error}");
        assert!(error.contains("the system starts no thread"), "{name} {arguments}: {error}");
    }
}
