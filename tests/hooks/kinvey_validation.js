function onRequest(request, response, modules) {
  var doValidation = modules.validation.doValidation;
  function thrown(spec, object) { try { doValidation(spec, object); } catch (error) { return error.message; } }
  var spec = { name: { required: true, pattern: ['^[a-z]+$', '^.{3}$'] }, age: { min: 18, max: 65 } };
  response.body = [
    doValidation(spec, { name: 'abc', age: 18 }), doValidation(spec, { name: 'ABCD', age: 17 }),
    doValidation(spec, { age: 66 }), doValidation({ name: { pattern: [/^x/] } }, { name: 'y' }),
    doValidation({ a: { required: true } }, { a: '' }), doValidation({ a: { min: 1 } }, {}), doValidation({}, { a: 1 }),
    doValidation({ a: { max: 2 } }, { a: 2 }), doValidation({ a: { min: '2' } }, { a: 1.5 }),
    thrown(), thrown({}, 'text'), thrown(null, {}), thrown({}, undefined),
  ];
  response.complete();
}
