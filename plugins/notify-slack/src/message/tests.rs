use super::*;

fn approval(command: &str, purpose: &str) -> Approval {
    Approval::of(&notice(command, purpose)).expect("an approval")
}

fn notice(command: &str, purpose: &str) -> Notice {
    let approval = json!({"id": "apr-1", "requester": "devin", "sponsor": "bob", "purpose": purpose, "command": command, "connection": "demo",
        "rule": "deny-list/deletes", "needed": 2, "approved_by": ["alice"], "expires": "2026-11-28T09:15:00.000000Z"});
    Notice { id: "ntf-1".into(), occasion: Occasion::Requested, approval: approval.to_string(), url: "https://gate.test/approvals/apr-1?a=1&b=2".into() }
}

/// What Slack's reference says of each part of a message.
fn is_within_slacks_limits(message: &Value) {
    let length = |value: &Value| value.as_str().expect("a text").chars().count();
    assert!(length(&message["text"]) <= 4000);
    let blocks = message["blocks"].as_array().expect("blocks");
    assert!(blocks.len() <= 50);
    for block in blocks {
        match block["type"].as_str() {
            Some("header") => assert!(block["text"]["type"] == "plain_text" && (1..=150).contains(&length(&block["text"]["text"]))),
            Some("section") => {
                assert!(block.get("text").is_some() || block.get("fields").is_some());
                if let Some(text) = block.get("text") {
                    assert!(text["type"] == "mrkdwn" && (1..=3000).contains(&length(&text["text"])));
                }
                let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
                assert!(fields.len() <= 10 && fields.iter().all(|field| (1..=2000).contains(&length(&field["text"]))));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_message_has_the_command_who_why_and_a_link() {
    let (command, purpose) = ("kubectl delete deployment web -n shop", "mend the shop");
    let message = message(&approval(command, purpose), &notice(command, purpose));
    is_within_slacks_limits(&message);
    assert_eq!(message["text"], "devin wants to run `kubectl delete deployment web -n shop` on demo for \"mend the shop\" (rule deny-list/deletes)");
    let texts: Vec<&str> = message["blocks"].as_array().expect("blocks").iter().filter_map(|block| block["text"]["text"].as_str()).collect();
    assert_eq!(
        texts,
        ["devin wants an approval on demo", "```kubectl delete deployment web -n shop```", "<https://gate.test/approvals/apr-1?a=1&amp;b=2|Answer it>"]
    );
    let fields: Vec<&str> = message["blocks"][2]["fields"].as_array().expect("fields").iter().filter_map(|field| field["text"].as_str()).collect();
    assert_eq!(fields[0], "*Who*\ndevin for bob");
    assert!(fields.contains(&"*Why*\nmend the shop"));
}

#[test]
fn what_an_agent_wrote_mentions_nobody_and_leads_nowhere() {
    let (command, purpose) = ("kubectl annotate pod web a=```<!channel>``` & <https://evil.test|Approve>", "<!here> see <@U123>\nand more");
    let message = message(&approval(command, purpose), &notice(command, purpose));
    is_within_slacks_limits(&message);
    let command = message["blocks"][1]["text"]["text"].as_str().expect("a text");
    assert_eq!(command.matches("```").count(), 2, "only the block's own: {command}");
    assert!(command.contains("&lt;!channel&gt;") && command.contains(" &amp; &lt;https://evil.test|Approve&gt;"), "{command}");
    let all = message.to_string();
    assert!(!all.contains("<!") && !all.contains("<@") && all.matches('<').count() == 1, "only the gateway's own link: {all}");
    assert!(message["blocks"].as_array().expect("blocks").iter().all(|block| block["text"]["type"] != "mrkdwn" || block["text"]["verbatim"] == true));
}

#[test]
fn long_texts_are_cut_to_slacks_lengths() {
    for long in ["x".repeat(10_000), "<".repeat(10_000), "`".repeat(10_000), "&<>".repeat(4_000), "ü".repeat(10_000)] {
        let message = message(&approval(&long, &long), &notice(&long, &long));
        is_within_slacks_limits(&message);
        let command = message["blocks"][1]["text"]["text"].as_str().expect("a text");
        assert!(command.ends_with("…```") && command.chars().count() > 2900, "{}", command.chars().count());
    }
}
