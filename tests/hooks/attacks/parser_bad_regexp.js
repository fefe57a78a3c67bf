// attack: parser: a regular expression literal that cannot be
// expect: hook_syntax
// debug: Invalid regular expression
const pattern = /(?<name>a)(?<name>b)(/;
