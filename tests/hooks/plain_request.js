complete(null, { body: request.body, params: request.params, method: request.method, types: typeof db + typeof complete });
