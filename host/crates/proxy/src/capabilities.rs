//! What policies may reach of the gateway besides a request's body: its cluster and its counts. Granting is [`policy`]'s affair; this carries out what was
//! granted, for one request at a time.

mod counts;
mod reads;

use std::sync::Arc;

use kube_request::KubeRequest;
use policy::Surroundings;

pub use counts::{Counts, Tab};
pub use reads::Reads;

use crate::connection::Connection;
use crate::gateway::{Caller, Gateway};

/// What policies may reach while they judge a request that is to be forwarded, and the tab of what they charge. A dry run changes nothing, so it is
/// charged nothing: it learns what fits.
pub fn around(gateway: &Gateway, connection: &Arc<Connection>, caller: &Caller, request: &KubeRequest) -> (Surroundings, Tab) {
    if request.dry_run {
        return (supposed(gateway, connection, caller), Tab::empty());
    }
    let (counter, tab) = gateway.counts.open();
    (Surroundings { cluster: Some(gateway.reads.of(connection, caller)), counter: Some(counter), now: None }, tab)
}

/// The same for a request that is not made, only asked about.
pub fn supposed(gateway: &Gateway, connection: &Arc<Connection>, caller: &Caller) -> Surroundings {
    Surroundings { cluster: Some(gateway.reads.of(connection, caller)), counter: Some(gateway.counts.supposed()), now: None }
}
