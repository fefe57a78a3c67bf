// No semicolon at the end, on purpose
var counted = greeting.length