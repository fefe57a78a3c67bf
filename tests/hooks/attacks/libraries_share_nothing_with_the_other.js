// attack: previous_job: leaves a mark on every library and looks for one, as a second file does
// expect: completed
// body: {"marks":[]}
function onRequest(request, response, modules) {
  const { async, bluebird, lodash, moment, request: http, utils } = modules;
  const owners = [async, bluebird, bluebird.prototype, lodash, lodash.prototype, moment, moment.fn, moment.localeData().__proto__, Buffer,
    Buffer.prototype, http, utils, modules.collectionAccess, modules.pubnub, modules];
  const marks = owners.map((owner, at) => ('mark_of_a_job' in owner && at !== 13 ? at : -1)).filter((at) => at >= 0);
  owners.forEach((owner) => { owner.mark_of_a_job = 1; });
  moment.locale('en');
  moment.updateLocale('en', { months: Array(12).fill('forged') });
  lodash.map = lodash.filter = () => { throw new Error('forged'); };
  response.body = { marks };
  response.complete();
}
