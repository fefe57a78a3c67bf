//! The conformance suite of the queue: every case runs on Redis, on a Redis Cluster, on
//! Valkey where there is one, and on SQLite.
//!
//! Redis is the server of `LODE_TEST_REDIS`, or a private one that each test starts and stops; the
//! cluster is that of `LODE_TEST_REDIS_CLUSTER`, or three private nodes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod cases;
mod support;

/// Runs each case on each kind of storage.
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
        mod on_cluster {
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::cases::$topic::$case(crate::support::Bench::cluster().await).await;
                }
            )*)*
        }
        mod on_valkey {
            $($(
                #[tokio::test]
                async fn $case() {
                    if let Some(bench) = crate::support::Bench::valkey() {
                        crate::cases::$topic::$case(bench).await;
                    }
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
        quotas_lift_and_lower_caps
        apps_share_by_weight
        an_app_that_is_passed_over_keeps_its_place
        a_changed_default_cap_takes_effect;
    quotas:
        an_app_starts_no_more_jobs_than_its_rate
        a_wait_ends_when_the_rate_allows_the_next
        a_hook_at_its_rate_holds_up_no_other
        a_hook_limited_later_is_limited
        what_is_released_takes_no_start_of_a_rate
        a_paused_app_starts_none
        a_paused_queue_starts_none;
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
    losses:
        a_lost_worker_loses_its_leases
        a_worker_that_tends_keeps_its_leases
        a_job_that_loses_its_workers_is_poison
        a_lost_worker_counts_as_a_loss
        a_worker_that_leaves_counts_as_none
        what_a_lost_worker_was_to_settle_goes_to_another
        workers_are_known_while_they_tend;
    inbox:
        malformed_jobs_reach_a_worker
        a_live_id_is_enqueued_once
        an_id_of_one_app_is_free_for_another
        a_settled_id_may_come_again
        an_id_that_looks_like_an_entry_loses_nothing
        odd_ids_and_apps_come_back_unchanged
        a_job_of_a_megabyte_passes
        many_are_enqueued_in_their_order;
    duplicates:
        whoever_enqueues_a_live_id_gets_its_outcome_too
        an_enqueue_tried_again_is_answered_once
        a_kept_result_answers_who_comes_later
        a_kept_result_is_told_so_often_and_no_more
        so_many_wait_for_one_job_and_no_more
        a_list_that_takes_no_outcome_joins_nothing
        two_squatters_do_not_make_a_job_run_twice
        the_name_that_a_job_was_given_is_not_its_own
        names_made_to_look_alike_are_told_apart
        a_key_names_the_job_that_had_it_and_no_other_of_that_id
        a_dedupe_key_makes_one_job_of_many
        a_dedupe_key_outlives_its_job_for_its_time
        a_dedupe_key_finds_the_kept_result
        a_dedupe_key_ends_with_its_time
        a_refused_job_leaves_no_key_and_no_result;
    bounds:
        a_full_app_refuses_and_others_do_not
        the_bound_of_an_app_is_its_quota
        a_full_queue_refuses_all
        jobs_that_nobody_can_read_have_no_app_bound
        the_refused_come_beside_those_that_run;
    delays:
        a_delayed_job_waits_for_its_time
        a_wait_ends_when_a_delayed_job_is_due
        a_time_that_makes_no_sense_is_no_delay
        a_job_that_is_due_has_its_old_place
        retry_waits_for_its_delay
        a_job_that_does_not_start_in_time_expires
        a_wait_ends_when_a_deadline_passes
        a_deadline_counts_until_the_first_start;
    cancel:
        a_job_that_waits_is_cancelled_at_once
        a_running_job_is_cancelled_through_its_worker
        a_cancelled_job_that_comes_back_does_not_run
        a_cancelled_job_whose_lease_expires_does_not_run
        an_app_cancels_its_own_jobs_only;
    breaker:
        one_bad_job_too_many_suspends_the_app
        a_lifted_ban_forgets_the_bad_jobs
        bad_jobs_are_forgiven_in_time
        a_ban_of_an_admin_ends_in_time
        a_breaker_of_zero_suspends_nobody;
    schedules:
        a_tick_fires_once_among_all_workers
        a_schedule_that_stays_keeps_its_tick
        a_schedule_may_end;
    settling:
        a_job_settles_once
        replies_come_in_order_and_once
        a_reader_that_waits_gets_the_outcome
        dead_jobs_are_kept_with_their_reason
        a_reply_to_of_the_queues_own_does_not_fail_the_settle
        stats_follow_the_jobs
        four_workers_settle_each_job_exactly_once
        ping_names_the_server
        the_result_of_a_job_that_named_its_id_is_kept
        progress_is_shown_and_pushed;
    admin:
        peek_shows_what_would_start_next
        peek_shows_the_jobs_of_many_apps_in_their_order
        inspect_shows_one_job
        apps_are_shown_by_their_jobs
        dead_jobs_of_one_app_are_found
        dead_jobs_are_queued_anew
        a_dead_job_whose_id_is_live_again_stays
        a_dead_job_for_which_there_is_no_room_stays
        dead_jobs_are_purged;
}
