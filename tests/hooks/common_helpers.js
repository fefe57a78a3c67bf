var greeting = 'hello';

function greet(name) {
  return greeting + ' ' + name.toUpperCase();
}
