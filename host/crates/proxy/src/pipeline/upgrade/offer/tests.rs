use super::*;
use kube_request::Head;

const KEY: (&str, &[u8]) = ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==");

fn offer(subresource: &str, upgrade: &str, fields: &[(&str, &[u8])]) -> Result<Offer, Refusal> {
    let mut headers: Vec<(&str, &[u8])> = vec![("connection", b"Upgrade"), ("upgrade", upgrade.as_bytes())];
    headers.extend(fields);
    let target = format!("/api/v1/namespaces/shop/pods/web/{subresource}?command=sh");
    let method = if upgrade == "websocket" { "GET" } else { "POST" };
    Offer::of(&KubeRequest::parse(&Head { method, target: &target, headers: &headers }).expect("a request"))
}

#[test]
fn the_best_version_is_taken_whatever_the_order() {
    for (subresource, upgrade, field, offered, expected) in [
        ("exec", "websocket", "sec-websocket-protocol", "v5.channel.k8s.io", (CHANNELS_V5, Talk::Command)),
        ("exec", "websocket", "sec-websocket-protocol", "channel.k8s.io, v4.channel.k8s.io, v5.channel.k8s.io", (CHANNELS_V5, Talk::Command)),
        ("attach", "websocket", "sec-websocket-protocol", "v4.channel.k8s.io", (CHANNELS_V4, Talk::Command)),
        ("exec", "SPDY/3.1", "x-stream-protocol-version", "v4.channel.k8s.io", (CHANNELS_V4, Talk::Command)),
        ("portforward", "websocket", "sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io", (FORWARD_TUNNEL, Talk::Streams)),
        ("portforward", "websocket", "sec-websocket-protocol", "v4.channel.k8s.io", (CHANNELS_V4, Talk::Channels)),
        ("portforward", "SPDY/3.1", "x-stream-protocol-version", "portforward.k8s.io", (FORWARD_STREAMS, Talk::Streams)),
    ] {
        let found = offer(subresource, upgrade, &[KEY, (field, offered.as_bytes())]).expect(offered);
        assert_eq!((found.protocol, found.talk), expected, "{subresource} {offered}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_what_is() {
    for (subresource, upgrade, field, offered, named) in [
        ("exec", "websocket", "sec-websocket-protocol", "base64.channel.k8s.io", "v5.channel.k8s.io or v4.channel.k8s.io"),
        ("exec", "websocket", "sec-websocket-protocol", "v3.channel.k8s.io", "v5.channel.k8s.io"),
        ("exec", "SPDY/3.1", "x-stream-protocol-version", "v3.channel.k8s.io", "v4.channel.k8s.io"),
        ("exec", "websocket", "sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io", "v5.channel.k8s.io"),
        ("portforward", "SPDY/3.1", "x-stream-protocol-version", "v4.channel.k8s.io", "portforward.k8s.io"),
    ] {
        let refused = offer(subresource, upgrade, &[KEY, (field, offered.as_bytes())]).expect_err(offered);
        assert!(refused.code == 400 && refused.message.contains(named), "{offered}: {}", refused.message);
    }
    assert!(offer("exec", "SPDY/3.1", &[]).is_err(), "no version at all");
}

#[test]
fn a_websocket_needs_a_key_of_sixteen_bytes() {
    let protocol: (&str, &[u8]) = ("sec-websocket-protocol", b"v5.channel.k8s.io");
    for key in [&[][..], &[("sec-websocket-key", b"c2hvcnQ=".as_slice())], &[("sec-websocket-key", b"not base64!".as_slice())]] {
        let fields: Vec<_> = key.iter().copied().chain([protocol]).collect();
        assert!(offer("exec", "websocket", &fields).is_err(), "{key:?}");
    }
}

#[test]
fn the_cluster_is_asked_as_the_client_asked_and_then_the_other_way() {
    let carriers = |offer: Offer| offer.to_cluster().iter().map(|offer| (offer.carrier, offer.protocol)).collect::<Vec<_>>();
    let command = Offer { carrier: Carrier::WebSocket, protocol: CHANNELS_V4, talk: Talk::Command };
    assert_eq!(carriers(command), [(Carrier::WebSocket, CHANNELS_V4), (Carrier::Spdy, CHANNELS_V4)]);
    let forward = Offer { carrier: Carrier::Spdy, protocol: FORWARD_STREAMS, talk: Talk::Streams };
    assert_eq!(carriers(forward), [(Carrier::Spdy, FORWARD_STREAMS), (Carrier::WebSocket, FORWARD_TUNNEL)]);
    let channels = Offer { carrier: Carrier::WebSocket, protocol: CHANNELS_V4, talk: Talk::Channels };
    assert_eq!(carriers(channels).len(), 1);
}
