//! The pristine isolate: one realm with the sandbox API evaluated, warmed up, free of tenants.

use std::sync::Arc;

use deno_core::v8;
use lode_proto::ChildExit;
use lode_proto::message::Run;

use crate::budget::{ArrayBudget, HeapBudget};
use crate::job::{Job, Port};
use crate::watchdog::Watchdog;
use crate::{describe, engine, natives, run, sys, warm_up};

/// Heap limit while there is no job, in bytes: small, so that the budget is asked early.
const INITIAL_HEAP_BYTES: usize = 16 << 20;

/// The parts of the sandbox API, in the order in which they are evaluated.
const BRIDGE: &str = include_str!("../js/bridge.js");
const DATA: &str = include_str!("../js/data.js");
const REQUEST: &str = include_str!("../js/request.js");
const CLOCK: &str = include_str!("../js/clock.js");
const HOOK: &str = include_str!("../js/hook.js");

/// The isolate that every child inherits.
pub struct Pristine {
    pub(crate) isolate: v8::OwnedIsolate,
    pub(crate) context: v8::Global<v8::Context>,
    pub(crate) entry: Entry,
    pub(crate) heap: Arc<HeapBudget>,
    pub(crate) arrays: Arc<ArrayBudget>,
    pub(crate) watchdog: Option<Watchdog>,
}

/// What `js/hook.js` gives the host to call.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) begin: v8::Global<v8::Function>,
    pub(crate) reply: v8::Global<v8::Function>,
    pub(crate) timer: v8::Global<v8::Function>,
}

impl std::fmt::Debug for Pristine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pristine")
            .field("heap", &self.heap)
            .finish_non_exhaustive()
    }
}

impl Pristine {
    /// Builds the isolate. [`engine::init`] must have been called. Errors name what failed.
    pub fn build() -> Result<Self, String> {
        let arrays = Arc::new(ArrayBudget::default());
        arrays.set_limit(usize::MAX);
        let params = v8::CreateParams::default()
            .heap_limits(0, INITIAL_HEAP_BYTES)
            .array_buffer_allocator(sys::array_buffer_allocator(Arc::clone(&arrays)));
        let mut isolate = v8::Isolate::new(params);
        isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 32);
        isolate.set_allow_atomics_wait(false);
        let heap = Arc::new(HeapBudget::new(isolate.thread_safe_handle()));
        sys::guard_heap(&mut isolate, Arc::clone(&heap));
        sys::track_rejections(&mut isolate);
        sys::hear_uncaught(&mut isolate);
        isolate.set_prepare_stack_trace_callback(describe::stack_text);
        let (context, entry) = build_realm(&mut isolate)?;
        isolate.set_slot(context.clone());
        let mut pristine = Self {
            isolate,
            context,
            entry,
            heap,
            arrays,
            watchdog: None,
        };
        warm_up::warm_up(&mut pristine)?;
        pristine.isolate.low_memory_notification();
        // Its sweep is lazy, and each child would finish it, copying the pages. Asking for these
        // figures walks the heap, which finishes it here.
        let _ = pristine.isolate.get_heap_code_and_metadata_statistics();
        Ok(pristine)
    }

    /// V8's version, for `lode doctor`.
    #[must_use]
    pub fn describe() -> String {
        format!("V8 {}", engine::version())
    }

    /// In a fresh child: randomness of its own, and the thread behind the soft limits of time.
    /// `cpu_us` tells this process's CPU time in microseconds.
    pub fn wake(&mut self, seed: [u8; 16], cpu_us: fn() -> u64) -> Result<(), String> {
        let [a, b, c, d, skip, ..] = seed;
        engine::reseed(u32::from_le_bytes([a, b, c, d]));
        warm_up::skip_random(self, skip)?;
        let handle = self.isolate.thread_safe_handle();
        self.watchdog = Some(Watchdog::start(handle, cpu_us)?);
        Ok(())
    }

    /// Runs one job to its end and says how the process shall end. An isolate serves one job.
    pub fn run(&mut self, job: Run, port: Box<dyn Port>) -> ChildExit {
        run::run(self, job, port)
    }
}

fn build_realm(isolate: &mut v8::OwnedIsolate) -> Result<(v8::Global<v8::Context>, Entry), String> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    let global: v8::Local<'_, v8::Value> = context.global(scope).into();
    let host = natives::host_object(scope).into();
    let bridge = evaluate(scope, "lode:bridge", BRIDGE, &[host, global])?;
    let data = evaluate(scope, "lode:data", DATA, &[bridge, global])?;
    let request = evaluate(scope, "lode:request", REQUEST, &[bridge, global])?;
    let clock = evaluate(scope, "lode:clock", CLOCK, &[bridge, global])?;
    let parts = [bridge, data, request, clock, global];
    let hook = evaluate(scope, "lode:hook", HOOK, &parts)?;
    let hook = hook.to_object(scope).ok_or("lode:hook gave no object")?;
    let function = |name: &str| {
        let key = natives::text(scope, name);
        let value = hook.get(scope, key.into());
        let function = value.and_then(|value| v8::Local::<v8::Function>::try_from(value).ok());
        function
            .map(|f| v8::Global::new(scope, f))
            .ok_or_else(|| format!("lode:hook has no {name}"))
    };
    let entry = Entry {
        begin: function("begin")?,
        reply: function("reply")?,
        timer: function("timer")?,
    };
    Ok((v8::Global::new(scope, context), entry))
}

/// Evaluates one part of the sandbox API, a function, and calls it.
fn evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
    source: &str,
    args: &[v8::Local<'s, v8::Value>],
) -> Result<v8::Local<'s, v8::Value>, String> {
    v8::tc_scope!(let scope, scope);
    let function = run::compile(scope, name, source)
        .and_then(|script| script.run(scope))
        .and_then(|value| v8::Local::<v8::Function>::try_from(value).ok());
    let undefined = v8::undefined(scope).into();
    let result = function.and_then(|function| function.call(scope, undefined, args));
    match result {
        Some(value) => Ok(value),
        None => {
            let message = scope
                .message()
                .map(|m| m.get(scope).to_rust_string_lossy(scope));
            Err(format!(
                "{name}: {}",
                message.unwrap_or_else(|| "no function".to_owned())
            ))
        }
    }
}

impl Pristine {
    /// Puts the job into the isolate's slot.
    pub(crate) fn install(&mut self, mut job: Job) {
        let to_size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        self.heap.set_limit(to_size(job.limits.heap_limit_bytes));
        self.arrays
            .set_limit(to_size(job.limits.array_buffer_limit_bytes));
        if let Some(watchdog) = &self.watchdog {
            watchdog.arm(job.deadline, job.limits.cpu_limit_ms.saturating_mul(1000));
        }
        job.watchdog = self.watchdog.clone();
        self.isolate.set_slot(job);
    }
}
