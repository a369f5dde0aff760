use super::*;

#[test]
fn a_capability_is_imported_by_any_form_of_the_statement() {
    for source in [
        "from wit_world.imports import clock",
        "from wit_world.imports import log, clock",
        "from wit_world.imports import (\n    log,\n    clock,\n)",
        "from wit_world.imports.clock import now",
        "import wit_world.imports.clock as time",
    ] {
        assert!(imports(source, "clock"), "{source}");
        assert!(!imports(source, "cluster"), "{source}");
    }
}

#[test]
fn a_word_elsewhere_is_no_import() {
    for source in ["clock = 1", "from wit_world.imports import log\nclock = log", "from wit_world.imports.types import Facts # no clock_now"] {
        assert!(!imports(source, "clock"), "{source}");
    }
}

#[test]
fn all_that_a_world_exports_is_told_of() {
    let text = telling(World::Masker);
    assert!(text.contains("class WitWorld(policy.WitWorld):\n    plan_masking = told(policy.WitWorld.plan_masking)\n    inspect = told(policy.WitWorld.inspect)\n"), "{text}");
    assert!(telling(World::AuditSink).contains("deliver = told(policy.WitWorld.deliver, fails=True)"));
}
