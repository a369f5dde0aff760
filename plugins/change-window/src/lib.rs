//! The guard `change-window`: changes are made in the hours in which somebody can look after them. `README.md` beside it is for operators.
//!
//! ```yaml
//! zone: { offset: "+01:00", summer: eu }
//! open:
//!   - { days: [mon, tue, wed, thu], from: "09:00", to: "16:00" }
//! freezes:
//!   - { from: 2026-12-21, to: 2027-01-03, reason: end of the year }
//! ```

use portcullis_sdk::calendar::{Date, Hours, Moment, Zone};
use portcullis_sdk::matching::Patterns;
use portcullis_sdk::{Finding, JsonSchema, Match, Request, Verdict, clock, guard};
use serde::Deserialize;

/// The configuration of `change-window`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// By which clock the hours and dates are meant. Without it, UTC.
    #[serde(default)]
    pub zone: Zone,
    /// When changes may be made: in any of these hours.
    pub open: Vec<Hours>,
    /// Dates on which they may not, whatever the hour.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
    /// The requests that it is about: those that fit one of these. Without it, every write of a resource that is no dry run and no question about oneself.
    #[serde(default, rename = "match")]
    pub matches: Option<Vec<Match>>,
    /// Which of them it is not about.
    #[serde(default)]
    pub except: Vec<Match>,
    /// Members of these groups may make changes at any time: for emergencies.
    #[serde(default)]
    pub emergency: Option<Patterns>,
    /// What happens to a change outside of the hours.
    #[serde(default)]
    pub then: Then,
    /// What to do instead of waiting.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// Dates on which nothing is changed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Why, for whoever is refused.
    #[serde(default)]
    pub reason: Option<String>,
    /// What happens to a change on these days, when it is not what happens at other times.
    #[serde(default)]
    pub then: Option<Then>,
}

/// What happens to a change at the wrong time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// A person must approve it.
    #[default]
    Approve,
    /// Refused.
    Deny,
}

/// The guard.
pub fn judge(config: &Config, request: &Request<'_>) -> Verdict {
    if !config.is_about(request) || config.is_emergency(request) {
        return Verdict::NoOpinion;
    }
    // Asked for last: what it is not about needs no time.
    let now = config.zone.moment(clock::now());
    if let Some(freeze) = config.freezes.iter().find(|freeze| (freeze.from..=freeze.to).contains(&now.date)) {
        let reason = freeze.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let finding = Finding::new("freeze", format!("nothing is changed from {} to {}{reason}", freeze.from, freeze.to));
        return config.verdict(freeze.then.unwrap_or(config.then), finding, "make the change afterwards");
    }
    if config.open.iter().any(|hours| hours.hold(&now)) {
        return Verdict::NoOpinion;
    }
    let Moment { day, time, .. } = now;
    let finding = Finding::new("outside-hours", format!("changes are made in their hours, and it is {time} on {}", name(day)));
    config.verdict(config.then, finding, &format!("make the change {}", config.hours()))
}

impl Config {
    /// What a request does not say counts for it, and against its exceptions.
    fn is_about(&self, request: &Request<'_>) -> bool {
        let about = match &self.matches {
            Some(matches) => matches.iter().any(|one| one.may_fit(request)),
            None => request.is_resource() && request.is_write() && !request.is_dry_run() && !is_question(request),
        };
        about && !self.except.iter().any(|one| one.fits(request))
    }

    fn is_emergency(&self, request: &Request<'_>) -> bool {
        self.emergency.as_ref().is_some_and(|groups| request.identity().groups.iter().any(|group| groups.fit(group)))
    }

    fn verdict(&self, then: Then, finding: Finding, otherwise: &str) -> Verdict {
        let remedy = match &self.remedy {
            Some(instead) => format!("{otherwise}, or {instead}"),
            None => otherwise.to_owned(),
        };
        match then {
            Then::Approve => Verdict::RequireApproval(finding.remedy(remedy)),
            Then::Deny => Verdict::Deny(finding.remedy(remedy)),
        }
    }

    /// `on mon, tue from 09:00 to 16:00 or on sat`.
    fn hours(&self) -> String {
        let all = self.open.iter().map(|hours| {
            let days = hours.days.as_ref().map(|days| format!("on {} ", days.iter().map(|day| name(*day)).collect::<Vec<_>>().join(", "))).unwrap_or_default();
            format!("{days}from {} to {}", hours.from, hours.to)
        });
        let all = all.collect::<Vec<_>>().join(" or ");
        if all.is_empty() { "never, by this configuration".to_owned() } else { all }
    }
}

/// Reviews are created and change nothing.
fn is_question(request: &Request<'_>) -> bool {
    matches!(request.group(), "authorization.k8s.io" | "authentication.k8s.io") && request.verb() == "create" && request.resource().ends_with("reviews")
}

fn name(day: portcullis_sdk::calendar::Day) -> &'static str {
    use portcullis_sdk::calendar::Day;
    match day {
        Day::Mon => "Monday",
        Day::Tue => "Tuesday",
        Day::Wed => "Wednesday",
        Day::Thu => "Thursday",
        Day::Fri => "Friday",
        Day::Sat => "Saturday",
        Day::Sun => "Sunday",
    }
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    for (index, hours) in config.open.iter().enumerate() {
        hours.validate().map_err(|why| format!("open[{index}]: {why}"))?;
    }
    for (index, freeze) in config.freezes.iter().enumerate() {
        if freeze.from > freeze.to {
            return Err(format!("freezes[{index}]: it ends on {} before it begins on {}: exchange `from` and `to`", freeze.to, freeze.from));
        }
    }
    if config.matches.as_ref().is_some_and(Vec::is_empty) {
        return Err("match: an empty list fits nothing: leave the key out for every write".to_owned());
    }
    Ok(())
}

guard! { config: Config, schema: "../schema.json", validate: validate, evaluate: judge }

#[cfg(test)]
mod tests;
