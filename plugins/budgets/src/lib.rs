//! The guard `budgets`: so many deletions an hour, so many Secrets read, so many pods made, for each agent, session or sponsor. `README.md` beside it is for operators.
//!
//! ```yaml
//! budgets:
//!   - rule: deletions
//!     match: [{ verbs: [delete, deletecollection] }]
//!     most: 20
//!     within: 1h
//!     per: [subject]
//! ```
//!
//! A request is charged to every budget that it fits. What the gateway does not forward after all is given back; a dry run is not charged.

use portcullis_sdk::counter::{self, Charge, Excess};
use portcullis_sdk::{Finding, JsonSchema, Match, Request, Seconds, Verdict, guard};
use serde::Deserialize;

mod amount;
mod key;

pub use amount::Unit;
pub use key::Per;

/// Budgets of one kind; what one call of the gateway's counts takes.
const BUDGETS: usize = 16;

/// The longest window that the gateway counts.
const LONGEST: u32 = 31 * 24 * 3600;

/// The configuration of `budgets`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// All that a request fits are charged.
    pub budgets: Vec<Budget>,
}

/// How much of something may be done within a length of time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// A stable name, unique here.
    pub rule: String,
    /// The requests that use it up: those that fit one of these.
    #[serde(rename = "match")]
    pub matches: Vec<Match>,
    /// Which of them do not, although they fit.
    #[serde(default)]
    pub except: Vec<Match>,
    /// How much there is.
    #[schemars(range(min = 1))]
    pub most: u32,
    /// Within which time: `1h`. At most 31 days, counted to a twentieth.
    pub within: Seconds,
    /// What is counted.
    #[serde(default)]
    pub count: Unit,
    /// How much a request about a whole collection (list, watch, deletecollection) uses.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub collection: u32,
    /// For each of what it is counted apart; all of them together make one count. Without it, for everybody together.
    #[serde(default = "each_subject")]
    pub per: Vec<Per>,
    /// What happens to a request that does not fit any more.
    #[serde(default)]
    pub then: Then,
    /// One sentence, instead of the plugin's own.
    #[serde(default)]
    pub message: Option<String>,
    /// What to do instead of waiting.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// What happens beyond a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Refused.
    #[default]
    Deny,
    /// A person must approve it. What was approved is not charged.
    Approve,
}

fn one() -> u32 {
    1
}

fn each_subject() -> Vec<Per> {
    vec![Per::Subject]
}

/// The guard.
pub fn judge(config: &Config, request: &Request<'_>) -> Verdict {
    if request.is_dry_run() {
        return Verdict::NoOpinion;
    }
    // Those that refuse come first: what a person may allow beyond the others is charged to these all the same.
    for then in [Then::Deny, Then::Approve] {
        let (budgets, charges): (Vec<&Budget>, Vec<Charge>) = config
            .budgets
            .iter()
            .filter(|budget| budget.then == then && budget.is_about(request))
            .filter_map(|budget| Some((budget, budget.charge(request)?)))
            .unzip();
        if charges.is_empty() {
            continue;
        }
        if let Some(excess) = counter::spend(&charges) {
            // The index is the gateway's: it names one of the charges.
            let finding = budgets[excess.index as usize].finding(&charges[excess.index as usize], excess);
            return match then {
                Then::Deny => Verdict::Deny(finding),
                Then::Approve => Verdict::RequireApproval(finding),
            };
        }
    }
    Verdict::NoOpinion
}

impl Budget {
    /// What a request does not say counts for it, and against its exceptions.
    fn is_about(&self, request: &Request<'_>) -> bool {
        self.matches.iter().any(|one| one.may_fit(request)) && !self.except.iter().any(|one| one.fits(request))
    }

    /// Nothing when the request makes nothing of what is counted.
    fn charge(&self, request: &Request<'_>) -> Option<Charge> {
        let amount = amount::of(self, request);
        (amount > 0).then(|| counter::charge(key::of(&self.rule, &self.per, request), amount).of(u64::from(self.most)).within_seconds(self.within.0))
    }

    fn finding(&self, charge: &Charge, excess: Excess) -> Finding {
        let message = self.message.clone().unwrap_or_else(|| {
            let wanted = if charge.amount == 1 { String::new() } else { format!(", and this needs {}", charge.amount) };
            format!("{} of {} within {} are used{wanted}", excess.used, self.most, length(self.within.0))
        });
        let wait = match u64::from(charge.amount) > u64::from(self.most) {
            true => "do less at once".to_owned(),
            false => format!("it fits again in {}", length(excess.fits_after)),
        };
        let remedy = match &self.remedy {
            Some(instead) => format!("{wait}, or {instead}"),
            None => wait,
        };
        Finding::new(self.rule.clone(), message).remedy(remedy)
    }
}

/// As a person says it: in the largest unit that is not a part, upwards.
fn length(seconds: u32) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

/// What the types cannot say.
fn validate(config: &Config) -> Result<(), String> {
    for then in [Then::Deny, Then::Approve] {
        let some = config.budgets.iter().filter(|budget| budget.then == then).count();
        if some > BUDGETS {
            return Err(format!("budgets: there are {some} of one kind, and may be {BUDGETS}: put the others into a second plugin"));
        }
    }
    for (index, budget) in config.budgets.iter().enumerate() {
        let fail = |message: &str| Err(format!("budgets[{index}]: {message}"));
        if budget.rule.is_empty() || budget.rule.len() > 63 {
            return fail("rule: write a name of 1 to 63 characters");
        }
        if config.budgets[..index].iter().any(|other| other.rule == budget.rule) {
            return fail("rule: another budget has this name, and their counts would be one: give it its own");
        }
        if budget.matches.is_empty() {
            return fail("match: an empty list fits nothing: write [{}] for every resource");
        }
        if budget.most == 0 || budget.collection == 0 {
            return fail("most, collection: write a number of 1 or more; to refuse altogether is `deny-list`'s affair");
        }
        if budget.within.0 == 0 || budget.within.0 > LONGEST {
            return fail("within: write a length up to 31d");
        }
    }
    Ok(())
}

guard! { config: Config, schema: "../schema.json", validate: validate, evaluate: judge }

#[cfg(test)]
mod tests;
