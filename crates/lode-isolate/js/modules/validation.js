// `modules.validation`, with Kinvey's messages and its habits: a bound on a value that is not there
// is broken without a message.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { apply, isArray, keys, put, toNumber, toString, ErrorCtor } = bridge;
  const RegExpCtor = RegExp;
  const test = RegExp.prototype.test;
  const isObject = (value) => typeof value === 'object' && value !== null;
  const missing = (value) => value === undefined || value === null;

  // Undefined for a value that fits, otherwise the message.
  function check(kind, expected, name, value) {
    switch (kind) {
      case 'required':
        return missing(value) ? `${name} is required` : undefined;
      case 'min':
        if (missing(value)) return null;
        return value < expected ? `${name} must be greater than or equal to ${toNumber(expected)}` : undefined;
      case 'max':
        if (missing(value)) return null;
        return value > expected ? `${name} must be less than or equal to ${toNumber(expected)}` : undefined;
      case 'pattern': {
        const patterns = isArray(expected) ? expected : [expected], broken = [];
        for (let i = 0; i < patterns.length; i++) {
          const fits = value !== undefined && apply(test, new RegExpCtor(patterns[i]), [value]);
          if (!fits) put(broken, broken.length, `${name} must match regex of ${toString(patterns[i])}`);
        }
        return broken.length === 0 ? undefined : broken;
      }
      default:
        return null;
    }
  }

  function doValidation(spec, object) {
    if (!isObject(spec) || !isObject(object)) {
      throw new ErrorCtor('doValidation function requires two Object arguments');
    }
    const errors = [], names = keys(spec);
    for (let i = 0; i < names.length; i++) {
      const attr = names[i], rules = isObject(spec[attr]) ? spec[attr] : {}, kinds = keys(rules);
      for (let j = 0; j < kinds.length; j++) {
        const msg = check(kinds[j], rules[kinds[j]], attr, object[attr]);
        if (msg !== undefined) put(errors, errors.length, { attr, valid: false, msg });
      }
    }
    return errors;
  }

  return { __proto__: null, validation: { doValidation } };
})
