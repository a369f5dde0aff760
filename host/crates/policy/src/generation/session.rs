//! Session policies: all are asked; one refusal refuses, and the narrowest of each term holds.

use std::sync::Arc;

use crate::failure::{Failure, FailureCause};
use crate::generation::Generation;
use crate::generation::judge::shown;
use crate::matching::canary::{Who, is_asked};
use crate::plugin::Plugin;
use crate::wit::{Finding, SessionAsk, SessionOpinion, Terms};

/// Whether a session may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAnswer {
    /// No policy has an opinion: the gateway's own defaults apply.
    NoOpinion,
    /// On these terms at most.
    Open(Terms),
    /// Refused, by this plugin, for this reason.
    Refuse(Arc<str>, Finding),
    /// A policy could not be asked: refused as well.
    Failed(Failure),
}

impl Generation {
    /// Asks every session policy whose `match` holds.
    pub async fn open_session(&self, ask: &SessionAsk) -> SessionAnswer {
        self.open_session_by(ask, |_| true).await
    }

    pub(crate) async fn open_session_by(&self, ask: &SessionAsk, which: impl Fn(&Plugin) -> bool) -> SessionAnswer {
        let mut terms: Option<Terms> = None;
        let who = Who::new(&ask.identity);
        for plugin in self.session_policies.iter().filter(|p| which(p) && p.matcher.ask(ask) && is_asked(p, &self.session_policies, &who)) {
            let result = plugin.make(plugin.version.open_session(plugin.call(&|| plugin.state()), ask)).await;
            let answer = result.and_then(|(answer, _)| match answer {
                SessionOpinion::Open(terms) if terms.ttl == 0 || terms.idle == 0 || terms.requests == Some(0) => {
                    let why = "it opens a session for no time or no requests; it means refuse".to_owned();
                    Err(plugin.callable().failure(FailureCause::Answer(why)))
                }
                SessionOpinion::Refuse(mut finding) => match shown(&mut finding) {
                    Ok(_) => Ok(SessionOpinion::Refuse(finding)),
                    Err(why) => Err(plugin.callable().failure(FailureCause::Answer(why))),
                },
                answer => Ok(answer),
            });
            match answer {
                Ok(SessionOpinion::NoOpinion) => {}
                Ok(SessionOpinion::Open(more)) => terms = Some(terms.map_or(more, |terms| terms.narrowest(more))),
                Ok(SessionOpinion::Refuse(finding)) => return SessionAnswer::Refuse(plugin.name.clone(), finding),
                Err(failure) => {
                    plugin.metrics.failed(failure.cause.kind());
                    tracing::warn!(plugin = %plugin.name, %failure, "a policy plugin failed");
                    return SessionAnswer::Failed(failure);
                }
            }
        }
        terms.map_or(SessionAnswer::NoOpinion, SessionAnswer::Open)
    }
}

#[cfg(test)]
mod tests;
