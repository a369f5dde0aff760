//! What the policy engine counts, by plugin, in the same text as the other counters. Plugins' names are the operator's own, and bounded in what they hold.

use std::fmt::Write;

use policy::metrics::{BUCKETS, PluginReading, Reading};

/// Adds it. Writing into a string cannot fail, so nothing is said of that.
pub(super) fn write(out: &mut String, reading: &Reading) {
    let _ = evaluations(out, reading).and_then(|()| others(out, reading)).and_then(|()| reloads(out, reading));
}

/// How long calls took: a histogram in seconds, with bounds where microseconds count.
fn evaluations(out: &mut String, reading: &Reading) -> std::fmt::Result {
    const NAME: &str = "portcullis_plugin_evaluation_seconds";
    writeln!(out, "# HELP {NAME} Calls that ran a component, by how long they took.\n# TYPE {NAME} histogram\n# UNIT {NAME} seconds")?;
    for (plugin, PluginReading { buckets, microseconds, evaluations, .. }) in &reading.plugins {
        let mut so_far = 0;
        for (bound, count) in BUCKETS.iter().zip(buckets) {
            so_far += count;
            writeln!(out, "{NAME}_bucket{{plugin=\"{plugin}\",le=\"{:?}\"}} {so_far}", *bound as f64 / 1e6)?;
        }
        // Read one after the other while calls go on: the whole is never less than its parts.
        let all = (so_far + buckets[BUCKETS.len()]).max(*evaluations);
        writeln!(out, "{NAME}_bucket{{plugin=\"{plugin}\",le=\"+Inf\"}} {all}")?;
        writeln!(out, "{NAME}_sum{{plugin=\"{plugin}\"}} {:?}\n{NAME}_count{{plugin=\"{plugin}\"}} {all}", *microseconds as f64 / 1e6)?;
    }
    Ok(())
}

fn others(out: &mut String, reading: &Reading) -> std::fmt::Result {
    writeln!(out, "# HELP portcullis_plugin_remembered Verdicts that were remembered instead.\n# TYPE portcullis_plugin_remembered counter")?;
    for (plugin, reading) in &reading.plugins {
        writeln!(out, "portcullis_plugin_remembered_total{{plugin=\"{plugin}\"}} {}", reading.remembered)?;
    }
    writeln!(out, "# HELP portcullis_plugin_failures Calls that failed: traps, and limits that were hit, by kind.\n# TYPE portcullis_plugin_failures counter")?;
    for (plugin, reading) in &reading.plugins {
        for (kind, count) in &reading.failures {
            writeln!(out, "portcullis_plugin_failures_total{{plugin=\"{plugin}\",kind=\"{kind}\"}} {count}")?;
        }
    }
    writeln!(out, "# HELP portcullis_plugin_dropped_log_lines Lines of the log that were dropped: of a call, or of a second, that had too many.\n# TYPE portcullis_plugin_dropped_log_lines counter")?;
    for (plugin, reading) in &reading.plugins {
        writeln!(out, "portcullis_plugin_dropped_log_lines_total{{plugin=\"{plugin}\"}} {}", reading.dropped_lines)?;
    }
    writeln!(out, "# HELP portcullis_plugin_instances Instances that run now.\n# TYPE portcullis_plugin_instances gauge")?;
    for (plugin, reading) in &reading.plugins {
        writeln!(out, "portcullis_plugin_instances{{plugin=\"{plugin}\"}} {}", reading.instances)?;
    }
    Ok(())
}

fn reloads(out: &mut String, reading: &Reading) -> std::fmt::Result {
    writeln!(out, "# HELP portcullis_policy_reloads Policy sets that went live.\n# TYPE portcullis_policy_reloads counter")?;
    writeln!(out, "portcullis_policy_reloads_total {}", reading.reloads)?;
    writeln!(out, "# HELP portcullis_policy_rejections Policy sets that were rejected.\n# TYPE portcullis_policy_rejections counter")?;
    writeln!(out, "portcullis_policy_rejections_total {}", reading.rejections)?;
    const NAME: &str = "portcullis_policy_reload_seconds";
    writeln!(out, "# HELP {NAME} From the first look at the files to the swap, the last time.\n# TYPE {NAME} gauge\n# UNIT {NAME} seconds")?;
    writeln!(out, "{NAME} {:?}", reading.last_reload.as_secs_f64())
}

#[cfg(test)]
mod tests;
