//! The outbox: recorded, claimed by one, settled, retried, and what is kept of it.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lode_store::{
    Attempt, Claimed, Effect, EffectKind, EffectQuery, EffectState, Keep, NewEffect, Retried, Store,
};

use crate::concurrency::on_many_threads;
use crate::place::Place;
use crate::{APP, new_app, store};

const LONG: Duration = Duration::from_secs(3_600);
/// A lease that has ended when it begins.
const NONE: Duration = Duration::ZERO;

fn email(app: &str) -> NewEffect {
    NewEffect {
        app: app.to_owned(),
        job: "j1".to_owned(),
        hook: "orders.onPostSave".to_owned(),
        kind: EffectKind::Email,
        payload: r#"{"to":"a@x.example"}"#.to_owned(),
        is_due: true,
        waiting_max: 1_000,
    }
}

async fn claim(store: &dyn Store, limit: usize, lease: Duration) -> Vec<Claimed> {
    let claimed = store.claim_effects(&EffectKind::ALL, limit, lease).await;
    claimed.unwrap()
}

async fn one(store: &dyn Store, id: &str) -> Effect {
    store.effect(id).await.unwrap().unwrap()
}

fn retry_now(error: &str) -> Attempt {
    Attempt::Retry {
        after: Duration::ZERO,
        error: error.to_owned(),
    }
}

#[tokio::test]
async fn an_effect_is_recorded_claimed_by_one_and_sent() {
    let store = store().await;
    let recorded = store.record_effect(email(APP)).await.unwrap();
    assert_eq!(recorded.state, EffectState::Recorded);
    assert_eq!(one(&*store, &recorded.id).await, recorded);

    let pushes = store.claim_effects(&[EffectKind::Push], 9, LONG).await;
    assert_eq!(pushes.unwrap(), [], "another kind");
    let claimed = claim(&*store, 9, LONG).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].effect.attempts, 1);
    assert_eq!(claimed[0].effect.payload, recorded.payload);
    assert_eq!(claim(&*store, 9, LONG).await, [], "it is claimed");

    let (id, token) = (&recorded.id, claimed[0].claim);
    assert!(store.settle_effect(id, token, Attempt::Sent).await.unwrap());
    assert!(!store.settle_effect(id, token, Attempt::Sent).await.unwrap());
    let sent = one(&*store, id).await;
    assert_eq!((sent.state, sent.next_at_ms), (EffectState::Sent, None));
    assert_eq!(store.retry_effect(id).await.unwrap(), Retried::AlreadySent);
}

#[tokio::test]
async fn a_claim_that_has_ended_is_somebody_elses_and_changes_nothing_but_that_it_was_sent() {
    let store = store().await;
    let id = store.record_effect(email(APP)).await.unwrap().id;
    let lost = claim(&*store, 1, NONE).await.remove(0);
    let held = claim(&*store, 1, LONG).await.remove(0);
    assert_eq!(held.effect.attempts, 2, "an attempt that died counts");
    let late = |attempt| store.settle_effect(&id, lost.claim, attempt);
    assert!(!late(retry_now("late")).await.unwrap());
    let failed = Attempt::Failed {
        error: "late".to_owned(),
    };
    assert!(!late(failed).await.unwrap());
    assert_eq!(one(&*store, &id).await, held.effect);
    assert!(late(Attempt::Sent).await.unwrap());
    // The other one may still fail: it was sent all the same.
    let failed = retry_now("too late");
    assert!(!store.settle_effect(&id, held.claim, failed).await.unwrap());
    assert_eq!(one(&*store, &id).await.state, EffectState::Sent);
}

#[tokio::test]
async fn an_effect_that_failed_is_due_again_when_it_says_so_and_by_hand() {
    let store = store().await;
    let id = store.record_effect(email(APP)).await.unwrap().id;
    let claimed = claim(&*store, 1, LONG).await.remove(0);
    assert_eq!(store.retry_effect(&id).await.unwrap(), Retried::BeingSent);
    let later = Attempt::Retry {
        after: LONG,
        error: "451 later".to_owned(),
    };
    store
        .settle_effect(&id, claimed.claim, later)
        .await
        .unwrap();
    assert_eq!(claim(&*store, 1, LONG).await, [], "not yet");
    let waiting = one(&*store, &id).await;
    assert_eq!(waiting.state, EffectState::Retrying);
    assert_eq!(waiting.error.as_deref(), Some("451 later"));

    let due = store.retry_effect(&id).await.unwrap();
    assert!(
        matches!(due, Retried::Due(Effect { attempts: 0, .. })),
        "{due:?}"
    );
    let claimed = claim(&*store, 1, LONG).await.remove(0);
    let failed = Attempt::Failed {
        error: "550 no".to_owned(),
    };
    store
        .settle_effect(&id, claimed.claim, failed)
        .await
        .unwrap();
    let given_up = one(&*store, &id).await;
    assert_eq!(
        (given_up.state, given_up.next_at_ms),
        (EffectState::Failed, None)
    );
    assert_eq!(claim(&*store, 1, NONE).await, []);
    store.retry_effect(&id).await.unwrap();
    assert_eq!(claim(&*store, 1, NONE).await.len(), 1, "failed ones, too");
    assert_eq!(store.retry_effect("none").await.unwrap(), Retried::Unknown);
}

#[tokio::test]
async fn without_anything_to_send_it_with_an_effect_waits_for_an_operator() {
    let store = store().await;
    let new = NewEffect {
        is_due: false,
        ..email(APP)
    };
    let id = store.record_effect(new).await.unwrap().id;
    assert_eq!(claim(&*store, 9, LONG).await, []);
    let due = store.retry_effect(&id).await.unwrap();
    assert!(matches!(due, Retried::Due(ref effect) if effect.state == EffectState::Recorded));
    assert_eq!(claim(&*store, 9, LONG).await.len(), 1);
}

