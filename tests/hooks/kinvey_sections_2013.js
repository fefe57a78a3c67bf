/** 8d6c7d20-1894-11e2-892e-0800200c9a66  onPreSave  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
function onPreSave(request, response, modules) { request.body.by = helper(); response.continue(); }
function helper() { return 'pre'; }
/** 8d6c7d20-1894-11e2-892e-0800200c9a66  end  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
/** 8d6c7d20-1894-11e2-892e-0800200c9a66  onPostSave  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
function onPostSave(request, response, modules) { response.body.by = helper(); response.continue(); }
function helper() { return 'post'; }
/** 8d6c7d20-1894-11e2-892e-0800200c9a66  end  8d6c7d20-1894-11e2-892e-0800200c9a66 **/
