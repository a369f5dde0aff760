use super::*;

#[test]
fn all_that_a_world_exports_is_told_of() {
    let text = telling(Path::new("../policy.js"), World::Masker);
    assert!(text.contains(r#"import { plugin as itself, planMasking as planMaskingItself, inspect as inspectItself } from "../policy.js";"#), "{text}");
    assert!(text.contains("export const planMasking = told(planMaskingItself, false);\n"), "{text}");
    assert!(telling(Path::new("../policy.js"), World::Notifier).contains("export const notify = told(notifyItself, true);\n"));
}
