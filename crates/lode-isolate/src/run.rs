//! One job's run: begin, compile, evaluate, call the hook, then the event loop.

use std::rc::Rc;
use std::sync::Arc;

use deno_core::v8;
use lode_proto::message::{Clock, Done, Mode, Run};
use lode_proto::{ChildExit, Tag};
use serde_json::value::RawValue;

use crate::budget::{ArrayBudget, HeapBudget};
use crate::describe;
use crate::event_loop::EventLoop;
use crate::job::{Job, Port, Progress, limits};
use crate::natives::{end, text};
use crate::pristine::Pristine;
use crate::realm::Entry;
use crate::sections;
use crate::source::{RESOURCE, SourceMap};
use crate::stack;
use crate::target::{self, Target};
use crate::watchdog::{Stopped, Watchdog};

/// What the steps of a run share.
pub(crate) struct Stage {
    pub(crate) entry: Rc<Entry>,
    heap: Arc<HeapBudget>,
    arrays: Arc<ArrayBudget>,
}

/// Runs `job` in the pristine isolate.
pub(crate) fn run(pristine: &mut Pristine, run: Run, port: Box<dyn Port>) -> ChildExit {
    let parts = sections::wanted(&run.parts, run.function.as_deref());
    let (source, map) = SourceMap::join(&parts);
    pristine.install(Job::new(port, run.limits, map));
    let stage = Stage {
        entry: Rc::clone(&pristine.entry),
        heap: Arc::clone(&pristine.heap),
        arrays: Arc::clone(&pristine.arrays),
    };
    {
        let context = pristine.context.clone();
        v8::scope!(let scope, &mut pristine.isolate);
        let context = v8::Local::new(scope, context);
        let scope = &mut v8::ContextScope::new(scope, context);
        context.set_allow_generation_from_strings(run.realm.code_from_strings);
        let limit = run.limits.stack_limit_bytes;
        stack::limited_to(limit, &mut || stage.play(scope, &run, &source));
    }
    if let Some(watchdog) = &pristine.watchdog {
        watchdog.disarm();
    }
    match pristine.isolate.get_slot::<Job>().map(|job| job.progress) {
        Some(Progress::Reported) => ChildExit::Reported,
        Some(Progress::Lost(exit)) => exit,
        // Every path through `play` reports; this is for the day when one does not.
        Some(Progress::Running) | None => ChildExit::EngineFatal,
    }
}

/// Compiles a classic script under `name`.
pub(crate) fn compile<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
    source: &str,
) -> Option<v8::Local<'s, v8::Script>> {
    let source = v8::String::new(scope, source)?;
    let name = text(scope, name).into();
    let origin =
        v8::ScriptOrigin::new(scope, name, 0, 0, false, 0, None, false, false, false, None);
    v8::Script::compile(scope, source, Some(&origin))
}

impl Stage {
    fn play(&self, scope: &mut v8::PinScope<'_, '_>, run: &Run, source: &str) {
        if self.begin(scope, run).is_none() {
            return;
        }
        let Some(script) = self.compile_hook(scope, source) else {
            return;
        };
        if run.mode == Mode::Check {
            let done = Done {
                status: 200,
                ..Done::failure(Tag::Completed, String::new(), None)
            };
            return end(scope, done);
        }
        if self
            .enter(scope, |scope| script.run(scope).map(drop))
            .is_none()
        {
            return;
        }
        let target = match target::find(scope, run.function.as_deref()) {
            Ok(target) => target,
            Err(debug) => return end(scope, Done::failure(Tag::HookThrew, debug, None)),
        };
        if let Target::Function(name, function) = &target
            && self.call_hook(scope, name, *function).is_none()
        {
            return;
        }
        let missing = match target {
            Target::Missing(debug) => Some(debug),
            Target::Function(..) | Target::Plain => None,
        };
        EventLoop {
            stage: self,
            missing,
            fired: false,
        }
        .run(scope);
    }

