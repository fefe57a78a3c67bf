// An exception that nobody catches: the report's text and stack must be the same, too.
class Refused extends Error {
  get name() { return 'Refused'; }
}
function check(value) {
  if (value > 90) throw new Refused(`value ${value} is above 90`);
  return value;
}
[1, 50, 91].map((value) => check(value));
