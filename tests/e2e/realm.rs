//! What a worker's settings take out of the realm of hooks: code from strings, the clock.

use serde_json::{Map, Value, json};

use crate::support::{Place, Producer, Worker, script};

/// Every way from a text to code; what each gives or throws.
const FROM_STRINGS: &str = r#"
const tried = {};
const ways = {
  eval: () => eval('6 * 7'),
  indirect: () => (0, eval)('6 * 7'),
  Function: () => Function('return 6 * 7')(),
  constructor: () => (() => {}).constructor('return 6 * 7')(),
  generator: () => (function* () {}).constructor('yield 6 * 7')().next().value,
  async: () => typeof (async () => {}).constructor('return 1'),
  asyncGenerator: () => typeof (async function* () {}).constructor('yield 1'),
};
for (const name in ways) {
  try { tried[name] = ways[name](); } catch (error) { tried[name] = error.name; }
}
try { setTimeout('complete(null, "from a string")', 0); } catch (error) { tried.timer = error.name; }
complete(null, tried);"#;

/// What the app's script gives on a worker with these settings.
fn ask(settings: &[&str], text: &str) -> Value {
    let place = Place::redis();
    place.app("a", &[]);
    let own = ["JOBS_ALLOW_INLINE_SCRIPT=true", "POOL_WARM=1"];
    let _worker = Worker::start(&place, &[&own, settings].concat());
    let outcome = Producer::new(&place, "p").ask(script("a", text, json!({})));
    assert_eq!(outcome.tag.as_str(), "completed", "{outcome:?}");
    serde_json::from_str(outcome.response.body.get()).unwrap()
}

#[test]
fn code_from_strings_can_be_switched_off() {
    let mut expected = json!({
        "eval": 42, "indirect": 42, "Function": 42, "constructor": 42, "generator": 42,
        "async": "function", "asyncGenerator": "function", "timer": "TypeError",
    });
    assert_eq!(ask(&[], FROM_STRINGS), expected);
    for (name, value) in expected.as_object_mut().unwrap() {
        if name != "timer" {
            *value = json!("EvalError");
        }
    }
    assert_eq!(
        ask(&["JOBS_CODE_FROM_STRINGS=false"], FROM_STRINGS),
        expected
    );
}

/// Every way to read the time, as milliseconds within a second or as a text that has them; read
/// again and again over 250 ms. Gives `{way: [values]}`.
const CLOCKS: &str = r#"
const format = new Intl.DateTimeFormat('en', {
  hour12: false, timeZone: 'UTC', hour: '2-digit', minute: '2-digit', second: '2-digit',
  fractionalSecondDigits: 3,
});
const ways = {
  'Date.now': () => Date.now(),
  'new Date': () => +new Date(),
  'a subclass': () => +new (class extends Date {})(),
  'Reflect.construct': () => +Reflect.construct(Date, []),
  'the constructor': () => +new (new Date(0).constructor)(),
  'format': () => +format.format().split('.')[1],
  'format of undefined': () => +format.format(undefined).split('.')[1],
  'detached format': () => +[0].map(() => format.format)[0]().split('.')[1],
  'formatToParts': () => +format.formatToParts().find((part) => part.type === 'fractionalSecond').value,
  'Temporal.Now.instant': () => Temporal.Now.instant().epochMilliseconds,
  'Temporal.Now.zonedDateTimeISO': () => Temporal.Now.zonedDateTimeISO().epochMilliseconds,
  'Temporal.Now.zonedDateTimeISO of a zone': () => Temporal.Now.zonedDateTimeISO('Asia/Tokyo').epochMilliseconds,
  'Temporal.Now.plainDateTimeISO': () => Temporal.Now.plainDateTimeISO().millisecond,
  'Temporal.Now.plainTimeISO': () => Temporal.Now.plainTimeISO().millisecond,
};
if (typeof performance !== 'undefined') ways.performance = () => performance.now();
const seen = {};
const start = setInterval(() => {
  for (const name in ways) (seen[name] ??= []).push(ways[name]());
}, 7);
setTimeout(() => { clearInterval(start); complete(null, seen); }, 250);"#;

