use std::time::Duration;

use super::*;

#[test]
fn buckets_add_up_and_failures_have_their_kind() {
    let mut plugin = PluginReading { evaluations: 3, microseconds: 57, remembered: 2, instances: 1, dropped_lines: 3, ..PluginReading::default() };
    plugin.buckets[1] = 2;
    plugin.buckets[4] = 1;
    plugin.failures.insert("deadline", 1);
    let mut reading = Reading { reloads: 4, rejections: 1, last_reload: Duration::from_millis(12), ..Reading::default() };
    reading.plugins.insert("deny-list".to_owned(), plugin);
    let mut out = String::new();
    write(&mut out, &reading);
    for line in [
        r#"portcullis_plugin_evaluation_seconds_bucket{plugin="deny-list",le="5e-6"} 0"#,
        r#"portcullis_plugin_evaluation_seconds_bucket{plugin="deny-list",le="1e-5"} 2"#,
        r#"portcullis_plugin_evaluation_seconds_bucket{plugin="deny-list",le="4e-5"} 3"#,
        r#"portcullis_plugin_evaluation_seconds_bucket{plugin="deny-list",le="+Inf"} 3"#,
        r#"portcullis_plugin_evaluation_seconds_count{plugin="deny-list"} 3"#,
        r#"portcullis_plugin_remembered_total{plugin="deny-list"} 2"#,
        r#"portcullis_plugin_failures_total{plugin="deny-list",kind="deadline"} 1"#,
        r#"portcullis_plugin_dropped_log_lines_total{plugin="deny-list"} 3"#,
        r#"portcullis_plugin_instances{plugin="deny-list"} 1"#,
        "portcullis_policy_reloads_total 4",
        "portcullis_policy_rejections_total 1",
        "portcullis_policy_reload_seconds 0.012",
    ] {
        assert!(out.lines().any(|found| found == line), "{line} is not in\n{out}");
    }
}
