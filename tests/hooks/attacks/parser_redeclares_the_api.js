// attack: parser: declares what the API has put on the global object
// expect: completed
// body: {"alive":true}
const own = complete;
var db = { stolen: true };
function console() {}
own(null, { alive: db.stolen === true && typeof console === 'function' });
