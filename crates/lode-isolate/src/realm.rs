//! The realm that hooks run in: the sandbox API and the vendored libraries, evaluated once.

use deno_core::v8;

use crate::{natives, run};

/// The parts of the sandbox API by name, in the order in which they are evaluated. Each is a
/// function of the parts before it, by name, and of the global object.
const PARTS: [(&str, &str); 20] = [
    ("bridge", include_str!("../js/bridge.js")),
    ("bytes", include_str!("../js/bytes.js")),
    ("clock", include_str!("../js/clock.js")),
    ("libraries", include_str!("../js/libraries.js")),
    ("data", include_str!("../js/data.js")),
    ("progress", include_str!("../js/progress.js")),
    ("oauth", include_str!("../js/modules/oauth.js")),
    ("request", include_str!("../js/request.js")),
    ("reduction", include_str!("../js/modules/reduction.js")),
    (
        "collectionAccess",
        include_str!("../js/modules/collection_access.js"),
    ),
    ("contexts", include_str!("../js/modules/contexts.js")),
    ("entities", include_str!("../js/modules/entity.js")),
    ("logger", include_str!("../js/modules/logger.js")),
    ("messages", include_str!("../js/modules/messages.js")),
    ("partners", include_str!("../js/modules/partners.js")),
    ("query", include_str!("../js/modules/query.js")),
    ("validation", include_str!("../js/modules/validation.js")),
    ("kinvey", include_str!("../js/modules/kinvey.js")),
    ("flex", include_str!("../js/modules/flex.js")),
    ("hook", include_str!("../js/hook.js")),
];

/// The vendored libraries by the names under which they require each other: plain ASCII.
const LIBRARIES: [(&str, &str); 8] = [
    ("moment", include_str!("../js/vendor/moment.js")),
    ("async", include_str!("../js/vendor/async.js")),
    ("bluebird", include_str!("../js/vendor/bluebird.js")),
    ("lodash", include_str!("../js/vendor/lodash.min.js")),
    ("mustache", include_str!("../js/vendor/mustache.js")),
    ("base64-js", include_str!("../js/vendor/base64-js.js")),
    ("ieee754", include_str!("../js/vendor/ieee754.js")),
    ("buffer", include_str!("../js/vendor/buffer.js")),
];

/// What a library is called with: a CommonJS module's own names, and what tells it where it runs.
const LIBRARY_PARAMETERS: [&str; 5] = ["exports", "module", "require", "global", "navigator"];

/// What `js/hook.js` gives the host to call for each job.
pub(crate) struct Entry {
    pub(crate) begin: v8::Global<v8::Function>,
    pub(crate) arguments_of: v8::Global<v8::Function>,
    pub(crate) reply: v8::Global<v8::Function>,
    pub(crate) timer: v8::Global<v8::Function>,
}

/// A realm without the libraries.
pub(crate) struct Built {
    pub(crate) context: v8::Global<v8::Context>,
    pub(crate) entry: Entry,
    /// Takes the libraries in, once.
    pub(crate) load: v8::Global<v8::Function>,
}

/// Makes the realm, but for the libraries. Errors name the part that failed.
pub(crate) fn build(isolate: &mut v8::OwnedIsolate) -> Result<Built, String> {
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    let global: v8::Local<'_, v8::Value> = context.global(scope).into();
    let host = natives::host_object(scope).into();
    let null = v8::null(scope).into();
    // No prototype: whatever a tenant puts on Object.prototype is no part.
    let parts = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    set(scope, parts, "host", host);
    for (name, source) in PARTS {
        let part = evaluate(scope, name, source, &[parts.into(), global])?;
        set(scope, parts, name, part);
    }
    let key = natives::text(scope, "hook");
    let hook = parts.get(scope, key.into());
    let hook = hook
        .and_then(|hook| hook.to_object(scope))
        .ok_or("lode:hook gave no object")?;
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
        arguments_of: function("argumentsOf")?,
        reply: function("reply")?,
        timer: function("timer")?,
    };
    Ok(Built {
        context: v8::Global::new(scope, context),
        entry,
        load: function("load")?,
    })
}

/// Evaluates the libraries. Errors say what failed.
pub(crate) fn load_libraries(
    isolate: &mut v8::OwnedIsolate,
    context: &v8::Global<v8::Context>,
    load: &v8::Global<v8::Function>,
) -> Result<(), String> {
    v8::scope!(let scope, isolate);
    let context = v8::Local::new(scope, context);
    let scope = &mut v8::ContextScope::new(scope, context);
    let vendored = libraries(scope)?.into();
    let load = v8::Local::new(scope, load);
    let undefined = v8::undefined(scope).into();
    let loaded = load.call(scope, undefined, &[vendored]);
    loaded
        .map(drop)
        .ok_or_else(|| "the libraries cannot be evaluated".to_owned())
}

fn set(
    scope: &mut v8::PinScope<'_, '_>,
    object: v8::Local<'_, v8::Object>,
    name: &str,
    value: v8::Local<'_, v8::Value>,
) {
    let key = natives::text(scope, name).into();
    object.set(scope, key, value);
}

/// The libraries as functions of their modules, not yet called. Their texts stay where they are in
/// the binary: nothing of them is on the heap that a hook has to share with them.
fn libraries<'s>(scope: &mut v8::PinScope<'s, '_>) -> Result<v8::Local<'s, v8::Object>, String> {
    let all = v8::Object::new(scope);
    let parameters = LIBRARY_PARAMETERS.map(|name| natives::text(scope, name));
    for (name, source) in LIBRARIES {
        let function = if source.is_ascii() {
            v8::String::new_external_onebyte_static(scope, source.as_bytes())
        } else {
            None
        };
        let function = function.and_then(|source| {
            let resource = natives::text(scope, &format!("lode:{name}")).into();
            let origin = v8::ScriptOrigin::new(
                scope, resource, 0, 0, false, 0, None, false, false, false, None,
            );
            let mut source = v8::script_compiler::Source::new(source, Some(&origin));
            v8::script_compiler::compile_function(
                scope,
                &mut source,
                &parameters,
                &[],
                v8::script_compiler::CompileOptions::NoCompileOptions,
                v8::script_compiler::NoCacheReason::NoReason,
            )
        });
        let function = function.ok_or_else(|| format!("{name} cannot be compiled"))?;
        set(scope, all, name, function.into());
    }
    Ok(all)
}

/// Evaluates one part of the sandbox API, a function, and calls it.
fn evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
    source: &str,
    args: &[v8::Local<'s, v8::Value>],
) -> Result<v8::Local<'s, v8::Value>, String> {
    v8::tc_scope!(let scope, scope);
    let name = format!("lode:{name}");
    let function = run::compile(scope, &name, source)
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
