//! V8 itself: flags, the single-threaded platform, what happens when it cannot go on.

use std::sync::OnceLock;

use deno_core::v8;
use lode_proto::ChildExit;

static EXIT: OnceLock<fn(ChildExit) -> !> = OnceLock::new();

/// Flags of every isolate, with the reason of each.
const FLAGS: &str = concat!(
    // Forking a V8 with worker threads is unsound.
    "--single-threaded ",
    // Lets a forked child set --random-seed; V8 reads it when Math.random is first used.
    "--no-freeze-flags-after-init ",
    // Compiled functions of the sandbox API stay compiled: every child inherits them.
    "--no-flush-bytecode ",
    // 64 MiB for one WebAssembly memory: it is outside both the heap and the ArrayBuffer budget.
    "--wasm-max-mem-pages=1024 ",
    // Else the lines of a stack are found by compiling again, which fails when the stack is full.
    "--no-enable-lazy-source-positions ",
    // Reading far beyond a stack trace's use costs time in every throw.
    "--stack-trace-limit=32",
);

/// Starts V8 in this process, once. `exit` ends the process when V8 has run out of memory or is
/// broken: there is no way back from either.
pub fn init(exit: fn(ChildExit) -> !) {
    if EXIT.set(exit).is_err() {
        return;
    }
    v8::V8::set_flags_from_string(FLAGS);
    v8::V8::set_fatal_error_handler(on_fatal);
    let platform = v8::new_single_threaded_default_platform(false).make_shared();
    v8::V8::initialize_platform(platform);
    v8::V8::initialize();
}

/// V8's version, such as `150.4.0`.
#[must_use]
pub fn version() -> &'static str {
    v8::V8::get_version()
}

/// Gives `Math.random` of this process a stream of its own. Only works before its first use.
pub(crate) fn reseed(seed: u32) {
    // The flag is a signed 32-bit number; zero means "not set".
    let seed = (seed & 0x7fff_ffff).max(1);
    v8::V8::set_flags_from_string(&format!("--random-seed={seed}"));
}

/// Ends the process with `cause`.
pub(crate) fn leave(cause: ChildExit) -> ! {
    match EXIT.get() {
        Some(exit) => exit(cause),
        None => std::process::abort(),
    }
}

fn on_fatal(_file: &str, _line: i32, message: &str) {
    // ICU's objects are made of native memory, and V8 does not go on without one.
    let starved = message.starts_with("Failed to create ICU") || message.contains("out of memory");
    leave(if starved {
        ChildExit::OutOfMemory
    } else {
        ChildExit::EngineFatal
    })
}