/// `{way: [values]}` with this clock.
fn clocks(settings: &[&str]) -> Map<String, Value> {
    let seen = ask(settings, CLOCKS);
    let seen = seen.as_object().unwrap().clone();
    assert!(seen.len() >= 14, "{seen:?}");
    seen
}

/// How many different values there are.
fn variety(values: &Value) -> usize {
    let values = values.as_array().unwrap().iter().map(Value::to_string);
    values.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn the_clock_goes_on_unless_it_is_told_not_to() {
    for (way, values) in clocks(&[]) {
        assert!(variety(&values) > 3, "{way}: {values}");
    }
}

#[test]
fn a_frozen_clock_stands_still_however_it_is_read() {
    for (way, values) in clocks(&["JOBS_CLOCK=frozen"]) {
        assert!(values.as_array().unwrap().len() > 3, "{way}: {values}");
        assert_eq!(variety(&values), 1, "{way}: {values}");
    }
}

#[test]
fn a_coarse_clock_goes_in_steps_of_100_ms_however_it_is_read() {
    for (way, values) in clocks(&["JOBS_CLOCK=coarse"]) {
        let in_steps = |value: &Value| value.as_u64().is_some_and(|ms| ms % 100 == 0);
        assert!(
            values.as_array().unwrap().iter().all(in_steps),
            "{way}: {values}"
        );
        assert!(variety(&values) > 1, "{way} stands still: {values}");
    }
}

#[test]
fn a_frozen_date_is_a_date_in_every_other_respect() {
    let text = r#"
const [text, next] = [Date(), Temporal.Now.plainDateISO().toString()];
complete(null, {
  year: new Date(2020, 1, 29, 12).getFullYear(),
  parsed: Date.parse('1970-01-01T00:00:01Z'), utc: Date.UTC(1970, 0, 2),
  ofText: +new Date('1970-01-01T00:00:00Z'), ofNothing: +new Date(undefined),
  text: typeof text, same: text === new Date().toString(), today: next === new Date().toISOString().slice(0, 10),
  instance: new Date() instanceof Date, tag: Object.prototype.toString.call(new Date()),
  subclass: new (class extends Date { hi() { return 'hi'; } })(0).hi(),
  shape: [Date.length, Date.name, Object.keys(Date).length, Date.prototype.constructor === Date],
});"#;
    let expected = json!({
        "year": 2020, "parsed": 1000, "utc": 86_400_000, "ofText": 0, "ofNothing": null,
        "text": "string", "same": true, "today": true, "instance": true, "tag": "[object Date]",
        "subclass": "hi", "shape": [7, "Date", 0, true],
    });
    assert_eq!(ask(&["JOBS_CLOCK=frozen"], text), expected);
    assert_eq!(ask(&[], text), expected, "as V8 has it");
}

#[test]
fn a_clock_that_does_not_exist_is_refused_with_those_that_do() {
    let place = Place::sqlite();
    let mut command = crate::support::lode();
    let told = place
        .finish(command.arg("config").env("LODE_JOBS_CLOCK", "sundial"))
        .bad(1);
    for word in ["jobs.clock", "sundial", "exact", "coarse", "frozen"] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[test]
fn memory_that_threads_could_share_never_comes_out() {
    let text = r#"
const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
const tried = { global: typeof SharedArrayBuffer };
const ways = {
  buffer: () => memory.buffer,
  getter: () => Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer').get.call(memory),
  resizable: () => memory.toResizableBuffer(), fixed: () => memory.toFixedLengthBuffer(),
};
for (const name in ways) {
  try { tried[name] = typeof ways[name](); } catch (error) { tried[name] = error.name; }
}
tried.plain = new WebAssembly.Memory({ initial: 1 }).buffer.byteLength;
complete(null, tried);"#;
    let expected = json!({
        "global": "undefined", "buffer": "TypeError", "getter": "TypeError",
        "resizable": "TypeError", "fixed": "TypeError", "plain": 65_536,
    });
    assert_eq!(ask(&[], text), expected);
}