    /// Calls the hook's function with the arguments of its dialect.
    fn call_hook<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        name: &str,
        function: v8::Local<'s, v8::Function>,
    ) -> Option<()> {
        let arguments_of = v8::Local::new(scope, &self.entry.arguments_of);
        let receiver = v8::undefined(scope).into();
        let asked = [function.into(), text(scope, name).into()];
        let list = self.enter(scope, |scope| arguments_of.call(scope, receiver, &asked))?;
        let list = v8::Local::<v8::Array>::try_from(list).ok()?;
        let args: Option<Vec<_>> = (0..list.length())
            .map(|index| list.get_index(scope, index))
            .collect();
        let args = args?;
        self.enter(scope, |scope| {
            function.call(scope, receiver, &args).map(drop)
        })
    }

    /// Builds the request, the response and the globals of this job.
    fn begin(&self, scope: &mut v8::PinScope<'_, '_>, run: &Run) -> Option<()> {
        let raw = |value: &Option<Box<RawValue>>| value.as_deref().map(|raw| raw.get().to_owned());
        let clock = match run.realm.clock {
            Clock::Exact => None,
            Clock::Coarse => Some("coarse".to_owned()),
            Clock::Frozen => Some("frozen".to_owned()),
        };
        let texts = [
            raw(&run.request),
            raw(&run.response),
            Some(run.app_key.clone()),
            run.collection.clone(),
            run.function.clone(),
            run.endpoint.clone(),
            clock,
        ];
        let begin = v8::Local::new(scope, &self.entry.begin);
        let args = texts.map(|value| match value {
            Some(value) => text(scope, &value).into(),
            None => v8::undefined(scope).into(),
        });
        let receiver = v8::undefined(scope).into();
        self.enter(scope, |scope| begin.call(scope, receiver, &args).map(drop))
    }

    fn compile_hook<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        source: &str,
    ) -> Option<v8::Local<'s, v8::Script>> {
        v8::tc_scope!(let scope, scope);
        if let Some(script) = compile(scope, RESOURCE, source) {
            return Some(script);
        }
        if self.stopped(scope) {
            return None;
        }
        let done = match (scope.exception(), scope.message()) {
            (Some(exception), message) => {
                let told = with_map(scope, |scope, map| {
                    describe::exception(scope, exception, message, map)
                });
                let place = told
                    .place
                    .map(|place| format!(" at {place}"))
                    .unwrap_or_default();
                Done::failure(Tag::HookSyntax, format!("{}{place}", told.text), None)
            }
            (None, _) => Done::failure(
                Tag::HookSyntax,
                "the script is too large to compile".to_owned(),
                None,
            ),
        };
        end(scope, done);
        None
    }

    /// Enters JavaScript. `None` means that the job has ended: by itself, by its limit, or by the
    /// exception that came out, which is reported here.
    pub(crate) fn enter<'s, 'i, T>(
        &self,
        scope: &mut v8::PinScope<'s, 'i>,
        body: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> Option<T>,
    ) -> Option<T> {
        v8::tc_scope!(let scope, scope);
        let result = body(scope);
        if self.stopped(scope) {
            return None;
        }
        if result.is_some() {
            return result;
        }
        if let Some(exception) = scope.exception() {
            let message = scope.message();
            self.threw(scope, exception, message, "");
        } else {
            let debug = "the hook was stopped without a reason".to_owned();
            end(scope, Done::failure(Tag::HookThrew, debug, None));
        }
        None
    }

    /// Reports an exception that nobody caught.
    pub(crate) fn threw(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        exception: v8::Local<'_, v8::Value>,
        message: Option<v8::Local<'_, v8::Message>>,
        note: &str,
    ) {
        let told = with_map(scope, |scope, map| {
            describe::exception(scope, exception, message, map)
        });
        let text = told.text.as_str();
        let done = if let Some(limit) = self.refused_memory(scope, text) {
            let debug = format!("{limit} was reached: {text}");
            Done::failure(Tag::HookOutOfMemory, debug, told.stack)
        } else {
            let full = text.starts_with("RangeError: Maximum call stack size exceeded");
            let limit = limits(scope).stack_limit_bytes;
            let depth = full.then(|| format!(" (the stack limit is {limit} bytes)"));
            let depth = depth.unwrap_or_default();
            let debug = format!("{text}{depth}{note}");
            Done::failure(Tag::HookThrew, debug, told.stack)
        };
        end(scope, done);
    }

    /// The limit behind an uncaught error that says that memory was refused. A hook that makes up
    /// such a text is told so of itself, and of nobody else.
    fn refused_memory(&self, scope: &v8::PinScope<'_, '_>, text: &str) -> Option<String> {
        let limits = limits(scope);
        let array = text.starts_with("RangeError: Array buffer allocation failed")
            || text.starts_with("RangeError: Invalid array buffer length")
            || text.starts_with("RangeError: ArrayBuffer.prototype.resize: Out of memory");
        if array && self.arrays.was_denied() {
            let bytes = limits.array_buffer_limit_bytes;
            return Some(format!("the ArrayBuffer limit of {bytes} bytes"));
        }
        let wasm = text.starts_with("RangeError: WebAssembly.")
            && (text.contains("could not allocate memory")
                || text.contains("Unable to grow instance memory")
                || text.contains("out of memory"));
        let refused = wasm
            || text.starts_with("RangeError: Array buffer allocation failed")
            || text.starts_with("RangeError: ArrayBuffer.prototype.resize: Out of memory")
            || text.contains("Internal error. Icu error")
            || text.contains("out of memory allocating custom section data");
        refused.then(|| {
            format!(
                "the memory limit (heap {} bytes, ArrayBuffers {} bytes, the rest {} bytes)",
                limits.heap_limit_bytes, limits.array_buffer_limit_bytes, limits.native_limit_bytes
            )
        })
    }

    /// True when the job has ended or was stopped at a limit, which is reported here.
    pub(crate) fn stopped(&self, scope: &mut v8::PinScope<'_, '_>) -> bool {
        let Some(job) = scope.get_slot_mut::<Job>() else {
            return true;
        };
        if !job.is_running() {
            return true;
        }
        let limits = job.limits;
        if self.heap.tripped() {
            let stack = job.stopped_at.take().filter(|stack| !stack.is_empty());
            let debug = format!(
                "the heap limit of {} bytes was reached",
                limits.heap_limit_bytes
            );
            end(scope, Done::failure(Tag::HookOutOfMemory, debug, stack));
            return true;
        }
        if let Some(stack) = job.stopped_at.take() {
            let stack = Some(stack).filter(|stack| !stack.is_empty());
            let debug = match job.watchdog.as_ref().map(Watchdog::stopped) {
                Some(Stopped::Cpu) => format!(
                    "the CPU limit of {} ms was used up while running",
                    limits.cpu_limit_ms
                ),
                Some(Stopped::Wall) | None => format!(
                    "the wall limit of {} ms passed while running",
                    limits.wall_limit_ms
                ),
            };
            end(scope, Done::failure(Tag::HookTimeout, debug, stack));
            return true;
        }
        false
    }
}

/// Lends the job's source map to `body`, which needs the scope as well.
pub(crate) fn with_map<'s, 'i, T>(
    scope: &mut v8::PinScope<'s, 'i>,
    body: impl FnOnce(&mut v8::PinScope<'s, 'i>, &SourceMap) -> T,
) -> T {
    let map = scope
        .get_slot_mut::<Job>()
        .map(|job| std::mem::take(&mut job.map));
    let map = map.unwrap_or_default();
    let result = body(scope, &map);
    if let Some(job) = scope.get_slot_mut::<Job>() {
        job.map = map;
    }
    result
}
