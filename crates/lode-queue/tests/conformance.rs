//! The conformance suite of the queue: every case runs on Redis and on SQLite.
//!
//! Redis is the server of `LODE_TEST_REDIS`, or a private one that each test starts and stops.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod cases;
mod support;

/// Runs each case on both implementations.
macro_rules! conformance {
    ($($topic:ident: $($case:ident)*;)*) => {
        mod on_redis {
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::cases::$topic::$case(crate::support::Bench::redis()).await;
                }
            )*)*
        }
        mod on_sqlite {
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::cases::$topic::$case(crate::support::Bench::sqlite()).await;
                }
            )*)*
        }
    };
}

conformance! {
    order:
        jobs_of_one_app_come_by_priority_then_arrival
        a_flooding_app_does_not_hold_up_another
        an_app_that_comes_one_by_one_does_not_overtake_all
        caps_hold_across_handles
        set_caps_lifts_and_pauses
        a_changed_default_cap_takes_effect;
    leases:
        an_expired_job_is_handed_over_as_lost
        an_expired_idempotent_job_runs_again_and_not_for_ever
        a_stale_worker_is_fenced_off
        extending_keeps_a_lease
        release_keeps_the_place_and_does_not_count
        a_released_lost_job_stays_lost
        retry_counts_the_attempt
        wait_returns_when_another_handle_frees_a_place
        wait_returns_when_another_handle_leaves_jobs;
    inbox:
        malformed_jobs_reach_a_worker
        a_live_id_is_enqueued_once
        a_settled_id_may_come_again
        an_id_of_one_app_is_free_for_another
        an_id_that_looks_like_an_entry_loses_nothing
        odd_ids_and_apps_come_back_unchanged
        a_job_of_a_megabyte_passes;
    settling:
        a_job_settles_once
        replies_come_in_order_and_once
        a_reader_that_waits_gets_the_outcome
        dead_jobs_are_kept_with_their_reason
        a_reply_to_of_the_queues_own_does_not_fail_the_settle
        stats_follow_the_jobs
        four_workers_settle_each_job_exactly_once
        ping_names_the_server;
}
