//! The attacker: a guest of the jail that does what its Run frame says, call by call.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::Thread;

use lode_jail::job_socket::Received;
use lode_jail::{Guest, JobSocket};
use lode_proto::ChildExit;
use lode_proto::frame::Kind;

use crate::attack::{Arg, Attack, Step, Survived, memory_image, number};
use crate::sys;

/// Bytes of a child's own memory for arguments: two pages, at the beginning of one.
const MEMORY_BYTES: usize = 0x2000;
const PAGE_BYTES: u64 = 0x1000;
/// What the zygote writes before any fork.
const INHERITED: u8 = 0x5a;

/// The thread that the other thread nags with SIGABRT; 0 for none.
static NAGGED: AtomicU64 = AtomicU64::new(0);

/// The guest: some memory that all children inherit, and the child's other thread.
pub(crate) struct Attacker {
    inherited: Vec<AtomicU8>,
    other: Option<Thread>,
}

impl Guest for Attacker {
    fn build() -> Result<Self, String> {
        let inherited = std::iter::repeat_with(|| AtomicU8::new(INHERITED));
        Ok(Self {
            inherited: inherited.take(64).collect(),
            other: None,
        })
    }

    fn describe(&self) -> String {
        "an attacker".to_owned()
    }

    fn wake(&mut self, _seed: [u8; 16]) -> Result<(), String> {
        // As the product does it: one thread more, whose own start makes system calls that the
        // filter to come does not allow.
        let started = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&started);
        let other = std::thread::Builder::new()
            .stack_size(128 << 10)
            .spawn(move || {
                theirs.wait();
                nag_when_told();
            })
            .map_err(|error| error.to_string())?;
        started.wait();
        self.other = Some(other.thread().clone());
        Ok(())
    }

    fn serve(&mut self, mut socket: JobSocket) -> ChildExit {
        let frame = match socket.receive(None) {
            Ok(Received::Frame(frame)) if frame.kind == Kind::Run => frame,
            Ok(Received::Frame(_)) | Err(_) => return ChildExit::BadFrame,
            Ok(Received::Closed | Received::TimedOut) => return ChildExit::Unused,
        };
        let Ok(attack) = frame.parse::<Attack>() else {
            return ChildExit::BadFrame;
        };
        if let Some((bytes, ms)) = attack.limits {
            let limited = lode_jail::limit_memory(bytes).and_then(|()| lode_jail::limit_cpu(ms));
            if limited.is_err() {
                return ChildExit::NotConfined;
            }
        }
        let mut field = Field::new(self);
        for step in &attack.steps {
            let result = field.take(step);
            if socket.send(Kind::Call, &result).is_err() {
                return ChildExit::SocketLost;
            }
        }
        if attack.hold && !matches!(socket.receive(None), Ok(Received::Frame(_))) {
            return ChildExit::SocketLost;
        }
        let intact = |byte: &AtomicU8| byte.load(Ordering::Relaxed) == INHERITED;
        let survived = Survived {
            inherited_intact: self.inherited.iter().all(intact),
        };
        match socket.send(Kind::Done, &survived) {
            Ok(()) => ChildExit::Reported,
            Err(_) => ChildExit::SocketLost,
        }
    }
}

/// What a running attack has: memory for the kernel to read and write, and results so far.
struct Field<'a> {
    attacker: &'a Attacker,
    _memory: Vec<AtomicU8>,
    /// The address of its first whole page.
    base: u64,
    results: Vec<i64>,
}

impl<'a> Field<'a> {
    fn new(attacker: &'a Attacker) -> Self {
        let memory: Vec<AtomicU8> = std::iter::repeat_with(AtomicU8::default)
            .take(MEMORY_BYTES + 0x1000)
            .collect();
        let base = address(&memory).next_multiple_of(PAGE_BYTES);
        let skipped = usize::try_from(base - address(&memory)).unwrap_or(0);
        let image = memory_image(base, MEMORY_BYTES);
        for (byte, value) in memory[skipped..].iter().zip(image) {
            byte.store(value, Ordering::Relaxed);
        }
        Self {
            attacker,
            _memory: memory,
            base,
            results: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) -> i64 {
        let result = match step {
            Step::Call { number, args } => sys::raw(*number, self.values(args)),
            Step::Repeat {
                number,
                args,
                moving,
                stride,
                times,
            } => repeat(*number, self.values(args), (*moving, *stride), *times),
            Step::Int0x80(number) => by_32_bit_door(*number),
            Step::Vsyscall => by_fixed_address(),
            Step::SurviveAbort => sys::survive_abort_signal(),
            Step::Nag => self.nag(),
            Step::Spin => loop {
                std::hint::spin_loop();
            },
        };
        self.results.push(result);
        result
    }

    fn nag(&self) -> i64 {
        NAGGED.store(own("gettid"), Ordering::SeqCst);
        if let Some(other) = &self.attacker.other {
            other.unpark();
        }
        0
    }

    fn values(&self, args: &[Arg; 6]) -> [u64; 6] {
        args.map(|arg| match arg {
            Arg::Is(value) => value,
            Arg::At(offset) => self.base + offset,
            Arg::Result(index) => self.results[index].cast_unsigned(),
            Arg::Beyond(index, more) => self.results[index].cast_unsigned().wrapping_add(more),
            Arg::OwnProcess => own("getpid"),
            Arg::OwnThread => own("gettid"),
            Arg::BelowStack(bytes) => address(&[AtomicU8::default()]) - bytes,
            Arg::Inherited => address(&self.attacker.inherited),
        })
    }
}

/// Makes a call until it fails or has been made so often; how often it succeeded.
fn repeat(number: u64, mut values: [u64; 6], (moving, stride): (usize, u64), times: u64) -> i64 {
    let mut done = 0;
    while done < times && sys::raw(number, values) >= 0 {
        values[moving] = values[moving].wrapping_add(stride);
        done += 1;
    }
    done.cast_signed()
}

/// The life of the child's other thread: it rests until it is told whom to nag.
fn nag_when_told() {
    let Some(tgkill) = number("tgkill") else {
        return;
    };
    loop {
        match NAGGED.load(Ordering::SeqCst) {
            0 => std::thread::park(),
            thread => {
                sys::raw(tgkill, [own("getpid"), thread, 6, 0, 0, 0]);
                std::thread::yield_now();
            }
        }
    }
}

/// The own number that `getpid` or `gettid` gives.
fn own(name: &str) -> u64 {
    number(name).map_or(0, |number| sys::raw(number, [0; 6]).cast_unsigned())
}

fn address(bytes: &[AtomicU8]) -> u64 {
    let address = bytes.as_ptr().expose_provenance();
    u64::try_from(address).unwrap_or(0)
}

#[cfg(target_arch = "x86_64")]
fn by_32_bit_door(number: u32) -> i64 {
    sys::int_0x80(number)
}

#[cfg(target_arch = "x86_64")]
fn by_fixed_address() -> i64 {
    sys::vsyscall_time()
}

/// There is no such door on other processors, and no test that asks for it.
#[cfg(not(target_arch = "x86_64"))]
fn by_32_bit_door(_: u32) -> i64 {
    -i64::from(libc::ENOSYS)
}

#[cfg(not(target_arch = "x86_64"))]
fn by_fixed_address() -> i64 {
    -i64::from(libc::ENOSYS)
}
