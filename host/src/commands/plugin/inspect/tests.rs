use serde_json::json;

#[test]
fn a_schema_is_a_short_table() {
    let schema = json!({
        "properties": {
            "most": { "type": "integer", "description": "The most replicas.\n\nMore." },
            "rules": { "type": "array", "items": { "$ref": "#/$defs/Rule" }, "description": "What is refused." },
            "again": { "$ref": "#" },
        },
        "required": ["most"],
        "$defs": { "Rule": { "type": "object", "properties": { "rule": { "type": ["string", "null"] } } } }
    });
    let table = super::schema(&schema);
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "KEY            TYPE             REQUIRED   WHAT IT IS");
    assert!(lines.contains(&"most           integer          yes        The most replicas."), "{table}");
    assert!(lines.contains(&"rules          list of object              What is refused."), "{table}");
    assert!(lines.contains(&"rules[].rule   string"), "{table}");
}
