//! [`Pipeline`]: the steps of one request in their order.

use std::ops::ControlFlow;
use std::sync::Arc;

use lode_store::{App, Store};

use crate::auth::{self, NoUsers};
use crate::exchange::Exchange;
use crate::fault::{Failure, Fault};
use crate::{Action, HookRunner, Reply, Request, Users, database};

/// The header by which a client leaves the hooks out, in the form that headers have here.
const SKIP_HOOKS: &str = "x-kinvey-skip-business-logic";

/// What serves requests: any number at once.
#[derive(Debug, Clone)]
pub struct Pipeline {
    store: Arc<dyn Store>,
    hooks: Arc<dyn HookRunner>,
    users: Arc<dyn Users>,
    now_ms: fn() -> u64,
}

impl Pipeline {
    /// A pipeline on this store, whose hooks run there. `now_ms` tells milliseconds since 1970.
    pub fn new(store: Arc<dyn Store>, hooks: Arc<dyn HookRunner>, now_ms: fn() -> u64) -> Self {
        Self {
            store,
            hooks,
            users: Arc::new(NoUsers),
            now_ms,
        }
    }

    /// The same with somebody who knows the apps' users. Without, only an app's own credentials
    /// are good for [`Self::serve_client`].
    #[must_use]
    pub fn with_users(self, users: Arc<dyn Users>) -> Self {
        Self { users, ..self }
    }

    /// Carries out one request of a client who has sent this value of `Authorization`: it decides
    /// `request.identity`, whatever stands there. Whatever fails is told in the reply.
    pub async fn serve_client(&self, authorization: Option<&str>, mut request: Request) -> Reply {
        let identity = async {
            let app = self.app(&request.app).await?;
            auth::identify(&app, authorization, self.users.as_ref()).await
        };
        match identity.await {
            Ok(identity) => {
                request.identity = identity;
                self.serve(request).await
            }
            Err(failure) => failure.into_reply(&request),
        }
    }

    /// Carries out one request of a client whose identity is known. Whatever fails is told in the
    /// reply.
    pub async fn serve(&self, request: Request) -> Reply {
        let served = self.carry_out(&request).await;
        served.unwrap_or_else(|failure| failure.into_reply(&request))
    }

    async fn app(&self, id: &str) -> Result<App, Failure> {
        let app = self.store.app(id).await?;
        app.ok_or_else(|| Fault::AppNotFound.because(format!("there is no app `{id}`")))
    }

    async fn carry_out(&self, request: &Request) -> Result<Reply, Failure> {
        self.app(&request.app).await?;
        let stored = self.stored_hooks(request).await?;
        let mut exchange = Exchange::new(request);
        if request.action == Action::Endpoint {
            return self.run_endpoint(request, &stored, exchange).await;
        }
        let hooks = self.present(request, request.action.pre_hooks(), &stored);
        if let ControlFlow::Break(reply) = self.run_hooks(request, hooks, &mut exchange).await? {
            return Ok(reply);
        }
        let store = self.store.as_ref();
        let done = database::act(store, request, &exchange, (self.now_ms)()).await?;
        exchange.answer(done);
        let hooks = self.present(request, request.action.post_hooks(), &stored);
        match self.run_hooks(request, hooks, &mut exchange).await? {
            ControlFlow::Break(reply) => Ok(reply),
            ControlFlow::Continue(()) => Ok(exchange.into_reply()),
        }
    }

    /// The names of the app's hooks, or none if the client leaves them out and may.
    async fn stored_hooks(&self, request: &Request) -> Result<Vec<String>, Failure> {
        let is_skip = |(name, value): (&String, &String)| {
            name.eq_ignore_ascii_case(SKIP_HOOKS) && value.trim().eq_ignore_ascii_case("true")
        };
        let skips = request.action != Action::Endpoint
            && request.identity.may_skip_hooks()
            && request.headers.iter().any(is_skip);
        if skips {
            return Ok(Vec::new());
        }
        let heads = self.store.hooks(&request.app).await?;
        Ok(heads.into_iter().map(|head| head.name).collect())
    }

    /// Those of the functions that the collection has. For others, no job is made.
    fn present(&self, request: &Request, functions: &[&str], stored: &[String]) -> Vec<String> {
        let name = |function: &&str| format!("{}.{function}", request.collection);
        let names = functions.iter().map(name);
        names.filter(|name| stored.contains(name)).collect()
    }

    async fn run_hooks(
        &self,
        request: &Request,
        hooks: Vec<String>,
        exchange: &mut Exchange,
    ) -> Result<ControlFlow<Reply>, Failure> {
        for hook in hooks {
            let job = exchange.job(&request.app, hook)?;
            let outcome = self.hooks.run(job).await?;
            if let ControlFlow::Break(reply) = exchange.take(outcome) {
                return Ok(ControlFlow::Break(reply));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// An endpoint's `continue()` ends it as `complete(200)` does: there is nothing to go on to.
    async fn run_endpoint(
        &self,
        request: &Request,
        stored: &[String],
        mut exchange: Exchange,
    ) -> Result<Reply, Failure> {
        let hook = format!("endpoint:{}", request.collection);
        if !stored.contains(&hook) {
            return Err(Fault::EndpointDoesNotExist.because(""));
        }
        match self.run_hooks(request, vec![hook], &mut exchange).await? {
            ControlFlow::Break(reply) => Ok(reply),
            ControlFlow::Continue(()) => Ok(exchange.into_reply()),
        }
    }
}
