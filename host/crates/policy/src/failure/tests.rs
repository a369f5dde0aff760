use super::*;

#[test]
fn sentences() {
    let failure = |cause| Failure { plugin: "x".into(), cause }.to_string();
    assert_eq!(
        failure(FailureCause::Deadline(Duration::from_millis(50))),
        "the policy plugin `x` did not answer within its 50ms; ask the gateway's operator to look at it"
    );
    assert_eq!(failure(FailureCause::Panicked(Some("index 5".into()))), "the policy plugin `x` panicked: index 5; ask the gateway's operator to look at it");
    assert_eq!(failure(FailureCause::Panicked(None)), "the policy plugin `x` panicked; ask the gateway's operator to look at it");
}
