//! What policies are told, from what the gateway knows.

use identity::{Identity, Kind};
use kube_request::KubeRequest;
use policy::{Facts, IdentityFacts, IdentityKind, RequestFacts, SessionFacts};

use crate::gateway::Caller;
use crate::trail::Trail;

/// Everything besides the body. What the trail has rendered is not rendered again.
pub fn of(connection: &str, caller: &Caller, request: &KubeRequest, trail: &Trail) -> Facts {
    with(caller, match trail.rendered() {
        Some((hash, command)) => RequestFacts::rendered(connection, request, hash.to_owned(), command.to_owned()),
        None => RequestFacts::new(connection, request),
    })
}

/// The same of a request that was not made, only asked about.
pub fn supposed(connection: &str, caller: &Caller, request: &KubeRequest) -> Facts {
    with(caller, RequestFacts::new(connection, request))
}

fn with(caller: &Caller, request: RequestFacts) -> Facts {
    let session = &caller.session;
    Facts {
        identity: identity(&caller.identity),
        session: SessionFacts {
            id: session.id.clone(),
            purpose: session.purpose.clone(),
            opened: milliseconds(session.opened),
            expires: milliseconds(session.expires),
        },
        request,
    }
}

/// Who asks.
pub fn identity(identity: &Identity) -> IdentityFacts {
    IdentityFacts {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        kind: match identity.kind {
            Kind::Human => IdentityKind::Human,
            Kind::Agent => IdentityKind::Agent,
            Kind::Workload => IdentityKind::Workload,
        },
        sponsor: identity.sponsor.clone(),
        groups: identity.groups.clone(),
    }
}

fn milliseconds(microseconds: i64) -> u64 {
    u64::try_from(microseconds / 1000).unwrap_or(0)
}
