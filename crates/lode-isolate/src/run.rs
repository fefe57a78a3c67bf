//! One job's run: begin, compile, evaluate, call the hook, then the event loop.

use std::sync::Arc;

use deno_core::v8;
use lode_proto::hook::{COLLECTION_FUNCTIONS, ENDPOINT_FUNCTION};
use lode_proto::message::{Clock, Done, Mode, Run};
use lode_proto::{ChildExit, Tag};
use serde_json::value::RawValue;

use crate::budget::{ArrayBudget, HeapBudget};
use crate::describe;
use crate::event_loop::EventLoop;
use crate::job::{Job, Port, Progress, limits};
use crate::natives::{end, text};
use crate::pristine::{Entry, Pristine};
use crate::source::{RESOURCE, SourceMap};
use crate::stack;
use crate::watchdog::{Stopped, Watchdog};

/// What the steps of a run share.
pub(crate) struct Stage {
    pub(crate) entry: Entry,
    heap: Arc<HeapBudget>,
    arrays: Arc<ArrayBudget>,
}

/// Runs `job` in the pristine isolate.
pub(crate) fn run(pristine: &mut Pristine, run: Run, port: Box<dyn Port>) -> ChildExit {
    let (source, map) = SourceMap::join(&run.parts);
    pristine.install(Job::new(port, run.limits, map));
    let stage = Stage {
        entry: pristine.entry.clone(),
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
        let Some(args) = self.begin(scope, run) else {
            return;
        };
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
        let target = match self.find(scope, run.function.as_deref()) {
            Ok(target) => target,
            Err(debug) => return end(scope, Done::failure(Tag::HookThrew, debug, None)),
        };
        if let Target::Function(function) = &target {
            let receiver = v8::undefined(scope).into();
            if self
                .enter(scope, |scope| {
                    function.call(scope, receiver, &args).map(drop)
                })
                .is_none()
            {
                return;
            }
        }
        let missing = match target {
            Target::Missing(debug) => Some(debug),
            Target::Function(_) | Target::Plain => None,
        };
        EventLoop {
            stage: self,
            missing,
            fired: false,
        }
        .run(scope);
    }

    /// Builds request, response and modules; the arguments of a Kinvey hook.
    fn begin<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        run: &Run,
    ) -> Option<Vec<v8::Local<'s, v8::Value>>> {
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
        let list = self.enter(scope, |scope| begin.call(scope, receiver, &args))?;
        let list = v8::Local::<v8::Array>::try_from(list).ok()?;
        (0..list.length())
            .map(|index| list.get_index(scope, index))
            .collect()
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

    fn find<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        wanted: Option<&str>,
    ) -> Result<Target<'s>, String> {
        let known = COLLECTION_FUNCTIONS
            .iter()
            .copied()
            .chain([ENDPOINT_FUNCTION]);
        if let Some(name) = wanted {
            if let Some(function) = global_function(scope, name) {
                return Ok(Target::Function(function));
            }
            let others: Vec<&str> = known
                .filter(|other| global_function(scope, other).is_some())
                .collect();
            let others = if others.is_empty() {
                "none".to_owned()
            } else {
                others.join(", ")
            };
            return Ok(Target::Missing(format!(
                "ReferenceError: {name} is not defined: the script has no function of that name \
                 (hook functions it has: {others})"
            )));
        }
        let mut found: Vec<(&str, v8::Local<'s, v8::Function>)> = known
            .filter_map(|name| global_function(scope, name).map(|function| (name, function)))
            .collect();
        match (found.pop(), found.is_empty()) {
            (None, _) => Ok(Target::Plain),
            (Some((_, function)), true) => Ok(Target::Function(function)),
            (Some((last, _)), false) => {
                let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
                Err(format!(
                    "the script has several hook functions: {}, {last}; name the one to run",
                    names.join(", ")
                ))
            }
        }
    }
}

/// What is called after the script has been evaluated.
enum Target<'s> {
    /// A Kinvey hook.
    Function(v8::Local<'s, v8::Function>),
    /// A plain script: it has said what it had to say, or has something pending.
    Plain,
    /// A named function that is not there; an error unless the script proves to be a plain one.
    Missing(String),
}

/// A top-level function of the script, however it was declared (`function`, `var`, `const`).
fn global_function<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
) -> Option<v8::Local<'s, v8::Function>> {
    let mut chars = name.chars();
    let start = chars.next()?;
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if !is_part(start) || start.is_numeric() || !chars.all(is_part) {
        return None;
    }
    v8::tc_scope!(let scope, scope);
    // Functions and vars are properties of the global object; const, let and class are not, and
    // only a script can see those.
    let key = text(scope, name);
    let global = scope.get_current_context().global(scope);
    if global.has_own_property(scope, key.into()) == Some(true)
        && let Some(value) = global.get(scope, key.into())
        && let Ok(function) = v8::Local::<v8::Function>::try_from(value)
    {
        return Some(function);
    }
    let source = format!("typeof {name}==='function'?{name}:void 0");
    let script = compile(scope, "lode:find", &source)?;
    v8::Local::<v8::Function>::try_from(script.run(scope)?).ok()
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
