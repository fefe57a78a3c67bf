//! Every system call number there is, and the other tables of numbers.

use lode_jail::{call_name, seccomp::calls_of_a_child, trapped_call};

use crate::attack::{Attack, number, numbered, steps};
use crate::master::{Fate, Jail};

/// Marks the numbers of the x32 table on x86_64.
const X32: u64 = 0x4000_0000;

pub(crate) fn every_number_is_allowed_or_ends_the_child_under_its_own_name() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    // Both are allowed, and would leave the child to the master's wall limit: `exit` ends the
    // calling thread only, `ppoll` with zeros waits for ever.
    let endless = ["exit", "ppoll"].map(number);
    let x32 = [0, 1, 2, 39, 59, 512, 520, 547].map(|n| X32 | n);
    // The kernel looks at the lower half of the register: on x86_64 these are execve and openat.
    let wide = [1 << 32 | 59, 0xffff_ffff_0000_0101];
    let numbers = (0..1024)
        .chain(x32)
        .chain(wide)
        .chain([u64::from(u32::MAX)]);
    let numbers: Vec<u64> = numbers.filter(|n| !endless.contains(&Some(*n))).collect();
    let attacks: Vec<Attack> = numbers.iter().map(|n| steps([numbered(*n, &[])])).collect();
    let fates = jail.attack_all(&attacks);
    let mut broken = Vec::new();
    let mut stopped = 0;
    for (number, fate) in numbers.iter().zip(&fates) {
        match check(*number, fate) {
            Ok(was_stopped) => stopped += usize::from(was_stopped),
            Err(why) => broken.push(why),
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let allowed = calls_of_a_child().len();
    assert!(
        stopped >= numbers.len() - allowed,
        "{stopped} of {} stopped",
        numbers.len()
    );
    assert_eq!(
        jail.attack(&steps([])).status,
        Some(0),
        "the zygote has suffered"
    );
}

/// Whether the child was stopped; an error when it neither was nor made a call of its list.
fn check(number: u64, fate: &Fate) -> Result<bool, String> {
    let low = u32::try_from(number & 0xffff_ffff).map_err(|error| error.to_string())?;
    let name = call_name(low);
    let plain = name.split(' ').next().unwrap_or_default();
    if let Some(heard) = fate.heard {
        let killed = fate.signal() == Some(libc::SIGKILL);
        return if heard == low && killed && fate.results.is_empty() {
            Ok(true)
        } else {
            Err(format!(
                "{name}: the master heard {}, then {fate:?}",
                call_name(heard)
            ))
        };
    }
    let code = fate.status.filter(|s| s & 0x7f == 0).map(|s| s >> 8);
    if let Some(trapped) = code.and_then(trapped_call) {
        return if trapped == plain && fate.results.is_empty() {
            Ok(true)
        } else {
            Err(format!(
                "{name}: it says that {trapped} was trapped, {fate:?}"
            ))
        };
    }
    if is_for_uprobes(low) && (fate.signal() == Some(libc::SIGILL) || fate.results == [-6]) {
        return Ok(false);
    }
    let listed =
        low & 0x4000_0000 == 0 && calls_of_a_child().iter().any(|(call, _)| *call == plain);
    if listed {
        Ok(false)
    } else {
        Err(format!(
            "{name} is on no list and was not stopped: {fate:?}"
        ))
    }
}

/// `uretprobe` and `uprobe`, which newer kernels let past every filter: outside of a trampoline
/// that only a tracer with root's rights can put there, the one is a SIGILL and the other ENXIO.
fn is_for_uprobes(number: u32) -> bool {
    cfg!(target_arch = "x86_64") && matches!(number, 335 | 336)
}

#[cfg(target_arch = "x86_64")]
pub(crate) fn calls_of_other_tables_end_the_child() {
    use crate::attack::Step;
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    // i386's exit, fork, read, open, execve, getpid, clone and socketcall, and none.
    for number in [1, 2, 3, 5, 11, 20, 102, 120, 9_999] {
        let fate = jail.attack(&steps([Step::Int0x80(number)]));
        assert!(
            fate.results.is_empty() && fate.heard.is_none(),
            "{number}: {fate:?}"
        );
        // SIGSEGV where the kernel was built without 32-bit calls: there is no such door then.
        let signal = fate.signal();
        let right = signal == Some(libc::SIGSYS) || (signal == Some(libc::SIGSEGV) && !has_ia32());
        assert!(right, "{number} by int 0x80: {fate:?}");
    }
    // An x86_64 call by its fixed address goes through the same filter, if the page is there.
    let fate = jail.attack(&steps([Step::Vsyscall]));
    assert!(
        fate.results.is_empty(),
        "time by its fixed address: {fate:?}"
    );
    let stopped = fate.stopped_at().as_deref() == Some("time");
    assert!(stopped || fate.signal() == Some(libc::SIGSEGV), "{fate:?}");
}

/// Whether the kernel runs 32-bit programs: it then has this setting.
#[cfg(target_arch = "x86_64")]
fn has_ia32() -> bool {
    std::path::Path::new("/proc/sys/abi/vsyscall32").exists()
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn calls_of_other_tables_end_the_child() {
    eprintln!("skipped: this processor has no second table of calls");
}
