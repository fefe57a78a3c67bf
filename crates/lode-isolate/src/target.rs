//! The function that a hook's script is there for.

use deno_core::v8;
use lode_proto::hook::{COLLECTION_FUNCTIONS, ENDPOINT_FUNCTION};

use crate::natives::text;
use crate::run::compile;

/// What is called after the script has been evaluated.
pub(crate) enum Target<'s, 'n> {
    /// A hook's function, by its name.
    Function(&'n str, v8::Local<'s, v8::Function>),
    /// A plain script: it has said what it had to say, or has something pending.
    Plain,
    /// A named function that is not there; an error unless the script proves to be a plain one.
    Missing(String),
}

/// The function of the script to call: `wanted`, or the only hook function that it has. The error
/// names those between which nobody has decided.
pub(crate) fn find<'s, 'n>(
    scope: &mut v8::PinScope<'s, '_>,
    wanted: Option<&'n str>,
) -> Result<Target<'s, 'n>, String> {
    let known = COLLECTION_FUNCTIONS
        .iter()
        .copied()
        .chain([ENDPOINT_FUNCTION]);
    if let Some(name) = wanted {
        if let Some(function) = global_function(scope, name) {
            return Ok(Target::Function(name, function));
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
        (Some((name, function)), true) => Ok(Target::Function(name, function)),
        (Some((last, _)), false) => {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "the script has several hook functions: {}, {last}; name the one to run",
                names.join(", ")
            ))
        }
    }
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
