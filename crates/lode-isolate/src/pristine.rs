//! The pristine isolate: one realm with the sandbox API evaluated, warmed up, free of tenants.

use std::rc::Rc;
use std::sync::Arc;

use deno_core::v8;
use lode_proto::ChildExit;
use lode_proto::message::Run;

use crate::budget::{ArrayBudget, HeapBudget};
use crate::job::{Job, Port};
use crate::realm::Entry;
use crate::run;
use crate::unique_ids::UniqueIds;
use crate::watchdog::Watchdog;
use crate::{describe, engine, realm, sys, warm_up};

/// Heap limit while there is no job, in bytes: small, so that the budget is asked early.
const INITIAL_HEAP_BYTES: usize = 16 << 20;

/// The isolate that every child inherits.
pub struct Pristine {
    pub(crate) isolate: v8::OwnedIsolate,
    pub(crate) context: v8::Global<v8::Context>,
    pub(crate) entry: Rc<Entry>,
    pub(crate) heap: Arc<HeapBudget>,
    pub(crate) arrays: Arc<ArrayBudget>,
    pub(crate) watchdog: Option<Watchdog>,
    /// Of this process: the ids of the documents that a hook makes.
    pub(crate) ids: UniqueIds,
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
        let built = realm::build(&mut isolate)?;
        isolate.set_slot(built.context.clone());
        let mut pristine = Self {
            isolate,
            context: built.context.clone(),
            entry: Rc::new(built.entry),
            heap,
            arrays,
            watchdog: None,
            ids: UniqueIds::default(),
        };
        // What the end of every job writes on is made old before there are libraries: on few pages,
        // of which each child copies those that it writes on.
        warm_up::least(&mut pristine)?;
        pristine.settle();
        realm::load_libraries(&mut pristine.isolate, &pristine.context, &built.load)?;
        warm_up::all(&mut pristine)?;
        pristine.settle();
        Ok(pristine)
    }

    /// Collects garbage, to the end. The sweep is lazy, and each child would finish it, copying the
    /// pages; asking for these figures walks the heap, which finishes it here.
    fn settle(&mut self) {
        self.isolate.low_memory_notification();
        let _ = self.isolate.get_heap_code_and_metadata_statistics();
    }

    /// V8's version, for `lode doctor`.
    #[must_use]
    pub fn describe() -> String {
        format!("V8 {}", engine::version())
    }

    /// In a fresh child: randomness of its own, and the thread behind the soft limits of time.
    /// `cpu_us` tells this process's CPU time in microseconds.
    pub fn wake(&mut self, seed: [u8; 16], cpu_us: fn() -> u64) -> Result<(), String> {
        let [a, b, c, d, skip, ids @ ..] = seed;
        self.ids = UniqueIds::new(ids);
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
        job.ids = self.ids;
        self.isolate.set_slot(job);
    }
}
