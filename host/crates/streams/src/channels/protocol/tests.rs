use super::*;

#[test]
fn the_client_s_first_that_is_taken_is_chosen() {
    let cases: &[(&[&str], &[Protocol], Option<Protocol>)] = &[
        (&["v5.channel.k8s.io", "v4.channel.k8s.io"], &Protocol::WEBSOCKET, Some(Protocol::V5)),
        (&["v4.channel.k8s.io", "v5.channel.k8s.io"], &Protocol::WEBSOCKET, Some(Protocol::V4)),
        (&["v9.channel.k8s.io", "base64.channel.k8s.io"], &Protocol::WEBSOCKET, Some(Protocol::V1Base64)),
        (&["v4.base64.channel.k8s.io"], &Protocol::WEBSOCKET, Some(Protocol::V4Base64)),
        (&["v3.channel.k8s.io", "v2.channel.k8s.io"], &Protocol::WEBSOCKET, None),
        (&["v5.channel.k8s.io", "v3.channel.k8s.io", "v4.channel.k8s.io"], &Protocol::SPDY, Some(Protocol::V3)),
        (&["channel.k8s.io"], &Protocol::SPDY, None),
        (&["V4.channel.k8s.io", " v4.channel.k8s.io", "v4.channel.k8s.io,", ""], &Protocol::SPDY, None),
        (&[], &Protocol::WEBSOCKET, None),
    ];
    for (offered, taken, chosen) in cases {
        assert_eq!(Protocol::choose(offered.iter().copied(), taken), *chosen, "{offered:?}");
    }
}
