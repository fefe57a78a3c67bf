// attack: reentry: makes the hook function a Proxy whose traps see the host's arguments
// expect: completed
// body: {"args":3,"self":"undefined"}
var onRequest = new Proxy(function () {}, {
  apply(target, self, args) {
    args[1].body = { args: args.length, self: typeof self };
    args[1].complete();
  },
});
