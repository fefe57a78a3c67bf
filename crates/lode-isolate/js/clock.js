// The clock of a job whose worker wants it coarse or frozen: every way to read the time in this
// realm goes through one function. A machine's clock can still be felt by what timers do first.
(function (parts, global) {
  'use strict';
  const { bridge } = parts;
  const { apply, hidden, TypeErrorCtor } = bridge;
  const RealDate = Date, { construct } = Reflect, { floor } = Math;
  const { now: realNow, parse, UTC } = Date;
  const dateToString = Date.prototype.toString;
  const { getOwnPropertyDescriptor, defineProperty } = Object;
  const toISOString = Date.prototype.toISOString;
  const STEP_MS = 100;

  // The vendored libraries keep this one, before there is a job.
  let read = realNow;
  hidden(RealDate, 'now', { now() { return read(); } }.now);

  function date() {
    function Date(...args) {
      if (new.target === undefined) return apply(dateToString, new RealDate(read()), []);
      return construct(RealDate, args.length === 0 ? [read()] : args, new.target);
    }
    defineProperty(Date, 'length', { __proto__: null, value: 7, configurable: true });
    defineProperty(Date, 'prototype', { __proto__: null, value: RealDate.prototype, writable: false });
    hidden(Date, 'now', RealDate.now);
    hidden(Date, 'parse', parse);
    hidden(Date, 'UTC', UTC);
    hidden(RealDate.prototype, 'constructor', Date);
    hidden(global, 'Date', Date);
  }

  // Formatting nothing formats now.
  function intl() {
    const { prototype } = Intl.DateTimeFormat;
    const { get } = getOwnPropertyDescriptor(prototype, 'format');
    defineProperty(prototype, 'format', {
      __proto__: null, configurable: true, enumerable: false, set: undefined,
      get() {
        const format = apply(get, this, []);
        return (value) => format(value === undefined ? read() : value);
      },
    });
    const parts = prototype.formatToParts;
    hidden(prototype, 'formatToParts', function formatToParts(value) {
      return apply(parts, this, [value === undefined ? read() : value]);
    });
  }

  function temporal() {
    const { Temporal } = global;
    if (Temporal === undefined) return;
    const { Now } = Temporal;
    const { timeZoneId } = Now;
    const { fromEpochMilliseconds } = Temporal.Instant;
    const { toZonedDateTimeISO } = Temporal.Instant.prototype;
    const { toPlainDateTime, toPlainDate, toPlainTime } = Temporal.ZonedDateTime.prototype;
    const instant = () => apply(fromEpochMilliseconds, Temporal.Instant, [read()]);
    const zoned = (zone) => apply(toZonedDateTimeISO, instant(), [zone === undefined ? timeZoneId() : zone]);
    hidden(Now, 'instant', { instant() { return instant(); } }.instant);
    const readers = {
      __proto__: null, zonedDateTimeISO: undefined, plainDateTimeISO: toPlainDateTime,
      plainDateISO: toPlainDate, plainTimeISO: toPlainTime,
    };
    for (const name in readers) {
      const convert = readers[name];
      hidden(Now, name, { [name](zone) {
        return convert === undefined ? zoned(zone) : apply(convert, zoned(zone), []);
      } }[name]);
    }
  }

  // Runs before the hook's code, which then finds nothing else.
  function set(kind) {
    if (kind === undefined) return;
    const start = realNow();
    const steps = () => floor(realNow() / STEP_MS) * STEP_MS;
    read = kind === 'frozen' ? () => start : steps;
    if (kind !== 'frozen' && kind !== 'coarse') throw new TypeErrorCtor('no such clock');
    date();
    intl();
    temporal();
  }

  // The time as the hook sees it, for what the modules write into documents.
  function now() { return read(); }
  function isoNow() { return apply(toISOString, new RealDate(read()), []); }

  return { __proto__: null, set, now, isoNow };
})
