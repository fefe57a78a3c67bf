// attack: host_errors: digs in an error of the store for what the host knows
// expect: completed
// body: {"own":["code","debug","message","name","stack"],"name":"DisallowedQuerySyntax","leaks":[]}
async function onRequest(request, response) {
  try {
    await db.find('host_error_has_no_cause', { $where: 'sleep(1)' });
  } catch (error) {
    const text = Reflect.ownKeys(error).map((key) => String(error[key])).join('\n');
    const leaks = ['sqlite', 'SELECT', '/root', 'crates/', '.rs', 'rusqlite', 'tokio'].filter((word) => text.includes(word));
    response.body = { own: Reflect.ownKeys(error).sort(), name: error.name, leaks };
    response.complete();
  }
}