#[tokio::test]
async fn an_app_with_a_thousand_due_effects_does_not_stand_before_the_others() {
    let store = store().await;
    store.create_app(new_app("small")).await.unwrap();
    for _ in 0..50 {
        store.record_effect(email(APP)).await.unwrap();
    }
    let last = store.record_effect(email("small")).await.unwrap();
    let claimed = claim(&*store, 4, LONG).await;
    let ids: Vec<&String> = claimed.iter().map(|claimed| &claimed.effect.id).collect();
    assert!(ids.contains(&&last.id), "{ids:?}");
    assert_eq!(ids.len(), 4, "the rest is the other app's");
}

#[tokio::test]
async fn an_app_may_have_so_much_waiting_and_no_more() {
    let store = store().await;
    let new = NewEffect {
        waiting_max: 2,
        ..email(APP)
    };
    store.record_effect(new.clone()).await.unwrap();
    store.record_effect(new.clone()).await.unwrap();
    let error = store.record_effect(new.clone()).await.unwrap_err();
    assert_eq!(error.code(), "LimitExceeded", "{error}");
    let claimed = claim(&*store, 1, LONG).await.remove(0);
    let sent = store.settle_effect(&claimed.effect.id, claimed.claim, Attempt::Sent);
    sent.await.unwrap();
    store.record_effect(new).await.unwrap();
    let unknown = store.record_effect(email("nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), "UnknownApp");
}

#[tokio::test]
async fn effects_are_listed_newest_first_by_app_kind_and_state_and_forgotten_beyond_their_number() {
    let store = store().await;
    store.create_app(new_app("other")).await.unwrap();
    let push = NewEffect {
        kind: EffectKind::Push,
        is_due: false,
        ..email(APP)
    };
    for _ in 0..5 {
        store.record_effect(push.clone()).await.unwrap();
    }
    store.record_effect(email(APP)).await.unwrap();
    store.record_effect(email("other")).await.unwrap();
    let list = async |query: EffectQuery| {
        let limit = 100;
        store.effects(EffectQuery { limit, ..query }).await.unwrap()
    };
    let all = list(EffectQuery::default()).await;
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by(|a, b| a.at_ms >= b.at_ms));
    let of = |app: &str| EffectQuery {
        app: Some(app.to_owned()),
        ..EffectQuery::default()
    };
    assert_eq!(list(of("other")).await.len(), 1);
    let pushes = EffectQuery {
        kind: Some(EffectKind::Push),
        state: Some(EffectState::Recorded),
        ..of(APP)
    };
    assert_eq!(list(pushes.clone()).await.len(), 5);

    let keep = Keep {
        count: 3,
        age: LONG,
    };
    store.prune_effects(keep).await.unwrap();
    assert!(list(pushes.clone()).await.len() <= 3);
    let keep = Keep {
        count: 100,
        age: Duration::ZERO,
    };
    store.prune_effects(keep).await.unwrap();
    assert_eq!(list(pushes).await, []);
    assert_eq!(list(EffectQuery::default()).await.len(), 2, "due ones stay");
}

#[tokio::test]
async fn each_effect_is_claimed_once_by_eight_claimants_on_two_connections() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    stores[0].create_app(new_app(APP)).await.unwrap();
    let mut recorded = BTreeSet::new();
    for _ in 0..60 {
        recorded.insert(stores[0].record_effect(email(APP)).await.unwrap().id);
    }
    let claimed = Mutex::new(Vec::new());
    on_many_threads(8, |thread| {
        let (store, claimed) = (&stores[thread % 2], &claimed);
        async move {
            loop {
                let some = claim(&**store, 3, LONG).await;
                if some.is_empty() {
                    return;
                }
                let ids = some.into_iter().map(|one| one.effect.id);
                claimed.lock().unwrap().extend(ids);
            }
        }
    });
    let claimed = claimed.into_inner().unwrap();
    assert_eq!(claimed.len(), 60);
    assert_eq!(BTreeSet::from_iter(claimed), recorded);
}

#[tokio::test]
async fn an_app_may_have_so_much_waiting_however_many_record_at_once() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    stores[0].create_app(new_app(APP)).await.unwrap();
    let recorded = AtomicUsize::new(0);
    on_many_threads(8, |thread| {
        let (store, recorded) = (&stores[thread % 2], &recorded);
        async move {
            for _ in 0..5 {
                let new = NewEffect {
                    waiting_max: 7,
                    ..email(APP)
                };
                match store.record_effect(new).await {
                    Ok(_) => recorded.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        assert_eq!(error.code(), "LimitExceeded", "{error}");
                        0
                    }
                };
            }
        }
    });
    assert_eq!(recorded.into_inner(), 7);
}

#[tokio::test]
async fn what_hooks_and_servers_say_is_kept_with_a_nul_in_it() {
    let store = store().await;
    let new = NewEffect {
        job: "j\0".to_owned(),
        ..email(APP)
    };
    let id = store.record_effect(new).await.unwrap().id;
    let claimed = claim(&*store, 1, LONG).await.remove(0);
    let failed = Attempt::Failed {
        error: "554 \0".to_owned(),
    };
    assert!(
        store
            .settle_effect(&id, claimed.claim, failed)
            .await
            .unwrap()
    );
    let found = one(&*store, &id).await;
    assert_eq!(
        (&*found.job, found.error.as_deref()),
        ("j\0", Some("554 \0"))
    );
}
