//! What native code can do and safe Rust cannot: system calls of any number, by any way.
#![expect(
    unsafe_code,
    reason = "the attacker is native code; all that is unsafe of it stands here"
)]

/// Makes a system call by its number, whatever it is. Returns what the kernel returned: errors
/// are negative numbers.
pub(crate) fn raw(number: u64, args: [u64; 6]) -> i64 {
    let [a, b, c, d, e, f] = args;
    let number = number.cast_signed();
    // SAFETY: none is claimed. This runs in a child that exists to be attacked from inside; what
    // a call that the filter lets through does to its memory ends with the child, and the
    // attacks that write pass addresses of `Memory`, whose bytes anybody may change.
    let done = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if done == -1 {
        let error = std::io::Error::last_os_error().raw_os_error();
        return -i64::from(error.unwrap_or(0));
    }
    done
}

/// Makes a system call through the door of 32-bit programs, with i386's numbers.
#[cfg(target_arch = "x86_64")]
pub(crate) fn int_0x80(number: u32) -> i64 {
    let done: i64;
    // SAFETY: the gate takes its arguments from registers; whatever they hold now will do. It
    // keeps all registers but rax and, on old kernels, r8 to r11.
    unsafe {
        std::arch::asm!(
            "int 0x80",
            inout("rax") i64::from(number) => done,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    done
}

/// Calls `time` at its fixed address in the vsyscall page, which the kernel emulates.
#[cfg(target_arch = "x86_64")]
pub(crate) fn vsyscall_time() -> i64 {
    let address = std::ptr::without_provenance::<()>(0xffff_ffff_ff60_0400);
    // SAFETY: the kernel's ABI puts a function of this signature there, or nothing, which is a
    // SIGSEGV that the attack expects.
    let time = unsafe { std::mem::transmute::<*const (), extern "C" fn(*mut i64) -> i64>(address) };
    time(std::ptr::null_mut())
}

/// Gives SIGABRT a handler that does nothing and lets the interrupted call fail.
pub(crate) fn survive_abort_signal() -> i64 {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: sigaction is a plain struct, for which all-zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as *const () as usize;
    // SAFETY: the handler has the signature of one without SA_SIGINFO and does nothing; the old
    // action may be null.
    let done = unsafe { libc::sigaction(libc::SIGABRT, &raw const action, std::ptr::null_mut()) };
    done.into()
}
