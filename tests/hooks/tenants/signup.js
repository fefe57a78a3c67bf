// Whoever signs up is looked at before, and greeted afterwards.
var RULES = {
  username: { required: true, pattern: ['^[a-z0-9]+$', '^.{3,12}$'] },
  email: { required: true, pattern: ['@'] },
  age: { min: 18, max: 120 }
};

function onPreSave(request, response, modules) {
  var errors = modules.validation.doValidation(RULES, request.body);
  if (errors.length) {
    response.body = { errors: errors };
    return response.complete(400);
  }
  var users = modules.collectionAccess.collection("user");
  users.findOne({ username: request.body.username }, { fields: ['_id'] }, function (err, user) {
    if (err) return response.error(err);
    if (!user) {
      request.body.email = request.body.email.toLowerCase();
      request.body.emailHash = new Buffer(request.body.email).toString('base64');
      request.body.trialEnds = modules.moment.utc('2014-02-26T19:45:22.211Z').add('days', 14).startOf('day');
      delete request.body.passwordAgain;
      response.continue();
    } else {
      response.body = { error: 'UserAlreadyExists', description: 'This username is already taken' };
      response.complete("409");
    }
  });
}

function onPostSave(request, response, modules) {
  var user = response.body, utils = modules.utils;
  var text = utils.renderTemplate('Hi {{name}},\nyour trial ends {{&when}}.{{#gifts}} You get: {{.}}{{/gifts}}', {
    name: user.name || user.username,
    when: modules.moment(user.trialEnds).utc().format('dddd, MMMM Do YYYY'),
    gifts: user.gifts
  });
  response.body.greeting = text;
  modules.email.send('shop@example.com', user.email, 'Welcome!', text, function (err, result) {
    if (err) { return response.error(err); }
    response.body.mailed = result.success;
    response.complete(201);
    response.continue();
  });
}
